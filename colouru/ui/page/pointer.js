// Mouse, touch and keys on the canvas.

// The position of each pressed pointer on the stage, by its id.
const pointers = new Map();

// In CSS pixels: how far a pointer may move for a tap, the radius of the loupe, and the eraser's reach beyond a dot.
const TAP_DISTANCE = 4;
const LOUPE_RADIUS = 60;
const ERASER_REACH = 10;
const LOUPE_ZOOM = 2;

function stagePoint(event) {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function isOnPhoto({ x, y }) {
  const box = photoRect();
  return x >= box.x - 1 && y >= box.y - 1 && x <= box.x + box.width + 1 && y <= box.y + box.height + 1;
}

// Dots.

function addDot(at) {
  const hint = { x: at.x, y: at.y, size: state.dotSize };
  const colour = state.pendingColour === "true" ? originalColourAt(at) : state.pendingColour;
  if (colour) rememberColour((hint.colour = colour));
  state.cursorAt = at;
  commit([...state.hints, hint], state.hints.length);
}

function removeHints(...numbers) {
  const left = state.hints.filter((_, number) => !numbers.includes(number));
  if (left.length < state.hints.length) commit(left, -1);
}

function selectHint(number) {
  state.selected = number;
  if (number >= 0) {
    state.cursorAt = { x: state.hints[number].x, y: state.hints[number].y };
    state.dotSize = state.hints[number].size ?? props.constants.hint_size;
    query(".size").value = 100 * state.dotSize;
    sendEdit();
  } else {
    state.deselectedStamp = state.sentStamp;
    describeState();
  }
  draw();
}

// Erase the dots near a point of the stage; the whole gesture becomes one step of undo when it ends.
function eraseAt(at) {
  const box = photoRect();
  const longer = Math.max(box.width, box.height);
  state.hints = state.hints.filter((hint) => {
    const half = ((hint.size ?? props.constants.hint_size) * longer) / 2 + ERASER_REACH;
    return Math.abs(box.x + hint.x * box.width - at.x) > half || Math.abs(box.y + hint.y * box.height - at.y) > half;
  });
  state.selected = -1;
  drawMarks();
}

// Make what a gesture has done to the hints one step of undo.
function commitSince(before) {
  const list = state.hints;
  state.hints = before;
  if (JSON.stringify(list) === JSON.stringify(before)) return draw();
  commit(list, state.selected);
}

// A finger hides what it touches, so a loupe shows it above the finger.
function drawLoupe(at) {
  loupe.hidden = !at;
  if (!at) return;
  const ratio = picture.width / stage.clientWidth;
  const context = loupe.getContext("2d");
  const side = (loupe.width / LOUPE_ZOOM) * ratio;
  context.fillStyle = "#000";
  context.fillRect(0, 0, loupe.width, loupe.height);
  context.drawImage(
    picture,
    at.x * ratio - side / 2,
    at.y * ratio - side / 2,
    side,
    side,
    0,
    0,
    loupe.width,
    loupe.height,
  );
  for (const [width, ink] of [
    [4, "#000"],
    [2, "#fff"],
  ]) {
    Object.assign(context, { lineWidth: width, strokeStyle: ink });
    context.strokeRect(LOUPE_RADIUS - 7, LOUPE_RADIUS - 7, 14, 14);
  }
  loupe.style.left = `${clamp(at.x - LOUPE_RADIUS, 0, stage.clientWidth - 2 * LOUPE_RADIUS)}px`;
  loupe.style.top = `${at.y - 2 * LOUPE_RADIUS - 40 < 0 ? at.y + 40 : at.y - 2 * LOUPE_RADIUS - 40}px`;
}

const pinchOf = ([a, b]) => ({ apart: Math.hypot(a.x - b.x, a.y - b.y) || 1, x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

stage.addEventListener("pointerdown", (event) => {
  if (!state.photo || state.opening || state.tool === "paint" || event.button > 1) return;
  const at = stagePoint(event);
  const touched = state.picking || state.tool === "erase" ? null : event.target.closest(".dot");
  pointers.set(event.pointerId, at);
  stage.setPointerCapture(event.pointerId);
  if (pointers.size === 2) {
    if (state.drag?.before) state.hints = state.drag.before;
    drawLasso(null);
    state.drag = { kind: "pinch", ...pinchOf([...pointers.values()]) };
    return drawLoupe(null);
  }
  const finger = event.pointerType === "touch";
  if (touched && !event.button) {
    const number = Number(touched.dataset.number);
    const middle = toPhoto(at);
    state.drag = {
      kind: "dot",
      number,
      finger,
      moved: false,
      before: state.hints,
      dx: state.hints[number].x - middle.x,
      dy: state.hints[number].y - middle.y,
      from: at,
    };
  } else if (state.tool === "erase" && !event.button) {
    state.drag = { kind: "erase", before: state.hints };
    eraseAt(at);
  } else if (state.tool === "area" && !state.picking && !event.button) {
    state.drag = { kind: "lasso", moved: false, from: at, path: [toPhoto(at)], extend: event.shiftKey };
  } else {
    state.drag = {
      kind: "tap",
      finger,
      moved: false,
      from: at,
      x: state.viewport.x,
      y: state.viewport.y,
      pan: Boolean(event.button),
    };
    if (finger) drawLoupe(at);
  }
});

stage.addEventListener("pointermove", (event) => {
  if (!state.drag || !pointers.has(event.pointerId)) return;
  const at = stagePoint(event);
  pointers.set(event.pointerId, at);
  if (state.drag.kind === "pinch") {
    if (pointers.size < 2) return;
    const now = pinchOf([...pointers.values()]);
    zoomAt(now.apart / state.drag.apart, now.x, now.y);
    setViewport(state.viewport.zoom, state.viewport.x + now.x - state.drag.x, state.viewport.y + now.y - state.drag.y);
    state.drag = { kind: "pinch", ...now };
    return;
  }
  if (state.drag.kind === "erase") return eraseAt(at);
  state.drag.moved ||= Math.hypot(at.x - state.drag.from.x, at.y - state.drag.from.y) > TAP_DISTANCE;
  if (!state.drag.moved) return;
  if (state.drag.kind === "lasso") {
    state.drag.path.push(toPhoto(at));
    drawLasso(state.drag.path);
  } else if (state.drag.kind === "dot") {
    const { x, y } = toPhoto(at);
    state.hints = state.hints.map((hint, number) =>
      number === state.drag.number
        ? { ...hint, x: clamp(x + state.drag.dx, 0, 1), y: clamp(y + state.drag.dy, 0, 1) }
        : hint,
    );
    state.selected = state.drag.number;
    drawMarks();
    if (state.drag.finger) drawLoupe(at);
  } else if (state.drag.finger) drawLoupe(at);
  else
    setViewport(state.viewport.zoom, state.drag.x + at.x - state.drag.from.x, state.drag.y + at.y - state.drag.from.y);
});

stage.addEventListener("pointerup", (event) => {
  const at = stagePoint(event);
  const done = state.drag;
  pointers.delete(event.pointerId);
  drawLoupe(null);
  if (!done || done.kind === "pinch") {
    if (!pointers.size) state.drag = null;
    return;
  }
  state.drag = null;
  if (done.kind === "erase") return commitSince(done.before);
  if (done.kind === "lasso") {
    drawLasso(null);
    if (done.moved) encloseLasso(done.path, done.extend);
    else if (isOnPhoto(at)) requestOutline(toPhoto(at), done.extend);
    return;
  }
  if (done.kind === "dot") {
    if (!done.moved) return selectHint(done.number);
    return commitSince(done.before);
  }
  // A finger places its dot where it is lifted; a mouse that moved has panned the photo instead.
  if (done.pan || (done.moved && !done.finger) || !isOnPhoto(at)) return;
  if (state.picking) {
    const colour = originalColourAt(toPhoto(at));
    setPicking(false);
    chooseColour(colour);
  } else addDot(toPhoto(at));
});

stage.addEventListener("pointercancel", (event) => {
  pointers.delete(event.pointerId);
  if (state.drag?.before) state.hints = state.drag.before;
  state.drag = null;
  drawLoupe(null);
  drawLasso(null);
  draw();
});

stage.addEventListener("contextmenu", (event) => {
  event.preventDefault();
  const dot = event.target.closest(".dot");
  if (dot) removeHints(Number(dot.dataset.number));
});

// Captured, because the sketch editor, if it is shown, would handle the wheel itself.
stage.addEventListener(
  "wheel",
  (event) => {
    if (!state.photo) return;
    event.preventDefault();
    event.stopPropagation();
    const { x, y } = stagePoint(event);
    if (event.shiftKey || (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) > Math.abs(event.deltaY)))
      setViewport(state.viewport.zoom, state.viewport.x - event.deltaX - event.deltaY, state.viewport.y);
    else zoomAt(Math.exp(-event.deltaY / 400), x, y);
  },
  { passive: false, capture: true },
);

// The divider of the split view.

function setSplit(share) {
  state.splitAt = clamp(share, 0, 1);
  draw();
}

divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
divider.addEventListener("pointermove", (event) => {
  if (divider.hasPointerCapture(event.pointerId)) setSplit(stagePoint(event).x / stage.clientWidth);
});
divider.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
  if (!step) return;
  event.preventDefault();
  setSplit(state.splitAt + step);
});

