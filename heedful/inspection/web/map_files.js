/* A map as a file of its own: a drawing, a picture of dots, the numbers. */

import { Blocks } from "./map_blocks.js";
import { BRIGHT, CARD, CHANCE } from "./map_colours.js";
import { drawing, isLarge, planned } from "./map_drawing.js";
import { heldShapes } from "./map_held.js";
import { amount, percent, visibleText } from "./map_labels.js";
import { EDGE, GAP, NOTE, legend, notesOf } from "./map_legend.js";
import { FONTS, element, fitted, line, shape, widthOf } from "./map_nodes.js";
import { chances } from "./map_record.js";

const SIDE = 34, WIDE = 900, MOST_HEADING = 700; // dots of a cell, of a drawing, and of its heading
const DOTS = 1200, LEAST_DOTS = 260; // of the longer side of a large map, and of the other one, if cells may grow to that
const MOST_DOUBLED = 1600; // a drawing no larger than this has two dots a unit, for screens that show fine print
const MOST_LISTED_UNITS = 60; // of an output that has no map

/** A complete SVG document: nothing is fetched, and no identifiers could clash in a page. `look`: see heatmap.js. */
export function svgOf(record, title, look) {
  const { words, most } = look, heading = fitted(visibleText(title), 16, MOST_HEADING);
  const drawer = !record.weights ? listedUnits : isLarge(record) ? dotted : drawn;
  const { nodes, width, height } = drawer(record, heading, look);
  const whole = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "font-family": FONTS });
  const told = record.weights ? words.drawing(record.target.length, record.source.length) : words.none;
  const scale = most === 1 ? "" : ` ${words.drawingScale(amount(most))}`;
  whole.append(shape("title", {}, visibleText(title) || words.attention), shape("desc", {}, told + scale), ...nodes);
  return `${new XMLSerializer().serializeToString(whole)}\n`;
}

function drawn(record, heading, look) {
  const plan = planned(record, WIDE, heading, SIDE, notesOf(look).length);
  return { nodes: drawing(record, plan, look, heading, true), width: plan.width, height: plan.height };
}

/** A large map: its dots as an image, and the numbers of some units at its sides, counted from one. */
function dotted(record, heading, look) {
  const { address, columns, rows } = new Blocks(record.weights, record.source.length, look.most).image();
  const [across, down] = sides(columns, rows), wide = columns * across, high = rows * down, { words } = look;
  const left = EDGE + 70, top = EDGE + (heading ? 30 : 0) + 44, bar = top + high + 26;
  const height = bar + 8 + NOTE * notesOf(look).length + EDGE;
  const width = Math.ceil(Math.max(left + wide, left + 210, EDGE + widthOf(heading, 16)) + EDGE);
  const place = { x: left, y: top, width: wide, height: high, preserveAspectRatio: "none" };
  const scale = [wide / Math.max(1, record.target.length), high / Math.max(1, record.source.length)];
  const nodes = [
    shape("rect", { width, height, rx: 10, fill: CARD }),
    shape("image", { href: address, ...place, "image-rendering": "pixelated" }),
    line(words.output, left + wide / 2, top - 26, 12, { anchor: "middle" }),
    line(words.input, EDGE + 10, top + high / 2, 12, { anchor: "middle", turn: -90 }),
    ...numbered(record.target.length, wide, (text, at) => line(text, left + at, top - GAP, 11, { anchor: "middle" })),
    ...numbered(record.source.length, high, (text, at) => line(text, left - GAP, top + at + 4, 11, { anchor: "end" })),
    ...heldShapes(look.held, { left, top, width: wide, height: high, scale, from: [0, 0], gap: 0 }),
    ...legend(left, bar, look),
  ];
  if (heading) nodes.push(line(heading, EDGE, EDGE + 14, 16, { fill: BRIGHT }));
  return { nodes, width, height };
}

/** Dots of a cell across and down: alike, as long as a short axis does not get too thin to be seen. */
function sides(columns, rows) {
  const alike = Math.max(1, Math.floor(DOTS / Math.max(columns, rows)));
  return [columns, rows].map((count) => Math.max(alike, Math.min(SIDE, Math.ceil(LEAST_DOTS / count))));
}

function numbered(count, dots, put) {
  const step = [10, 20, 50, 100, 200, 500, 1000].find((each) => (each * dots) / count >= 50) ?? count;
  const places = Array.from({ length: Math.ceil((count + 1) / step) }, (_, at) => Math.max(0, at * step - 1));
  return places.filter((at) => at < count).map((at) => put(String(at + 1), ((at + 0.5) * dots) / count));
}

/** What there is of a model without attention: why there is no map, and how probable each output unit was. */
function listedUnits(record, heading, { words }) {
  const top = EDGE + (heading ? 44 : 14), nodes = [line(words.none, EDGE, top, 12)];
  const shares = record.probabilities ? chances(record).slice(0, MOST_LISTED_UNITS) : [];
  shares.forEach((share, at) => {
    const y = top + 26 + 20 * at;
    nodes.push(line(fitted(record.targetLabels[at], 14, 130), EDGE, y, 14, { fill: BRIGHT }));
    const bar = { x: EDGE + 140, y: y - 9, width: Math.max(0.5, 200 * share), height: 8, rx: 1, fill: CHANCE };
    if (share >= 0) nodes.push(shape("rect", bar));
    nodes.push(line(percent(share < 0 ? NaN : share, words.language), EDGE + 352, y, 12));
  });
  if (heading) nodes.push(line(heading, EDGE, EDGE + 14, 16, { fill: BRIGHT }));
  const width = Math.ceil(Math.max(EDGE + 420, EDGE + widthOf(words.none, 12), EDGE + widthOf(heading, 16)) + EDGE);
  const height = top + 20 * shares.length + (shares.length ? 10 : 0) + EDGE;
  return { nodes: [shape("rect", { width, height, rx: 10, fill: CARD }), ...nodes], width, height };
}

/** The drawing as dots. */
export async function pngOf(svg) {
  const image = new Image(), address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    image.src = address;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const scale = Math.max(width, height) <= MOST_DOUBLED ? 2 : 1;
    const canvas = element("canvas");
    [canvas.width, canvas.height] = [width * scale, height * scale];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** What `attend --out x.json` writes; of a large map with as many decimals as its weights were rounded to. */
export function jsonOf({ source, target, weights, boxes, decimals }) {
  const scale = 10 ** (decimals ?? 0), exact = (weight) => weight, rounded = (weight) => Math.round(weight * scale) / scale;
  const rows = (weights ?? []).map((row) => Array.from(row, decimals === null ? exact : rounded));
  return `${JSON.stringify(boxes ? { source, target, weights: rows, boxes } : { source, target, weights: rows })}\n`;
}
