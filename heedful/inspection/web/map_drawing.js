/* The plan of a map that is drawn, and everything on its card: cells, labels, bars, legend. */

import { BARS, BRIGHT, CARD, CHANCE, colour } from "./map_colours.js";
import { heldShapes } from "./map_held.js";
import { EDGE, GAP, NOTE, legend } from "./map_legend.js";
import { fitted, line, shape, widthOf } from "./map_nodes.js";
import { chances, givenName } from "./map_record.js";

export const TOTALS = 84; // for bars beside the map, and their numbers
export const STRIPS = { given: [24, 10], chance: [42, 18] }; // bars below the map: how far below, and how high
export const MOST_DRAWN = 60; // units on an axis before a map is painted
const LEAST_SIDE = 11, MOST_SIDE = 46, SIDE_BY_PICTURE = 26; // of a cell; a picture should be in sight below its map
const MOST_LABEL = 150; // a label's width before it is cut

/** Where everything stands: cells as large as there is room for, labels upright, leaning or climbing; so many notes. */
export function planned(record, room, heading = "", largest = MOST_SIDE, notes = 0) {
  const most = Math.max(record.source.length, record.target.length, 1);
  const side = Math.max(LEAST_SIDE, Math.min(record.picture ? SIDE_BY_PICTURE : largest, Math.floor(720 / most)));
  const first = laid(record, side, heading, notes);
  const narrower = side - (first.width - room) / Math.max(1, record.target.length);
  return narrower >= side ? first : laid(record, Math.max(LEAST_SIDE, Math.floor(narrower)), heading, notes);
}

function laid(record, side, heading, notes) {
  const size = side >= 36 ? 16 : side >= 22 ? 14 : side >= 15 ? 11 : 9;
  const [rows, columns] = [record.sourceLabels, record.targetLabels].map((labels) =>
    labels.map((label) => fitted(label, size, MOST_LABEL)));
  const wide = columns.map((label) => widthOf(label, size)), widest = Math.max(0, ...wide);
  const turn = columns.length < 2 || widest <= side + 2 ? 0 : side >= 20 ? -45 : -90;
  const lean = (-turn * Math.PI) / 180, up = turn ? widest * Math.sin(lean) + size * 0.7 : size;
  const left = EDGE + 20 + Math.max(0, ...rows.map((label) => widthOf(label, size))) + GAP;
  const place = {
    left: Math.ceil(left), top: Math.ceil(EDGE + (heading ? 30 : 0) + 20 + up + GAP),
    width: side * columns.length, height: side * rows.length,
  };
  place.right = place.left + place.width;
  place.bottom = place.top + place.height;
  const ends = wide.map((width, at) => (at + 0.5) * side + width * (turn ? Math.cos(lean) : 0.5));
  const bar = place.bottom + (record.probabilities ? 82 : 58);
  const width = Math.max(
    place.right + GAP + TOTALS, place.left + Math.max(0, ...ends), place.left + 210, EDGE + widthOf(heading, 16));
  const height = bar + 8 + NOTE * notes + EDGE;
  return { side, size, rows, columns, turn, up, place, bar, width: Math.ceil(width + EDGE), height };
}

