/* An answer of before, pinned, and what is different now. */

import { aligned } from "./align.js";
import { Difference } from "./difference.js";
import { button, fill, make } from "./elements.js";
import { Heatmap } from "./heatmap.js";
import { language, percent, quoted, say } from "./words.js";

export class Comparison {
  /** `bar` is for the line that says what is pinned, `host` for the maps. `onBack()`: it is to be as it was. */
  constructor(bar, host, onBack) {
    Object.assign(this, { bar, host, onBack, pinned: null, map: null });
  }

  /** Keep this: { items, shown, asked, rank, output, record, units }. */
  pin(pinned) {
    this.pinned = pinned;
  }

  /** Forget what was kept. */
  unpin() {
    this.pinned = null;
    this.map?.close();
    this.map = null;
    fill(this.bar);
    fill(this.host);
    this.bar.hidden = this.host.hidden = true;
  }

  /** Say and draw what is different; `now` is { output, record }. */
  show(now) {
    if (this.pinned === null) return;
    const { output, shown, record } = this.pinned;
    this.bar.hidden = false;
    fill(this.bar,
      make("p", {}, `${say("compare.before")} `, make("bdi", {}, shown), " → ",
        make("bdi", { class: "strong" }, output.text || say("output.empty")),
        make("span", { class: "quiet" }, ` ${percent(Math.exp(output.log_prob))}`)),
      make("p", { class: "verdict" }, this.#verdict(now.output)),
      make("div", { class: "bar" }, button(say("compare.back"), this.onBack)));
    this.host.hidden = record === null || now.record === null;
    if (!this.host.hidden) this.#draw(record, now.record);
  }

  #draw(before, now) {
    if (this.map === null) {
      const [mapHost, differenceHost] = [make("div", { class: "map" }), make("div", { class: "difference-host" })];
      this.heads = [make("h3"), make("h3")];
      const sides = [[this.heads[1], differenceHost], [this.heads[0], mapHost]];
      fill(this.host, make("div", { class: "twin" }, ...sides.map((side) => make("div", {}, ...side))));
      this.map = new Heatmap(mapHost, { language: language() });
      this.map.show(before);
      this.difference = new Difference(differenceHost);
    }
    this.map.language = language();
    this.heads[0].textContent = say("compare.map.before");
    this.heads[1].textContent = say("compare.map.difference");
    this.difference.show(before, now);
  }

  #verdict(output) {
    const before = this.pinned.output;
    const pairs = aligned(before.units, output.units);
    const changed = pairs.filter(([was, is]) => was === null || is === null || before.units[was] !== output.units[is]).length;
    const [was, is] = [before, output].map((each) => percent(Math.exp(each.log_prob)));
    if (!changed) return say("compare.same", was, is);
    return say("compare.changed", changed, quoted(output.text || say("output.empty")), was, is);
  }
}
