/* Cells whose attention is held by hand: a ring of dashes with a diamond at its corner, which nobody needs colours to see. */

import { CARD } from "./map_colours.js";
import { shape } from "./map_nodes.js";

const HOLDING = "#2fc798";
const DASHES = [4, 3], DIAMOND = 5;
const AROUND = 3, LEAST = 13; // dots between a cell and its ring, so that a cursor has room; and of the smallest ring

/**
 * Rings in a drawing. `map` says where the map stands (left, top, width, height), how many dots a cell has across and down
 * (scale), which cell is in its corner (from), and how many dots are between two cells (gap).
 */
export function heldShapes(spots, map) {
  return spots.map((spot) => ringBox(spot, map)).flatMap(ringShapes);
}

/** The same on a canvas, within the map. */
export function paintHeld(pen, spots, map) {
  if (!spots.length) return;
  pen.save();
  pen.beginPath();
  pen.rect(map.left - LEAST, map.top - LEAST, map.width + 2 * LEAST, map.height + 2 * LEAST);
  pen.clip();
  for (const spot of spots) paintRing(pen, ringBox(spot, map));
  pen.restore();
}

/** A ring, as shapes. */
export function ringShapes([x, y, width, height]) {
  const box = { x, y, width, height, rx: 2, fill: "none" };
  return [
    shape("rect", { ...box, stroke: CARD, "stroke-width": 4 }),
    shape("rect", { ...box, stroke: HOLDING, "stroke-width": 2, "stroke-dasharray": DASHES.join(" ") }),
    shape("path", { d: diamond(x, y), fill: HOLDING, stroke: CARD }),
  ];
}

/** A ring on a canvas. */
export function paintRing(pen, [x, y, width, height]) {
  pen.save();
  [pen.strokeStyle, pen.lineWidth] = [CARD, 4];
  pen.strokeRect(x, y, width, height);
  [pen.strokeStyle, pen.lineWidth] = [HOLDING, 2];
  pen.setLineDash(DASHES);
  pen.strokeRect(x, y, width, height);
  pen.setLineDash([]);
  const sign = new Path2D(diamond(x, y));
  [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [HOLDING, CARD, 1];
  pen.fill(sign);
  pen.stroke(sign);
  pen.restore();
}

/** What a ring goes around: left, top, width, height. A null in the spot is a whole row or column. */
function ringBox({ target, source }, { left, top, width, height, scale, from, gap }) {
  const sides = [[target, left, width], [source, top, height]].map(([at, start, all], axis) => {
    if (at === null) return [start - AROUND, all - gap + 2 * AROUND];
    const long = Math.max(LEAST, scale[axis] - gap + 2 * AROUND), middle = start + (at + 0.5 - from[axis]) * scale[axis] - gap / 2;
    return [middle - long / 2, long];
  });
  return [sides[0][0], sides[1][0], sides[0][1], sides[1][1]];
}

function diamond(x, y) {
  return `M${x} ${y - DIAMOND}L${x + DIAMOND} ${y}L${x} ${y + DIAMOND}L${x - DIAMOND} ${y}Z`;
}
