// Mouse, fingers and keys on the canvas.

const fingers = new Map(), TAP = 4;
let drag = null;

const LOUPE = 60, CLOSER = 2;

function onStage(event) {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function inside({ x, y }) {
  const box = rect();
  return x >= box.x - 1 && y >= box.y - 1 && x <= box.x + box.width + 1 && y <= box.y + box.height + 1;
}

// Dots.

function add(at) {
  const hint = { x: at.x, y: at.y, size };
  const colour = next === "true" ? trueColour(at) : next;
  if (colour) remember(hint.colour = colour);
  place = at;
  change([...hints, hint], hints.length);
}

function remove(...numbers) {
  const left = hints.filter((_, number) => !numbers.includes(number));
  if (left.length < hints.length) change(left, -1);
}

function select(number) {
  selected = number;
  if (number >= 0) {
    place = { x: hints[number].x, y: hints[number].y };
    size = hints[number].size ?? 0.03;
    find(".size").value = 100 * size;
    send();
  } else {
    released = sent;
    describe();
  }
  draw();
}

// The eraser takes the dots that it touches; letting go makes it one step.
function eraseAt(at) {
  const box = rect(), reach = 10, longer = Math.max(box.width, box.height);
  hints = hints.filter((hint) => {
    const half = (hint.size ?? 0.03) * longer / 2 + reach;
    return Math.abs(box.x + hint.x * box.width - at.x) > half || Math.abs(box.y + hint.y * box.height - at.y) > half;
  });
  selected = -1;
  drawMarks();
}

function settle(before) {
  const list = hints;
  hints = before;
  if (JSON.stringify(list) === JSON.stringify(before)) return draw();
  change(list, selected);
}

// Under a finger nothing is seen: what lies there is shown above it.
function magnify(at) {
  loupe.hidden = !at;
  if (!at) return;
  const ratio = picture.width / stage.clientWidth, context = loupe.getContext("2d"), side = loupe.width / CLOSER * ratio;
  context.fillStyle = "#000";
  context.fillRect(0, 0, loupe.width, loupe.height);
  context.drawImage(picture, at.x * ratio - side / 2, at.y * ratio - side / 2, side, side, 0, 0, loupe.width, loupe.height);
  for (const [width, ink] of [[4, "#000"], [2, "#fff"]]) {
    Object.assign(context, { lineWidth: width, strokeStyle: ink });
    context.strokeRect(LOUPE - 7, LOUPE - 7, 14, 14);
  }
  loupe.style.left = `${clamp(at.x - LOUPE, 0, stage.clientWidth - 2 * LOUPE)}px`;
  loupe.style.top = `${at.y - 2 * LOUPE - 40 < 0 ? at.y + 40 : at.y - 2 * LOUPE - 40}px`;
}

const span = ([a, b]) => ({ apart: Math.hypot(a.x - b.x, a.y - b.y) || 1, x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

stage.addEventListener("pointerdown", (event) => {
  if (!photo || opening || tool === "paint" || event.button > 1) return;
  const at = onStage(event), touched = picking || tool === "erase" ? null : event.target.closest(".dot");
  fingers.set(event.pointerId, at);
  stage.setPointerCapture(event.pointerId);
  if (fingers.size === 2) {
    if (drag?.before) hints = drag.before;
    drawLasso(null);
    drag = { kind: "pinch", ...span([...fingers.values()]) };
    return magnify(null);
  }
  const finger = event.pointerType === "touch";
  if (touched && !event.button) {
    const number = Number(touched.dataset.number), middle = onPicture(at);
    drag = { kind: "dot", number, finger, moved: false, before: hints, dx: hints[number].x - middle.x, dy: hints[number].y - middle.y, from: at };
  } else if (tool === "erase" && !event.button) {
    drag = { kind: "erase", before: hints };
    eraseAt(at);
  } else if (tool === "area" && !picking && !event.button) {
    drag = { kind: "lasso", moved: false, from: at, path: [onPicture(at)], more: event.shiftKey };
  } else {
    drag = { kind: "tap", finger, moved: false, from: at, x: view.x, y: view.y, pan: Boolean(event.button) };
    if (finger) magnify(at);
  }
});

stage.addEventListener("pointermove", (event) => {
  if (!drag || !fingers.has(event.pointerId)) return;
  const at = onStage(event);
  fingers.set(event.pointerId, at);
  if (drag.kind === "pinch") {
    if (fingers.size < 2) return;
    const now = span([...fingers.values()]);
    zoomAt(now.apart / drag.apart, now.x, now.y);
    look(view.zoom, view.x + now.x - drag.x, view.y + now.y - drag.y);
    drag = { kind: "pinch", ...now };
    return;
  }
  if (drag.kind === "erase") return eraseAt(at);
  drag.moved ||= Math.hypot(at.x - drag.from.x, at.y - drag.from.y) > TAP;
  if (!drag.moved) return;
  if (drag.kind === "lasso") {
    drag.path.push(onPicture(at));
    drawLasso(drag.path);
  } else if (drag.kind === "dot") {
    const { x, y } = onPicture(at);
    hints = hints.map((hint, number) => (number === drag.number ? { ...hint, x: clamp(x + drag.dx, 0, 1), y: clamp(y + drag.dy, 0, 1) } : hint));
    selected = drag.number;
    drawMarks();
    if (drag.finger) magnify(at);
  } else if (drag.finger) magnify(at);
  else look(view.zoom, drag.x + at.x - drag.from.x, drag.y + at.y - drag.from.y);
});

stage.addEventListener("pointerup", (event) => {
  const at = onStage(event), done = drag;
  fingers.delete(event.pointerId);
  magnify(null);
  if (!done || done.kind === "pinch") { if (!fingers.size) drag = null; return; }
  drag = null;
  if (done.kind === "erase") return settle(done.before);
  if (done.kind === "lasso") {
    drawLasso(null);
    if (done.moved) surround(done.path, done.more);
    else if (inside(at)) askForArea(onPicture(at), done.more);
    return;
  }
  if (done.kind === "dot") {
    if (!done.moved) return select(done.number);
    return settle(done.before);
  }
  // A finger places its dot where it is lifted, a mouse only where it did not pull the photo.
  if (done.pan || (done.moved && !done.finger) || !inside(at)) return;
  if (picking) {
    const colour = trueColour(onPicture(at));
    pick(false);
    choose(colour);
  } else add(onPicture(at));
});

stage.addEventListener("pointercancel", (event) => {
  fingers.delete(event.pointerId);
  if (drag?.before) hints = drag.before;
  drag = null;
  magnify(null);
  drawLasso(null);
  draw();
});

stage.addEventListener("contextmenu", (event) => {
  event.preventDefault();
  const dot = event.target.closest(".dot");
  if (dot) remove(Number(dot.dataset.number));
});

// The sketch, when it is there, would take the wheel for itself.
stage.addEventListener("wheel", (event) => {
  if (!photo) return;
  event.preventDefault();
  event.stopPropagation();
  const { x, y } = onStage(event);
  if (event.shiftKey || (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) > Math.abs(event.deltaY))) look(view.zoom, view.x - event.deltaX - event.deltaY, view.y);
  else zoomAt(Math.exp(-event.deltaY / 400), x, y);
}, { passive: false, capture: true });

// The divider of the split view.

function splitTo(share) {
  splitAt = clamp(share, 0, 1);
  draw();
}

divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
divider.addEventListener("pointermove", (event) => {
  if (divider.hasPointerCapture(event.pointerId)) splitTo(onStage(event).x / stage.clientWidth);
});
divider.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
  if (!step) return;
  event.preventDefault();
  splitTo(splitAt + step);
});

