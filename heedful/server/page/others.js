/* What the search found: its outputs, each to be looked at like the best one. */

import { button, fill, make } from "./elements.js";
import { percent, say } from "./words.js";

/** A list of these hypotheses, the one of this rank marked; `onChoose(rank)`. `onFind()`, or null: there may be more. */
export function showOthers(host, hypotheses, rank, onChoose, onFind) {
  const found = hypotheses.length < 2 ? [] : hypotheses.map((each, place) => {
    const name = make("bdi", { class: "name" }, each.text || say("output.empty"));
    const choice = button(name, () => onChoose(place), { class: "choice", "aria-current": place === rank ? "true" : null });
    choice.append(make("span", { class: "share" }, percent(Math.exp(each.log_prob))));
    return make("li", {}, choice);
  });
  const find = onFind && make("li", { class: "find" }, button(say("others.find"), onFind));
  fill(host, ...found, find);
}
