// The buttons and their commands, keys and drops anywhere on the page, downloads, and the start.

const commands = {
  open: () => query(".file").click(),
  undo: () => undoRedo(state.past, state.future),
  redo: () => undoRedo(state.future, state.past),
  clear: () => state.hints.length && commit([], -1),
  several: () => (isGalleryOpen() ? leaveGallery() : showGallery()),
  "add-photos": () => query(".photos").click(),
  "download-all": downloadAll,
  "forget-all": emptyGallery,
  "zoom-in": () => zoomAtSpot(1.5),
  "zoom-out": () => zoomAtSpot(1 / 1.5),
  fit: () => setViewport(1, 0, 0),
  delete: () => removeHints(state.selected),
  pick: () => setPicking(!state.picking),
  reference: () => query(".reference-file").click(),
  "close-reference": () => {
    query(".reference-box").hidden = true;
  },
  "for-next": () => selectHint(-1),
  likeliest: () => {
    state.pendingColour = null;
    draw();
  },
  "true-colour": () => {
    state.pendingColour = "true";
    draw();
  },
  advice: () => {
    state.showAdvice = !state.showAdvice;
    sendEdit();
    draw();
  },
  uncertainty: () => {
    state.showUncertainty = !state.showUncertainty;
    sendEdit();
    draw();
  },
  "apply-area": () => applyArea(state.area?.colour),
  "keep-grey": () => applyArea("#808080"),
  "dismiss-area": dismissArea,
  reset: () => setSaturation(1),
  continue: reopenStoredWork,
  forget: forgetStoredWork,
  "random-dots": addRandomDots,
  "curve-file": saveCurve,
};

function drawButtons() {
  query(".undo").disabled = !state.past.length;
  query(".redo").disabled = !state.future.length;
  query(".clear").disabled = !state.hints.length;
  query(".advice").setAttribute("aria-pressed", String(state.showAdvice));
  query(".uncertainty").setAttribute("aria-pressed", String(state.showUncertainty));
  for (const name of [".advice", ".uncertainty"]) query(name).hidden = !state.photo?.guidance;
  query("[data-view=original]").hidden = !state.photo?.original;
  if (state.tool === "paint") colourBrush();
  const count = state.gallery.length;
  query("[data-do=several]").textContent = isGalleryOpen()
    ? state.photo
      ? words.back
      : words.close
    : count
      ? format(words.several_kept, { count })
      : words.several;
  app.classList.toggle("has-gallery", count > 0);
}

function closeMenus(except = null) {
  for (const button of queryAll("[data-menu]")) {
    if (button === except) continue;
    button.setAttribute("aria-expanded", "false");
    query(`.${button.dataset.menu}-menu`).hidden = true;
  }
}

function toggleMenu(button) {
  const menu = query(`.${button.dataset.menu}-menu`);
  menu.hidden = !menu.hidden;
  button.setAttribute("aria-expanded", String(!menu.hidden));
  menu.querySelector("button")?.focus();
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  closeMenus(button?.dataset.menu ? button : null);
  if (!button) return;
  const { do: command, menu, view, tool, network, kind, example } = button.dataset;
  if (command) commands[command]();
  else if (menu) toggleMenu(button);
  else if (view) {
    setView(view);
    storeWork();
  } else if (tool) selectTool(tool);
  else if (network) {
    state.network = network;
    storeWork();
    draw();
  } else if (kind) downloadFile(kind);
  else if (example !== undefined && mayDropHints())
    openPhoto({ name: state.examples[example].name, example: Number(example) });
});

query(".file").addEventListener("change", (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  openFiles(files);
});

// Drop, paste and undo work anywhere on the page, except that in a text box paste and undo are for the text.

const isTyping = () => document.activeElement?.matches?.("input[type=text], textarea");

window.addEventListener("dragover", (event) => event.preventDefault());
window.addEventListener(
  "drop",
  (event) => {
    event.preventDefault();
    event.stopPropagation();
    openFiles([...event.dataTransfer.files]);
  },
  true,
);
window.addEventListener("paste", (event) => openFiles([...(event.clipboardData?.files ?? [])]));
window.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Escape") closeMenus();
    if (isTyping() || isGalleryOpen()) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
      event.preventDefault();
      event.stopPropagation();
      commitNudge();
      commands[key === "y" || event.shiftKey ? "redo" : "undo"]();
    } else if (key === "g" && !event.ctrlKey && !event.metaKey && !event.altKey) holdGrey(true);
  },
  true,
);
window.addEventListener("keyup", (event) => {
  if (event.key.toLowerCase() === "g") holdGrey(false);
});
query(".hold").addEventListener("pointerdown", () => holdGrey(true));
for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"])
  query(".hold").addEventListener(name, () => holdGrey(false));
query(".hold").addEventListener("keydown", (event) => {
  if (event.key === " " || event.key === "Enter") holdGrey(true);
});
query(".hold").addEventListener("keyup", () => holdGrey(false));

// Downloads. The button is busy until Gradio has delivered the file.

function downloadFile(kind) {
  closeMenus();
  query(".download").classList.add("busy");
  query(".download").disabled = true;
  post("download", { ...editRequest(), kind });
}

window.addEventListener("colouru-downloaded", () => {
  query(".download").classList.remove("busy");
  query(".download").disabled = false;
});
// The start.

async function showExamples() {
  state.examples = (await server.example_pictures()) ?? [];
  query(".pairs").replaceChildren(
    ...state.examples.map(({ name, picture: url }, number) => {
      const button = createElement("button", "pair", { type: "button", title: format(words.example, { name }) });
      button.dataset.example = number;
      button.append(createElement("img", "", { src: url, alt: format(words.example, { name }) }));
      return button;
    }),
  );
  query(".examples-menu").replaceChildren(
    ...state.examples.map(({ name }, number) => {
      const button = createElement("button", "", { type: "button", textContent: name });
      button.dataset.example = number;
      return button;
    }),
  );
}

app.lang = language;
for (const node of queryAll("[data-word]")) node.textContent = words[node.dataset.word];
for (const node of queryAll("[data-title]")) {
  node.title = words[node.dataset.title];
  if (!node.dataset.word) node.setAttribute("aria-label", node.title);
}
for (const node of queryAll("[data-placeholder]")) node.placeholder = words[node.dataset.placeholder];
for (const node of queryAll("[data-label]")) node.setAttribute("aria-label", words[node.dataset.label]);
for (const node of queryAll(".footer")) node.textContent = format(words.footer, { source: props.source });

query(".area-note").maxLength = props.constants.max_note;
offerStoredWork();
loadGallery().then((entries) => {
  state.gallery = [...entries, ...state.gallery];
  drawButtons();
});
showExamples();
waitForSketch();
drawButtons();
