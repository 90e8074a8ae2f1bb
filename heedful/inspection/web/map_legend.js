/* Below a map: which weight is how bright, and notes on what is not as always. As a drawing, and on a canvas. */

import { QUIET, colour } from "./map_colours.js";
import { paintRing, ringShapes } from "./map_held.js";
import { amount } from "./map_labels.js";
import { line, shape, widthOf, write } from "./map_nodes.js";

export const EDGE = 18, GAP = 6; // between the card's border and what is on it; between the map and its labels
export const NOTE = 17; // dots of a line with a note
const SHADES = 48, LONG = 120, SHORTER = 100; // of the bar of colours; a scale of its own has a longer number at its end

/** The lines below the bar of colours, each with a ring before it or not. */
export function notesOf({ words, most, held }) {
  return [
    ...(most === 1 ? [] : [{ text: words.brightened, ring: false }]),
    ...(held.length ? [{ text: words.heldByHand, ring: true }] : []),
  ];
}

/** The bar of colours, whose upper left corner is here, its ends, and the notes. */
export function legend(left, top, look) {
  const made = shape("g", { "shape-rendering": "crispEdges" }), { end, width, right } = ends(look);
  for (let step = 0; step < SHADES; step++) {
    const x = left + (step * width) / SHADES;
    made.append(shape("rect", { x, y: top, width: width / SHADES, height: 8, fill: colour(step / (SHADES - 1)) }));
  }
  return [
    made, line("0", left - GAP, top + 8, 11, { anchor: "end" }), line(end, left + width + GAP, top + 8, 11),
    line(look.words.attention, left + right, top + 8, 11),
    ...notePlaces(left, top, look).flatMap(({ text, ring, x, y }) => [...(ring ? ringShapes(ring) : []), line(text, x, y, 11)]),
  ];
}

/** The same on a canvas. */
export function paintLegend(pen, left, top, look) {
  const { end, width, right } = ends(look), quiet = { fill: QUIET };
  for (let step = 0; step < width; step++) {
    pen.fillStyle = colour(step / (width - 1));
    pen.fillRect(left + step, top, 1, 8);
  }
  write(pen, "0", left - GAP, top + 8, 11, { anchor: "end", ...quiet });
  write(pen, end, left + width + GAP, top + 8, 11, quiet);
  write(pen, look.words.attention, left + right, top + 8, 11, quiet);
  for (const { text, ring, x, y } of notePlaces(left, top, look)) {
    if (ring) paintRing(pen, ring);
    write(pen, text, x, y, 11, quiet);
  }
}

/** The weight that has full light, how long the bar is, and where its name stands. */
function ends({ most }) {
  const end = most === 1 ? "1" : amount(most), width = most === 1 ? LONG : SHORTER;
  return { end, width, right: width + GAP + widthOf(end, 11) + 10 };
}

function notePlaces(left, top, look) {
  return notesOf(look).map(({ text, ring }, at) => {
    const y = top + 8 + NOTE * (at + 1);
    return { text, ring: ring ? [left + 3, y - 9, 14, 10] : null, x: left + (ring ? 26 : 0), y };
  });
}
