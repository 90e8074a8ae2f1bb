/* An answer of before, pinned, and what is different now. */

import { aligned } from "./align.js";
import { showDifference } from "./difference.js";
import { button, fill, make } from "./elements.js";
import { Heatmap, percent } from "./heatmap.js";
import { quoted, say } from "./words.js";

export class Comparison {
  /** `bar` is for the line that says what is pinned, `host` for the maps. `onBack()` and `onStop()` are its two ways out. */
  constructor(bar, host, { onBack, onStop }) {
    Object.assign(this, { bar, host, onBack, onStop, pinned: null });
    this.mapHost = make("div", { class: "map" });
    this.difference = make("div", { class: "difference-host" });
    this.map = null;
  }

  /** Keep this: { items, shown, asked, output, record }. */
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

  /** Draw what is different; `now` is { output, record }, null while the search runs. */
  show(now) {
    if (this.pinned === null) return;
    const { output, shown } = this.pinned;
    this.bar.hidden = false;
    fill(this.bar,
      make("p", {}, `${say("compare.before")} `, make("bdi", {}, shown), " → ",
        make("bdi", { class: "strong" }, output.text || "∅"),
        make("span", { class: "quiet" }, ` ${percent(Math.exp(output.log_prob))}`)),
      now && make("p", { class: "verdict" }, this.#verdict(now.output)),
      make("div", { class: "bar" }, button(say("compare.back"), this.onBack), button(say("compare.stop"), this.onStop)));
    if (now === null) return;
    const before = this.pinned.record;
    this.host.hidden = before === null || now.record === null;
    if (this.host.hidden) return;
    if (this.map === null) {
      this.heads = [make("h3"), make("h3")];
      const sides = [[this.heads[1], this.difference], [this.heads[0], this.mapHost]];
      fill(this.host, make("div", { class: "twin" }, ...sides.map((side) => make("div", {}, ...side))));
      this.map = new Heatmap(this.mapHost, {});
      this.map.show(before);
    }
    this.heads[0].textContent = say("compare.map.before");
    this.heads[1].textContent = say("compare.map.difference");
    showDifference(this.difference, before, now.record);
  }

  #verdict(output) {
    const before = this.pinned.output;
    const pairs = aligned(before.units, output.units);
    const changed = pairs.filter(([was, is]) => was === null || is === null || before.units[was] !== output.units[is]).length;
    const [was, is] = [before, output].map((each) => percent(Math.exp(each.log_prob)));
    return changed ? say("compare.changed", changed, quoted(output.text || "∅"), was, is) : say("compare.same", was, is);
  }
}
