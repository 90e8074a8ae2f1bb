/* Marks over the map's own drawing, which let every click through: where attention is held, what is pointed at elsewhere. */

import { draw } from "./elements.js";
import { isLarge, planned } from "./map_drawing.js";

/** Mark where attention is held: { position, step } each, a step of null meaning every one. A painted map has no marks. */
export function markHeld(host, record, held) {
  lay(host, record, "held-cells", held.map(({ position, step }) => [step, position]));
}

/** Mark the column of an output unit or the row of an input unit; null takes the mark away. Nothing scrolls. */
export function markPointed(host, record, spot) {
  lay(host, record, "pointed-cells", spot === null ? [] : [[spot.target, spot.source]]);
}

function lay(host, record, kind, places) {
  host.querySelector(`.${kind}`)?.remove();
  const [map, box] = [host.querySelector(".heatmap-map"), host.querySelector(".heatmap-box")];
  const drawing = map?.querySelector("svg");
  if (!places.length || !drawing || !record?.weights || isLarge(record)) return;
  const { place, side, width, height } = planned(record, box.clientWidth, "");
  const marks = places.map(([target, source]) => draw("rect", {
    x: place.left + (target ?? 0) * side - 2, y: place.top + (source ?? 0) * side - 2,
    width: (target === null ? place.width : side) + 1, height: (source === null ? place.height : side) + 1, rx: 3,
  }));
  const view = { width, height, viewBox: `0 0 ${width} ${height}` };
  const over = draw("svg", { class: `over ${kind}`, "aria-hidden": "true", ...view }, ...marks);
  over.style.insetInlineStart = `${drawing.getBoundingClientRect().left - map.getBoundingClientRect().left}px`;
  map.append(over);
}