// Keys on the canvas. A dot moved by arrow keys is sent when the keys have rested for 0.3 s.

function nudge(by) {
  state.cursorAt = { x: clamp(currentSpot().x + by[0], 0, 1), y: clamp(currentSpot().y + by[1], 0, 1) };
  if (state.selected >= 0) {
    state.hintsBeforeNudge ??= state.hints;
    state.hints = state.hints.map((hint, number) =>
      number === state.selected ? { ...hint, ...state.cursorAt } : hint,
    );
    clearTimeout(state.nudgeTimer);
    state.nudgeTimer = setTimeout(commitNudge, 300);
  } else setStatus(format(words.cursor, { x: percent(state.cursorAt.x), y: percent(state.cursorAt.y) }));
  draw();
}

function commitNudge() {
  clearTimeout(state.nudgeTimer);
  if (!state.hintsBeforeNudge) return;
  const before = state.hintsBeforeNudge;
  state.hintsBeforeNudge = null;
  commitSince(before);
}

stage.addEventListener("keydown", (event) => {
  if (!state.photo || event.ctrlKey || event.metaKey || event.altKey || !stage.isSameNode(event.target)) return;
  const step = event.shiftKey ? 0.05 : 0.01;
  const arrow = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  const turn = { "[": -1, PageUp: -1, "]": 1, PageDown: 1 }[event.key];
  if (!arrow) commitNudge();
  if (arrow) nudge(arrow);
  else if (event.key === "Enter" || event.key === " ") {
    if (state.area) applyArea(state.area.colour);
    else if (state.tool === "area") requestOutline(state.cursorAt, false);
    else if (state.selected < 0) addDot(state.cursorAt);
    else selectHint(-1);
  } else if (event.key === "Delete" || event.key === "Backspace") removeHints(state.selected);
  else if (event.key === "Escape") {
    if (state.picking) setPicking(false);
    if (state.area) dismissArea();
    else selectHint(-1);
  } else if (turn) {
    if (state.hints.length)
      selectHint(
        state.selected < 0
          ? turn > 0
            ? 0
            : state.hints.length - 1
          : (state.selected + turn + state.hints.length) % state.hints.length,
      );
  } else if (event.key === "+" || event.key === "=") zoomAtSpot(1.5);
  else if (event.key === "-") zoomAtSpot(1 / 1.5);
  else if (event.key === "0") setViewport(1, 0, 0);
  else return;
  event.preventDefault();
});
for (const name of ["focus", "blur"]) stage.addEventListener(name, draw);