// Keys on the canvas. Dots moved by arrow keys are told once they rest.

let unmoved = null, rests = 0;

function nudge(by) {
  place = { x: clamp(spot().x + by[0], 0, 1), y: clamp(spot().y + by[1], 0, 1) };
  if (selected >= 0) {
    unmoved ??= hints;
    hints = hints.map((hint, number) => (number === selected ? { ...hint, ...place } : hint));
    clearTimeout(rests);
    rests = setTimeout(rest, 300);
  } else tell(say(words.cursor, { x: percent(place.x), y: percent(place.y) }));
  draw();
}

function rest() {
  clearTimeout(rests);
  if (!unmoved) return;
  const before = unmoved;
  unmoved = null;
  settle(before);
}

stage.addEventListener("keydown", (event) => {
  if (!photo || event.ctrlKey || event.metaKey || event.altKey || !stage.isSameNode(event.target)) return;
  const step = event.shiftKey ? 0.05 : 0.01;
  const arrow = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  const turn = { "[": -1, PageUp: -1, "]": 1, PageDown: 1 }[event.key];
  if (!arrow) rest();
  if (arrow) nudge(arrow);
  else if (event.key === "Enter" || event.key === " ") {
    if (area) takeArea(area.colour);
    else if (tool === "area") askForArea(place, false);
    else if (selected < 0) add(place);
    else select(-1);
  } else if (event.key === "Delete" || event.key === "Backspace") remove(selected);
  else if (event.key === "Escape") {
    if (picking) pick(false);
    if (area) letGo();
    else select(-1);
  }
  else if (turn) {
    if (hints.length) select(selected < 0 ? (turn > 0 ? 0 : hints.length - 1) : (selected + turn + hints.length) % hints.length);
  } else if (event.key === "+" || event.key === "=") zoomAtSpot(1.5);
  else if (event.key === "-") zoomAtSpot(1 / 1.5);
  else if (event.key === "0") look(1, 0, 0);
  else return;
  event.preventDefault();
});
for (const name of ["focus", "blur"]) stage.addEventListener(name, draw);
