/* The difference of two maps: where it looks more than before, and where less. Two colours, and a sign in every clear cell. */

import { aligned } from "./align.js";
import { draw, fill, make } from "./elements.js";
import { visible } from "./heatmap.js";
import { quoted, say } from "./words.js";

const CELL = 26;
const SMALLEST = 7;
const ROOM = 640; // dots that the map should not exceed, if its cells may be made smaller for it
const SEEN = 0.004; // a difference that gets a colour
const CLEAR = 0.15; // one that gets a sign
const STRONG = 0.45; // one whose colour is so strong that the sign on it is the paper's
const WORTH_TELLING = 0.02;
const MOST_LETTERS = 9;

/** Cells [{ across, down, change }] over aligned output and input units; change is null where one side has no such unit. */
export function differences(before, now) {
  const across = aligned(before.target, now.target);
  const down = aligned(before.source, now.source);
  const cells = [];
  across.forEach(([wasTarget, target], x) => {
    down.forEach(([wasSource, source], y) => {
      const isInBoth = [wasTarget, target, wasSource, source].every((each) => each !== null);
      const change = isInBoth ? now.weights[target][source] - before.weights[wasTarget][wasSource] : null;
      cells.push({ x, y, target, source, change });
    });
  });
  return { across, down, cells };
}

/** Draw it; both are { source, target, weights } with a row of weights an output unit. */
export function showDifference(host, before, now) {
  const { across, down, cells } = differences(before, now);
  const size = Math.max(SMALLEST, Math.min(CELL, Math.floor(ROOM / Math.max(across.length, down.length, 1))));
  const named = size >= 12;
  const labels = (pairs, was, is) => pairs.map(([old, fresh]) => shortened(visible(fresh === null ? was[old] : is[fresh])));
  const rows = labels(down, before.source, now.source);
  const columns = labels(across, before.target, now.target);
  const left = named ? 14 + Math.max(1, ...rows.map((each) => each.length)) * 8 : 4;
  const upright = columns.every((each) => each.length <= 2);
  const top = !named ? 4 : upright ? 22 : 14 + Math.max(...columns.map((each) => each.length)) * 8;
  const told = summary(cells, before, now);
  const [width, height] = [left + across.length * size + 2, top + down.length * size + 2];
  const view = { width, height, viewBox: `0 0 ${width} ${height}` };
  const picture = draw("svg", { class: "difference", role: "img", "aria-label": told, ...view });
  picture.append(hatch());
  for (const { x, y, change } of cells) picture.append(...cell(left + x * size, top + y * size, size, change));
  if (named) {
    const turn = upright ? "middle" : "turned";
    down.forEach((pair, y) => picture.append(label(rows[y], left - 7, top + (y + 0.5) * size, "end", fate(pair))));
    across.forEach((pair, x) => picture.append(label(columns[x], left + (x + 0.5) * size, top - 6, turn, fate(pair))));
  }
  fill(host, make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("compare.map") }, picture),
    make("ul", { class: "legend" },
      make("li", {}, sample("more", "+"), say("compare.more")), make("li", {}, sample("less", "−"), say("compare.less")),
      make("li", {}, sample("nothing", ""), say("compare.nothing"))),
    make("p", { class: "quiet" }, told));
}

function summary(cells, before, now) {
  const known = cells.filter((each) => each.change !== null);
  const most = known.reduce((best, each) => (Math.abs(each.change) > Math.abs(best?.change ?? 0) ? each : best), null);
  if (most === null || Math.abs(most.change) < WORTH_TELLING) return say("compare.still");
  return say(most.change > 0 ? "compare.most.more" : "compare.most.less", quoted(visible(now.target[most.target])),
    quoted(visible(now.source[most.source])), Math.abs(most.change).toFixed(2));
}

function cell(x, y, size, change) {
  const gap = size > 14 ? 2 : 1;
  const box = { x, y, width: size - gap, height: size - gap, rx: size > 14 ? 3 : 1 };
  if (change === null) return [draw("rect", { ...box, class: "nothing" })];
  const drawn = [draw("rect", { ...box, class: "ground" })];
  const [much, middle] = [Math.abs(change), (size - gap) / 2];
  const opacity = Math.min(1, 0.12 + 0.88 * much).toFixed(3);
  if (much > SEEN) drawn.push(draw("rect", { ...box, class: change > 0 ? "more" : "less", "fill-opacity": opacity }));
  if (size >= 14 && much >= CLEAR) {
    drawn.push(label(change > 0 ? "+" : "−", x + middle, y + middle, "middle sign", much > STRONG ? "strong" : ""));
  }
  return drawn;
}

function label(text, x, y, kind, more = "") {
  const element = draw("text", { x, y, class: `${kind} ${more}`, transform: kind === "turned" ? `rotate(-90 ${x} ${y})` : null });
  element.textContent = text;
  return element;
}

function fate([was, is]) {
  return was === null ? "added" : is === null ? "removed" : "";
}

function shortened(text) {
  const letters = [...text];
  return letters.length > MOST_LETTERS ? `${letters.slice(0, MOST_LETTERS - 1).join("")}…` : text;
}

function hatch() {
  const line = draw("line", { x1: 0, y1: 0, x2: 0, y2: 5, class: "hatch" });
  const tile = { width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  return draw("defs", {}, draw("pattern", { id: "no-counterpart", ...tile }, line));
}

function sample(kind, sign) {
  const box = { x: 1, y: 1, width: 16, height: 14, rx: 3 };
  const drawn = draw("svg", { width: 18, height: 16, class: "difference", "aria-hidden": "true" });
  drawn.append(draw("rect", { ...box, class: kind }));
  if (sign) drawn.append(label(sign, 9, 8, "middle sign", "strong"));
  return drawn;
}