/** Everything that is on the card: the heading, cells with their labels, bars of totals, the legend. `look`: see heatmap.js. */
export function drawing(record, plan, look, heading, titled) {
  const { place, side, size } = plan, { words } = look, gap = gapOf(side);
  const made = [shape("rect", { width: plan.width, height: plan.height, rx: 10, fill: CARD })];
  if (heading) made.push(line(heading, EDGE, EDGE + 14, 16, { fill: BRIGHT }));
  const names = { y: place.top - GAP - plan.up - 12, middle: place.top + place.height / 2 };
  made.push(line(words.output, place.left + place.width / 2, names.y, 12, { anchor: "middle" }));
  if (place.height > 50) made.push(line(words.input, EDGE + 10, names.middle, 12, { anchor: "middle", turn: -90 }));
  else made.push(line(words.input, place.left - GAP, names.y, 12, { anchor: "end" }));
  const cells = shape("g", { "shape-rendering": "crispEdges" });
  record.weights.forEach((row, column) => {
    const x = place.left + column * side;
    row.forEach((weight, at) => {
      const box = { x, y: place.top + at * side, width: side - gap, height: side - gap, fill: colour(weight / look.most) };
      const cell = shape("rect", box);
      if (titled) cell.append(shape("title", {}, noted(record, column, at, weight)));
      cells.append(cell);
    });
  });
  made.push(cells);
  plan.rows.forEach((label, at) => {
    const y = place.top + 0.35 * size + (at + 0.5) * side;
    made.push(line(label, place.left - GAP, y, size, { anchor: "end", fill: BRIGHT }));
  });
  const angle = (plan.turn * Math.PI) / 180; // a line that leans begins over the middle of its column
  const across = plan.turn ? -0.35 * size * Math.sin(angle) : 0;
  const raised = plan.turn ? 0.35 * size * Math.cos(angle) - 3 : -1;
  plan.columns.forEach((label, at) => {
    const x = place.left + across + (at + 0.5) * side, anchor = plan.turn ? "start" : "middle";
    made.push(line(label, x, place.top - GAP + raised, size, { anchor, turn: plan.turn, fill: BRIGHT }));
  });
  const held = heldShapes(look.held, { ...place, scale: [side, side], from: [0, 0], gap });
  return [...made, ...held, ...totalBars(record, plan, words), ...legend(place.left, plan.bar, look)];
}

/** Dots between two cells. */
export function gapOf(side) {
  return side >= 20 ? 2 : 1;
}

function noted(record, target, source, weight) {
  const [output, input] = [record.targetLabels[target], record.sourceLabels[source]].map((label) => `\u2068${label}\u2069`);
  return `${output} ← ${input}: ${weight.toFixed(3)}`;
}

/** Beside the map what every input unit got, below it what every output unit gave, and how probable it was. */
function totalBars(record, plan, words) {
  const { place, side } = plan, made = [], right = place.right + 2 * GAP, gap = gapOf(side);
  const most = Math.max(1e-9, ...record.totals), thin = Math.max(3, Math.min(8, side * 0.3));
  record.totals.forEach((total, at) => {
    const middle = place.top + (at + 0.5) * side - gap / 2, width = Math.max(0.5, (44 * total) / most);
    made.push(shape("rect", { x: right, y: middle - thin / 2, width, height: thin, rx: 1, fill: BARS }));
    if (side >= 14) made.push(line(total.toFixed(1), right + width + 5, middle + 3.5, 10));
  });
  const strip = ([below, high], shares, fill, name) => {
    const base = place.bottom + below + high, broad = Math.max(3, Math.min(12, side * 0.45));
    shares.forEach((share, at) => {
      if (share < 0) return;
      const height = Math.max(0.5, high * Math.min(1, share)), middle = place.left + (at + 0.5) * side - gap / 2;
      made.push(shape("rect", { x: middle - broad / 2, y: base - height, width: broad, height, rx: 1, fill }));
    });
    made.push(line(name, right, base - high / 2 + 4, 11));
  };
  if (record.source.length) made.push(line(words.got, right, place.bottom + 12, 11));
  if (record.target.length && record.source.length) strip(STRIPS.given, record.sums, BARS, givenName(record, words));
  if (record.target.length && record.probabilities) strip(STRIPS.chance, chances(record), CHANCE, words.probability);
  return made;
}

/** The spot at so many cells from the map's corner: beside the map, or above or below it, it's a whole unit. */
export function cellAt(record, across, down) {
  const target = Math.floor(across), source = Math.floor(down);
  const inside = [target >= 0 && target < record.target.length, source >= 0 && source < record.source.length];
  if (!inside[0] && !inside[1]) return null;
  return { target: inside[0] ? target : null, source: inside[1] ? source : null };
}

/** Whether a map is too large for elements. */
export function isLarge(record) {
  return Math.max(record.source.length, record.target.length) > MOST_DRAWN;
}
