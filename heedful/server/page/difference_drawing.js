/*
 * A map of differences as it is drawn: SVG elements for a small one, a canvas for a large one. Cells are as large, and stand
 * where they stand, in the map of heatmap.js that it is beside.
 *
 * Both functions return { element, at(x, y), place(spot) }: the spot { x, y } at a place of the element, and a spot's box.
 */

import { draw, make } from "./elements.js";
import { planned } from "./map_drawing.js";

const SEEN = 0.004; // a difference that gets a colour
const CLEAR = 0.15; // one that gets a sign
const STRONG = 0.45; // one whose colour is so strong that the sign on it is the paper's
const GAP = 6;
const LARGE = { share: 0.28, left: 130, top: 104, side: 102, below: 40, high: 600, cell: 34 }; // as map_painted.js lays it
const NAMED = 13; // dots of a cell that has a label
const NEAR = 40; // dots between two numbers at an axis

export function drawn({ columns, rows, change }, room, hasChances) {
  const [source, target] = [rows, columns].map((units) => units.map(({ label }) => label));
  const record = { source, target, sourceLabels: source, targetLabels: target, totals: [], probabilities: hasChances };
  const plan = planned(record, room);
  const { side, place, size } = plan;
  const [width, height] = [plan.width, place.bottom + 18];
  const view = { class: "difference", "aria-hidden": "true", width, height, viewBox: `0 0 ${width} ${height}` };
  const element = draw("svg", view, hatch());
  columns.forEach((_, x) => rows.forEach((__, y) =>
    element.append(...cell(place.left + x * side, place.top + y * side, side, change(x, y)))));
  plan.rows.forEach((label, y) => element.append(
    text(label, place.left - GAP, place.top + (y + 0.5) * side, size, "end", rows[y].fate)));
  plan.columns.forEach((label, x) => {
    const middle = place.left + (x + 0.5) * side;
    element.append(text(label, middle, place.top - GAP - (plan.turn ? 3 : size / 2), size, plan.turn ? "turned" : "middle",
      columns[x].fate, plan.turn));
  });
  return located(element, { place, scale: [side, side], counts: [columns.length, rows.length] });
}

export function painted({ columns, rows, change }, room) {
  const left = Math.round(Math.min(LARGE.left, room * LARGE.share));
  const wide = Math.max(60, Math.min(room - left - LARGE.side, columns.length * LARGE.cell));
  const high = Math.max(60, Math.min(LARGE.high, Math.max(260, wide), rows.length * LARGE.cell));
  const place = { left, top: LARGE.top, width: wide, height: high };
  const scale = [Math.min(LARGE.cell, wide / columns.length), Math.min(LARGE.cell, high / rows.length)];
  const dots = window.devicePixelRatio || 1;
  const [width, height] = [Math.max(room, 200), LARGE.top + high + LARGE.below];
  const element = make("canvas", { "aria-hidden": "true", class: "difference", width: width * dots, height: height * dots });
  [element.style.inlineSize, element.style.blockSize] = [`${width}px`, `${height}px`];
  const pen = element.getContext("2d");
  pen.scale(dots, dots);
  const colours = palette();
  pen.fillStyle = colours.ground;
  pen.fillRect(left, LARGE.top, scale[0] * columns.length, scale[1] * rows.length);
  pen.imageSmoothingEnabled = Math.min(...scale) * dots < 1;
  pen.drawImage(pixels(columns.length, rows.length, change, colours), left, LARGE.top,
    scale[0] * columns.length, scale[1] * rows.length);
  name(pen, colours, columns, scale[0], (each, at) => {
    pen.save();
    pen.translate(left + at, LARGE.top - GAP);
    if (scale[0] >= NAMED) pen.rotate(-Math.PI / 2);
    pen.textAlign = scale[0] >= NAMED ? "left" : "center";
    pen.fillText(each, 0, 0, LARGE.top - 40);
    pen.restore();
  });
  pen.textAlign = "right";
  name(pen, colours, rows, scale[1], (each, at) => pen.fillText(each, left - GAP, LARGE.top + at, left - 44));
  return located(element, { place, scale, counts: [columns.length, rows.length] });
}

