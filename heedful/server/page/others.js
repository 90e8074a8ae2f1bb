/* What the search found besides: other outputs, each to be looked at like the best one. */

import { button, fill, make } from "./elements.js";
import { percent } from "./heatmap.js";

/** A list of these hypotheses, the one of this rank marked; `onChoose(rank)`. */
export function showOthers(host, hypotheses, rank, onChoose) {
  fill(host, ...hypotheses.map((each, place) => {
    const name = make("bdi", { class: "name" }, each.text || "∅");
    const choice = button(name, () => onChoose(place), { class: "choice", "aria-current": place === rank ? "true" : null });
    choice.append(make("span", { class: "share" }, percent(Math.exp(each.log_prob))));
    return make("li", {}, choice);
  }));
}
