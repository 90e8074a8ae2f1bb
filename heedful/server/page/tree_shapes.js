/* How a branch of the tree looks: its box, its label, and a sample of each kind for the legend. */

import { draw } from "./elements.js";
import { visible } from "./heatmap.js";
import { say } from "./words.js";

export const TALL = 26; // dots of a box
const END = "∎";
const MOST_LETTERS = 12;

/** The unit of a branch, cut where it is long. */
export function label({ unit }) {
  if (unit === null) return END;
  const letters = [...visible(unit)];
  return letters.length > MOST_LETTERS ? `${letters.slice(0, MOST_LETTERS - 1).join("")}…` : letters.join("");
}

/** The box of a branch; one that ended has two lines around it. */
export function shape(x, y, width, height, ended = false) {
  const outer = draw("rect", { x, y, width, height, rx: 6 });
  if (!ended) return [outer];
  return [outer, draw("rect", { class: "inner", x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 4 })];
}

/** A small box as branches of this fate have it. */
export function sample(fate) {
  const node = draw("g", { class: `node ${fate}` }, ...shape(1, 1, 20, 14, fate === "ended"));
  return draw("svg", { width: 22, height: 16, "aria-hidden": "true" }, node);
}

/** What a fate is called. */
export function fateName(fate) {
  return say(fate === "pruned" ? "tree.dropped" : `tree.${fate}`);
}
