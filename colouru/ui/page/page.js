// What every button does, and the page's beginning.

const commands = {
  open: () => find(".file").click(),
  undo: () => revise(past, future),
  redo: () => revise(future, past),
  clear: () => hints.length && change([], -1),
  several: () => (isGallery() ? leaveGallery() : showGallery()),
  "add-photos": () => find(".photos").click(),
  "download-all": downloadAll,
  "forget-all": emptyGallery,
  "zoom-in": () => zoomAtSpot(1.5),
  "zoom-out": () => zoomAtSpot(1 / 1.5),
  fit: () => look(1, 0, 0),
  delete: () => remove(selected),
  pick: () => pick(!picking),
  reference: () => find(".reference-file").click(),
  "close-reference": () => { find(".reference-box").hidden = true; },
  "for-next": () => select(-1),
  likeliest: () => { next = null; draw(); },
  "true-colour": () => { next = "true"; draw(); },
  advise: () => { advising = !advising; send(); draw(); },
  doubt: () => { doubting = !doubting; send(); draw(); },
  "take-area": () => takeArea(area?.colour),
  "keep-grey": () => takeArea("#808080"),
  "let-go": letGo,
  reset: () => saturate(1),
  continue: reopen,
  forget,
  "random-dots": randomTrueDots,
  "curve-file": curveFile,
};

function drawButtons() {
  find(".undo").disabled = !past.length;
  find(".redo").disabled = !future.length;
  find(".clear").disabled = !hints.length;
  find(".advise").setAttribute("aria-pressed", String(advising));
  find(".unsure").setAttribute("aria-pressed", String(doubting));
  for (const name of [".advise", ".unsure"]) find(name).hidden = !photo?.guidance;
  find("[data-view=original]").hidden = !photo?.original;
  if (tool === "paint") colourBrush();
  const count = gallery.length;
  find("[data-do=several]").textContent = isGallery() ? (photo ? words.back : words.close) : count ? say(words.several_kept, { count }) : words.several;
  app.classList.toggle("has-gallery", count > 0);
}

function closeMenus(except = null) {
  for (const button of findAll("[data-menu]")) {
    if (button === except) continue;
    button.setAttribute("aria-expanded", "false");
    find(`.${button.dataset.menu}-menu`).hidden = true;
  }
}

function toggleMenu(button) {
  const menu = find(`.${button.dataset.menu}-menu`);
  menu.hidden = !menu.hidden;
  button.setAttribute("aria-expanded", String(!menu.hidden));
  menu.querySelector("button")?.focus();
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  closeMenus(button?.dataset.menu ? button : null);
  if (!button) return;
  const { do: what, menu, view: name, tool: taken, network: shown, kind, example } = button.dataset;
  if (what) commands[what]();
  else if (menu) toggleMenu(button);
  else if (name) { setView(name); keepWork(); }
  else if (taken) takeUp(taken);
  else if (shown) { network = shown; keepWork(); draw(); }
  else if (kind) download(kind);
  else if (example !== undefined && mayDrop()) open({ name: pairs[example].name, example: Number(example) });
});

find(".file").addEventListener("change", (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  openFiles(files);
});

// Dropped and pasted photos and Ctrl+Z, wherever the pointer is; in a text box paste and undo are the text's.

const writing = () => document.activeElement?.matches?.("input[type=text], textarea");

window.addEventListener("dragover", (event) => event.preventDefault());
window.addEventListener("drop", (event) => {
  event.preventDefault();
  event.stopPropagation();
  openFiles([...event.dataTransfer.files]);
}, true);
window.addEventListener("paste", (event) => openFiles([...(event.clipboardData?.files ?? [])]));
window.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
  if (writing() || isGallery()) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
    event.preventDefault();
    event.stopPropagation();
    rest();
    commands[key === "y" || event.shiftKey ? "redo" : "undo"]();
  } else if (key === "g" && !event.ctrlKey && !event.metaKey && !event.altKey) hold(true);
}, true);
window.addEventListener("keyup", (event) => { if (event.key.toLowerCase() === "g") hold(false); });
find(".hold").addEventListener("pointerdown", () => hold(true));
for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) find(".hold").addEventListener(name, () => hold(false));
find(".hold").addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") hold(true); });
find(".hold").addEventListener("keyup", () => hold(false));

// Downloads: the button that was pressed says that it is at work.

function download(kind) {
  closeMenus();
  find(".download").classList.add("busy");
  find(".download").disabled = true;
  window.colouruOutbox.download = { ...message(), kind };
  trigger("download");
}

window.addEventListener("colouru-downloaded", () => {
  find(".download").classList.remove("busy");
  find(".download").disabled = false;
});
// The beginning.

let pairs = [];

async function showExamples() {
  pairs = (await server.example_pictures()) ?? [];
  find(".pairs").replaceChildren(...pairs.map(({ name, picture: url }, number) => {
    const button = make("button", "pair", { type: "button", title: say(words.example, { name }) });
    button.dataset.example = number;
    button.append(make("img", "", { src: url, alt: say(words.example, { name }) }));
    return button;
  }));
  find(".examples-menu").replaceChildren(...pairs.map(({ name }, number) => {
    const button = make("button", "", { type: "button", textContent: name });
    button.dataset.example = number;
    return button;
  }));
}

app.lang = language;
for (const node of findAll("[data-word]")) node.textContent = words[node.dataset.word];
for (const node of findAll("[data-title]")) { node.title = words[node.dataset.title]; if (!node.dataset.word) node.setAttribute("aria-label", node.title); }
for (const node of findAll("[data-hint]")) node.placeholder = words[node.dataset.hint];
for (const node of findAll("[data-label]")) node.setAttribute("aria-label", words[node.dataset.label]);
for (const node of findAll(".footer")) node.textContent = say(words.footer, { source: props.source });

watch("value", receive);
offer();
keptGallery().then((found) => { gallery = [...found, ...gallery]; drawButtons(); });
showExamples();
whenReady();
drawButtons();
