/* Rows of units to point at: the output, with what it was before above it, and the input as the model reads it. */

import { aligned } from "./align.js";
import { button, fill, make, roving } from "./elements.js";
import { visible } from "./heatmap.js";
import { isRightToLeft } from "./map_labels.js";
import { language, percent, quoted, say } from "./words.js";

const UNSURE = 0.5;
const END = "∎";
const MOST_ASKED = 200; // units that say which way a row runs
const MANY = 120; // units of a row that has a box of its own to scroll in

/** Buttons in a row: `onPick(place)` when one is clicked, `onPoint(place)` when the pointer is there, null when it has gone. */
class Row {
  constructor(host, { onPick, onPoint }) {
    Object.assign(this, { host, onPick });
    const placed = ({ target }) => target.closest("[data-place]")?.dataset.place ?? null;
    host.addEventListener("pointerover", (event) => onPoint(placed(event) === null ? null : Number(placed(event))));
    host.addEventListener("pointerleave", () => onPoint(null));
  }

  /** Mark the unit that is pointed at elsewhere. */
  point(place) {
    for (const each of this.buttons()) each.classList.toggle("pointed", each.dataset.place === String(place));
  }

  buttons() {
    return this.host.querySelectorAll("button");
  }

  /** The row runs as the text of these units does. */
  turn(units, name) {
    this.host.dir = isRightToLeft(units.slice(0, MOST_ASKED).join("")) ? "rtl" : "ltr";
    this.host.setAttribute("aria-label", name);
    this.host.classList.toggle("many", units.length > MANY);
  }

  /** Other items in the row. */
  fill(units, name, items, current) {
    this.turn(units, name);
    fill(this.host, ...items);
    roving(this.host, "button", current);
  }

  /** A unit; `notes` are what is said of it besides. */
  unit(shown, place, kinds, notes) {
    const label = notes.filter(Boolean).join(", ");
    const attributes = { class: ["unit", ...kinds].filter(Boolean).join(" "), "data-place": place, "aria-label": label };
    return button(make("bdi", {}, shown), () => this.onPick(place), { ...attributes, title: label });
  }
}

export class OutputUnits extends Row {
  /**
   * Units with their probabilities, one more for the end mark, unless the output was cut off. The first `forced` of them
   * were chosen by hand. `before` are the units that this output is compared with, or null; `roomy` leaves room for them,
   * so that nothing moves under the pointer when they come.
   */
  show({ units, log_probs, forced = 0, forcedEnd = false, selected = null, before = null, isCutOff = false, roomy = false }) {
    this.host.classList.toggle("roomy", roomy || before !== null);
    const output = (place, note) => this.#unit(units, log_probs, place, place === units.length ? forcedEnd : place < forced, note);
    const end = () => make("li", {}, before && was(END, "same"), output(units.length, null));
    const items = before === null ? units.map((_, place) => make("li", {}, output(place, null)))
      : aligned(before, units).map(([old, place]) => pair(old === null ? null : before[old], place, units, output));
    this.fill(units, say("output.units"), isCutOff ? items : [...items, end()], selected ?? 0);
    this.select(selected);
  }

  /** What there is of an output that still comes: the first `keep` units stand there already. */
  grow(keep, { units, log_probs }, forced, roomy) {
    const { host } = this;
    host.classList.toggle("roomy", roomy);
    while (host.children.length > keep) host.lastElementChild.remove();
    for (let place = host.children.length; place < units.length; place += 1) {
      host.append(make("li", {}, this.#unit(units, log_probs, place, place < forced, null)));
    }
    this.turn(units, say("output.units"));
  }

  /** Mark the unit whose alternatives are shown. */
  select(place) {
    for (const each of this.buttons()) each.setAttribute("aria-pressed", String(each.dataset.place === String(place)));
  }

  #unit(units, logProbs, place, byHand, note) {
    const isEnd = place === units.length;
    const shown = isEnd ? END : visible(units[place]);
    const [name, logProb] = [isEnd ? say("end.mark") : quoted(shown), logProbs[place]];
    const share = logProb === undefined ? null : Math.exp(logProb);
    const kinds = [byHand && "forced", share !== null && share < UNSURE && "unsure"];
    const unit = this.unit(shown, place, kinds, [name, share !== null && percent(share), byHand && say("forced.unit"), note]);
    if (share !== null) {
      const bar = make("span", { class: "sure", "aria-hidden": "true" });
      bar.style.inlineSize = `${share * 100}%`;
      unit.append(bar);
    }
    return unit;
  }
}

/** A unit of before above the unit of now; either may be missing. */
function pair(old, place, units, output) {
  if (place === null) {
    const gone = make("span", { class: "unseen" }, say("compare.gone", quoted(visible(old))));
    return make("li", { class: "gone" }, was(visible(old), "changed"), make("span", { class: "unit none" }, gone));
  }
  if (old === units[place]) return make("li", {}, was(visible(old), "same"), output(place, null));
  const note = old === null ? say("compare.new") : say("compare.was", quoted(visible(old)));
  return make("li", { class: "changed" }, was(old === null ? "" : visible(old), "changed"), output(place, note));
}

function was(shown, kind) {
  return make("span", { class: `was ${kind}`, "aria-hidden": "true" }, make("bdi", {}, shown));
}

export class SourceUnits extends Row {
  /** Input units; `unknown` and `held` are positions, `before` the units of the input that this one is compared with. */
  show({ units, unknown, held, before = null }) {
    const key = JSON.stringify([units, unknown, held, before, language()]);
    if (key === this.key) return; // the same row, be it a long one
    this.key = key;
    const pairs = before === null ? [] : aligned(before, units);
    const changed = pairs.filter(([old, place]) => place !== null && (old === null || before[old] !== units[place]));
    const marks = [
      ["unknown", say("unknown.unit"), new Set(unknown)],
      ["held", say("held.unit"), new Set(held)],
      ["changed", say("compare.new"), new Set(changed.map(([, place]) => place))],
    ];
    const items = units.map((unit, position) => {
      const here = marks.filter(([, , positions]) => positions.has(position));
      const notes = [quoted(visible(unit)), say("source.position", position + 1), ...here.map(([, note]) => note)];
      return make("li", {}, this.unit(visible(unit), position, ["small", ...here.map(([kind]) => kind)], notes));
    });
    this.fill(units, say("source.units"), items, 0);
  }
}
