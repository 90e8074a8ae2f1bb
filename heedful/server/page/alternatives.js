/* What else could have stood at a place of the output, and how likely each was. Choosing one goes on from there. */

import { button, fill, make } from "./elements.js";
import { visible } from "./heatmap.js";
import { percent, quoted, say } from "./words.js";

const LEAST = 0.0001; // a smaller share is as good as none

export class Alternatives {
  /** `onChoose(units, end)`: the output is to begin with these units; `end`: and to end there. */
  constructor(host, onChoose) {
    Object.assign(this, { host, onChoose });
    this.heading = make("h3");
    this.where = make("p", { class: "quiet" });
    this.list = make("ol", { class: "alternatives" });
    this.rest = make("p", { class: "quiet small" });
    fill(host, this.heading, this.where, this.list, this.rest);
  }

  /** The alternatives at a place of a hypothesis; null for a hypothesis that tells none. */
  show(hypothesis, place) {
    this.heading.textContent = say("alternatives");
    const found = hypothesis?.alternatives?.[place] ?? [];
    if (!found.length) {
      this.where.textContent = say("alternatives.none");
      fill(this.list);
      this.rest.textContent = "";
      return;
    }
    const { units } = hypothesis;
    const before = place > 0 ? quoted(units.slice(Math.max(0, place - 6), place).map(visible).join(" ")) : null;
    this.where.textContent = before === null ? say("alternatives.first") : say("alternatives.where", place + 1, before);
    const written = place < units.length ? units[place] : null;
    fill(this.list, ...found.map((each) => make("li", {}, this.#choice(each, units.slice(0, place), each.unit === written))));
    const left = 1 - found.reduce((sum, each) => sum + Math.exp(each.log_prob), 0);
    this.rest.textContent = left > 0.0005 ? say("alternatives.rest", percent(left)) : "";
  }

  /** An alternative behind the units that stand before it in what is shown, whatever may arrive meanwhile. */
  #choice({ unit, log_prob }, before, written) {
    const share = Math.exp(log_prob);
    const bar = make("span", { class: "bar-share", "aria-hidden": "true" });
    bar.style.inlineSize = `${Math.max(share * 100, 0.6)}%`;
    const name = unit === null ? make("em", {}, say("end.short")) : make("bdi", {}, visible(unit));
    const label = say(written ? "alternatives.written" : "alternatives.choose",
      unit === null ? say("end.mark") : quoted(visible(unit)), percent(share));
    const choose = () => (unit === null ? this.onChoose(before, true) : this.onChoose([...before, unit], false));
    const choice = button(make("span", { class: "name" }, name), choose,
      { class: "choice", "aria-label": label, "aria-current": written ? "true" : null });
    const shown = share < LEAST ? `< ${percent(LEAST)}` : percent(share);
    choice.append(make("span", { class: "track" }, bar), make("span", { class: "share" }, shown));
    return choice;
  }
}
