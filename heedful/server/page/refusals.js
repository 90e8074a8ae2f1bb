/* Why no answer came: a sentence a panel, beside the field of the page that is meant, or else in the panel. */

import { say } from "./words.js";

export class Refusals {
  /** `notice` is where it is said that the server is busy. */
  constructor(notice) {
    Object.assign(this, { notice, told: new Map(), waiting: new Map() });
  }

  /**
   * No answer came to this panel. Its answer of before is stale where the input is another one. `places` are what has fields:
   * { has(field), refuse(list) }, the list of { field, message }.
   */
  add(panel, error, isStale, places, isOneOfMany) {
    const isBeside = error.field !== null && places.some((place) => place.has(error.field));
    const message = isBeside && isOneOfMany ? `${panel.model.name}: ${sentence(error)}` : sentence(error);
    this.waiting.delete(panel);
    this.told.set(panel, { field: error.field, message });
    panel.view.trouble(isBeside || error.status === 401 ? "" : message, isStale);
    this.#show(places);
  }

  /** This panel was answered, is not asked any more, or is gone. */
  remove(panel, places) {
    this.told.delete(panel);
    this.waiting.delete(panel);
    panel.view.trouble("", false);
    this.#show(places);
  }

  /** This panel is asked again in so many seconds. */
  wait(panel, seconds) {
    this.waiting.set(panel, say("busy", Math.ceil(seconds)));
    this.#show([]);
  }

  #show(places) {
    const said = [...this.waiting.values()].at(-1) ?? "";
    if (this.notice.textContent !== said) this.notice.textContent = said;
    places.forEach((place) => place.refuse([...this.told.values()]));
  }
}

/** What an error says to people. */
export function sentence(error) {
  if (error.code === "unreachable") return say("unreachable");
  if (error.code === "cut_off") return say("cutOff");
  if (error.status === 503) return say("stillBusy");
  return error.message ? say("refused", error.message) : say("unknownError");
}
