// The painting explorer's page: a canvas of numbers, the tools, and the picture that the network makes of it.
// It talks to Python by words alone (base64), so that every notebook front end carries it.

const KEYS = "Arrow keys move the cursor, with Shift by five pixels. Space paints, D keeps the brush down while you " +
  "move, F fills, P picks up what lies under the cursor, minus and plus change the size, Z undoes, Y redoes.";

function element(parent, tag, attributes = {}, text = "") {
  const made = document.createElement(tag);
  made.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab must not take z, f or x for its own
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  parent.append(made);
  return made;
}

const decode = (code) => Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0));
const encode = (cells) => btoa(Array.from(cells, (cell) => String.fromCharCode(cell)).join(""));

/** A round brush along a line; the same rule as labkit.widgets.strokes.brush. */
function brush(cells, side, [x0, y0], [x1, y1], value, size) {
  const reach = Math.max(size / 2, 0.5) + 1e-6, long = Math.max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-12);
  const from = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const to = (a, b) => Math.min(side - 1, Math.ceil(Math.max(a, b) + reach));
  for (let y = from(y0, y1); y <= to(y0, y1); y++) {
    for (let x = from(x0, x1); x <= to(x0, x1); x++) {
      const along = Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / long));
      const dx = x - x0 - along * (x1 - x0), dy = y - y0 - along * (y1 - y0);
      if (dx * dx + dy * dy <= reach * reach) cells[y * side + x] = value;
    }
  }
}

/** All that hangs together with (x, y), over edges; the same rule as labkit.widgets.strokes.fill. */
function fill(cells, side, [x, y], value) {
  const old = cells[y * side + x], todo = [[x, y]];
  if (old === value) return;
  while (todo.length) {
    const [column, row] = todo.pop();
    if (column < 0 || row < 0 || column >= side || row >= side || cells[row * side + column] !== old) continue;
    cells[row * side + column] = value;
    todo.push([column + 1, row], [column - 1, row], [column, row + 1], [column, row - 1]);
  }
}