function located(element, { place, scale, counts }) {
  return {
    element,
    at(x, y) {
      const spot = [x - place.left, y - place.top].map((dots, axis) => Math.floor(dots / scale[axis]));
      return spot.every((each, axis) => each >= 0 && each < counts[axis]) ? { x: spot[0], y: spot[1] } : null;
    },
    place: ({ x, y }) => ({
      left: place.left + x * scale[0] - 2, top: place.top + y * scale[1] - 2,
      wide: Math.max(5, scale[0] + 2), high: Math.max(5, scale[1] + 2),
    }),
  };
}

function cell(x, y, side, change) {
  const gap = side >= 20 ? 2 : 1;
  const box = { x, y, width: side - gap, height: side - gap, rx: side >= 20 ? 2 : 1 };
  if (change === null) return [draw("rect", { ...box, class: "nothing" })];
  const made = [draw("rect", { ...box, class: "ground" })];
  const [much, middle] = [Math.abs(change), (side - gap) / 2];
  const kind = change > 0 ? "more" : "less";
  if (much > SEEN) made.push(draw("rect", { ...box, class: kind, "fill-opacity": opacity(much).toFixed(3) }));
  if (side >= 14 && much >= CLEAR) {
    made.push(text(change > 0 ? "+" : "−", x + middle, y + middle, 15, "middle sign", much > STRONG ? "strong" : ""));
  }
  return made;
}

function opacity(much) {
  return Math.min(1, 0.12 + 0.88 * much);
}

function text(said, x, y, size, kind, more = "", turn = 0) {
  const transform = turn !== 0 && `rotate(${turn} ${x} ${y})`;
  const element = draw("text", { x, y, class: `${kind} ${more}`, "font-size": size, transform });
  element.textContent = said;
  return element;
}

function hatch() {
  const line = draw("line", { x1: 0, y1: 0, x2: 0, y2: 5, class: "hatch" });
  const tile = { width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  return draw("defs", {}, draw("pattern", { id: "no-counterpart", ...tile }, line));
}

/** A canvas with a dot a cell. */
function pixels(wide, high, change, colours) {
  const canvas = make("canvas", { width: wide, height: high });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(wide, high);
  const [ground, more, less, nothing] = ["ground", "more", "less", "nothing"].map((each) => rgb(colours[each]));
  for (let y = 0, at = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1, at += 4) {
      const here = change(x, y);
      const share = here === null || Math.abs(here) <= SEEN ? 0 : opacity(Math.abs(here));
      const colour = here === null ? nothing : here > 0 ? more : less;
      for (let part = 0; part < 3; part += 1) {
        image.data[at + part] = here === null ? nothing[part] : ground[part] + (colour[part] - ground[part]) * share;
      }
      image.data[at + 3] = 255;
    }
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

/** Units where cells are large enough, else the numbers of some, counted from one. */
function name(pen, colours, units, scale, put) {
  pen.font = `${scale >= 18 ? 12 : 11}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  const steps = [1, 2, 5].flatMap((each) => [each, each * 10, each * 100, each * 1000]).sort((one, other) => one - other);
  const step = scale >= NAMED ? 1 : steps.find((each) => each * scale >= NEAR) ?? units.length;
  units.forEach(({ label, fate }, at) => {
    if (at % step !== (at === 0 ? 0 : step - 1)) return;
    pen.fillStyle = fate === "added" ? colours.more : fate === "removed" ? colours.less : colours.ink;
    put(scale >= NAMED ? label : String(at + 1), (at + 0.5) * scale);
  });
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (variable) => style.getPropertyValue(`--${variable}`).trim();
  const [ground, ink, more, less, nothing] = ["band", "ink", "series-1", "series-2", "quiet"].map(colour);
  return { ground, ink, more, less, nothing };
}

function rgb(hex) {
  const whole = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
  return [1, 3, 5].map((at) => parseInt(whole.slice(at, at + 2), 16));
}