function render({ model, el }) {
  const side = model.get("side"), parts = model.get("parts"), colours = model.get("colours");
  const values = model.get("values"), number = model.get("number");
  let cells = decode(model.get("canvas")), undone = [], done = [];
  let part = model.get("part"), tool = "brush", size = model.get("size"), cursor = [side / 2, side / 2], down = false;

  const root = element(el, "div", { class: "labkit-paint" });
  const boards = element(root, "div", { class: "boards" });
  const left = element(boards, "figure"), stack = element(left, "div", { class: "stack" });
  const map = element(stack, "canvas", {
    class: "map", width: side, height: side, tabindex: "0", role: "application",
    "aria-label": `${model.get("title")}, ${side} by ${side} pixels`, "aria-describedby": `keys-${number}`,
  });
  const sight = element(stack, "canvas", { class: "sight", width: 8 * side, height: 8 * side, "aria-hidden": "true" });
  element(left, "figcaption", {}, `${model.get("title")}: paint here`);
  const right = element(boards, "figure"), picture = element(right, "img", { alt: "" });
  const caption = element(right, "figcaption");

  const bar = element(root, "div", { class: "bar" });
  const button = (label, about, action) => {
    const made = element(bar, "button", { type: "button", title: about }, label);
    made.addEventListener("click", action);
    return made;
  };
  const choice = (parent, group, value, label, colour, chosen, action) => {
    const box = element(parent, "label", { class: "choice" });
    const input = element(box, "input", { type: "radio", name: `${group}-${number}`, value });
    input.checked = chosen;
    input.addEventListener("change", action);
    if (colour) element(box, "span", { class: "swatch", style: `background:rgb(${colour})` });
    element(box, "span", {}, label);
    return input;
  };
  choice(bar, "tool", "brush", "brush", null, true, () => { tool = "brush"; });
  choice(bar, "tool", "fill", "fill", null, false, () => { tool = "fill"; });
  const sizes = element(element(bar, "label", { class: "choice" }, "size "), "input", {
    type: "range", min: "1", max: String(Math.round(side / 5)), step: "1", value: String(size), "aria-label": "brush size",
  });
  sizes.addEventListener("input", () => { size = Number(sizes.value); tell(); see(); });
  button("undo", "Take the last stroke back (Z)", () => step(done, undone));
  button("redo", "Do it again (Y)", () => step(undone, done));
  button("as it was", "Load what this began with", () => ask("reset"));
  button(model.get("another"), "Load another one", () => ask("another"));
  const group = element(root, "fieldset", { class: "parts" });
  element(group, "legend", {}, "what the brush paints");
  const inputs = parts.map((name, index) =>
    choice(group, "part", String(index), name, colours[index], index === part, () => take(index)));
  element(root, "p", { class: "keys", id: `keys-${number}` }, KEYS);
  const live = element(root, "p", { class: "live", "aria-live": "polite" });

  const colourOf = new Map(values.map((value, index) => [value, colours[index]]));
  const nameOf = (value) => parts[values.indexOf(value)] ?? "grey";
  function draw() {
    const page = map.getContext("2d"), image = page.createImageData(side, side);
    cells.forEach((cell, index) => image.data.set([...(colourOf.get(cell) ?? [cell, cell, cell]), 255], 4 * index));
    page.putImageData(image, 0, 0);
  }
  function see() {
    const page = sight.getContext("2d"), [x, y] = cursor;
    page.clearRect(0, 0, sight.width, sight.height);
    for (const [colour, width] of [["black", 5], ["white", 2]]) {
      page.strokeStyle = colour;
      page.lineWidth = width;
      page.beginPath();
      page.arc(8 * x + 4, 8 * y + 4, 4 * Math.max(size, 1), 0, 2 * Math.PI);
      page.stroke();
    }
  }
  function take(index) {
    part = index;
    inputs[index].checked = true;
    model.set("part", index);
    model.save_changes();
    tell();
  }
  function tell() {
    const [x, y] = cursor.map(Math.round), under = nameOf(cells[y * side + x]);
    live.textContent = `column ${x + 1}, row ${y + 1}: ${under}. Brush: ${parts[part]}, ${size} px${down ? ", down" : ""}.`;
  }

  // One canvas is under way at a time; what is painted meanwhile follows when the answer has come.
  let waiting = null, sent = encode(cells), serial = 0;
  function send() {
    const code = encode(cells);
    if (waiting || code === sent) return;
    sent = code;
    serial += 1;
    waiting = setTimeout(answered, 3000);
    model.set({ painted: code, serial });
    model.save_changes();
  }
  function answered() {
    clearTimeout(waiting);
    waiting = null;
    send();
  }
  function ask(what) {
    model.set({ wish: what, wishes: model.get("wishes") + 1 });
    model.save_changes();
  }
  function remember() {
    done.push(cells.slice());
    if (done.length > 200) done.shift();
    undone = [];
  }
  function step(from, to) {
    if (!from.length) return;
    to.push(cells.slice());
    cells = from.pop();
    draw();
    send();
  }
  function paint(from, to) {
    if (tool === "fill") fill(cells, side, to.map(Math.round), values[part]);
    else brush(cells, side, from, to, values[part], size);
    draw();
    send();
  }

  const place = (event) => {
    const box = map.getBoundingClientRect(), inside = (at) => Math.min(side - 1, Math.max(0, at));
    const along = (at, start, length) => inside(((at - start) / length) * side - 0.5);
    return [along(event.clientX, box.left, box.width), along(event.clientY, box.top, box.height)];
  };
  let held = null;
  map.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    map.focus();
    map.setPointerCapture(event.pointerId);
    held = cursor = place(event);
    remember();
    paint(held, held);
    see();
  });
  map.addEventListener("pointermove", (event) => {
    cursor = place(event);
    if (held && tool === "brush") {
      const steps = event.getCoalescedEvents?.() ?? [];
      for (const one of steps.length ? steps : [event]) {
        const next = place(one);
        brush(cells, side, held, next, values[part], size);
        held = next;
      }
      draw();
      send();
    }
    see();
  });
  for (const end of ["pointerup", "pointercancel"]) map.addEventListener(end, () => { held = null; });

  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  map.addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const at = cursor.map(Math.round);
    const resize = (by) => { sizes.value = String(size + by); size = Number(sizes.value); };
    const dab = (kind) => { const kept = tool; tool = kind; remember(); paint(at, at); tool = kept; };
    const back = (event.ctrlKey || event.metaKey) && event.shiftKey;
    if (moves[key]) {
      const far = event.shiftKey ? 5 : 1;
      cursor = at.map((one, axis) => Math.min(side - 1, Math.max(0, one + far * moves[key][axis])));
      if (down) { remember(); paint(at, cursor); }
    } else if (key === " " || key === "Enter") dab(tool);
    else if (key === "f") dab("fill");
    else if (key === "d") down = !down;
    else if (key === "p") take(Math.max(0, values.indexOf(cells[at[1] * side + at[0]])));
    else if (key === "-" || key === "[") resize(-1);
    else if (key === "+" || key === "=" || key === "]") resize(1);
    else if (key === "z" && !back) step(done, undone);
    else if (key === "y" || key === "z") step(undone, done);
    else return;
    event.preventDefault();
    event.stopPropagation();
    tell();
    see();
  });

  const show = () => {
    picture.src = model.get("picture");
    picture.alt = caption.textContent = model.get("words");
  };
  model.on("change:answered", () => { show(); answered(); });
  model.on("change:loads", () => {
    remember();
    cells = decode(model.get("canvas"));
    sent = encode(cells);
    draw();
    show();
  });
  draw();
  see();
  show();
}

export default { render };
