/* One model on the page: what it is asked, what it answers, and what somebody makes of it by hand. */

import { explore } from "./api.js";
import { asIs, sent, withHold } from "./asking.js";
import { leastSure, Reading } from "./reading.js";
import { View } from "./view.js";

const ALTERNATIVES = 10;

export class Panel {
  /**
   * `page` is what the panels share: { sources, settings(), texts(texts, keeps), restore(items), trouble(error, panel),
   * calm(panel), busy(seconds) }.
   *
   * What is shown: the answer `reading`, its output of this `rank`, the alternatives at this `place` (`chosen`: by hand),
   * what is `asked` besides the input, whether a click in the map is `holding` attention.
   */
  constructor(model, page, number) {
    Object.assign(this, { model, page, asked: asIs(), reading: null, rank: 0, place: null, chosen: false, holding: false });
    this.view = new View(model, number, page.sources, {
      ask: (asked) => this.#ask(asked),
      choose: (place, unit) => this.#choose(place, unit),
      force: (units, end) => this.#force(units, end),
      pick: (place) => this.pick(place),
      turnTo: (rank) => this.#turnTo(rank),
      cell: (spot) => this.#cell(spot),
      edit: (position) => this.view.edit(position, this),
      hold: (position) => this.#hold(position, null),
      texts: (texts, keeps) => page.texts(texts, keeps),
      compare: () => (this.view.comparison.pinned ? this.#stop() : this.pin()),
      back: () => this.#back(),
      stop: () => this.#stop(),
      turnHolding: (on) => this.#turnHolding(on),
    });
    [this.room, this.element] = [this.view.room, this.view.room.panel];
  }

  /** Say everything again, in the language of now. */
  relabel() {
    this.view.relabel();
    if (this.reading?.done) this.view.show(this);
  }

  /** Ask the model, and show what comes while it comes. A question before this one is given up. */
  async run() {
    this.abort?.abort();
    const { signal } = (this.abort = new AbortController());
    const reading = new Reading(this.model.target);
    const began = performance.now();
    this.view.wait(true);
    try {
      await explore(this.#body(), signal, {
        busy: (seconds) => this.page.busy(seconds),
        source: (event) => this.#begin(reading, event),
        step: (event) => this.view.step(this, reading.step(event)),
        result: (event) => this.#finish(reading, event, performance.now() - began),
      });
    } catch (error) {
      if (error.name !== "AbortError" && !signal.aborted) this.page.trouble(error, this);
    }
    if (!signal.aborted) this.view.wait(false);
  }

  /** Nothing chosen by hand any more: the input is another one. */
  release() {
    Object.assign(this, { asked: asIs(), rank: 0, chosen: false });
  }

  /** Give up what is being asked, and show nothing. */
  rest() {
    this.abort?.abort();
    this.view.wait(false);
    this.element.hidden = true;
  }

  /** Keep what is shown now, to compare with. */
  pin() {
    const output = this.reading?.done && this.reading.output(this.rank);
    if (!output || this.view.comparison.pinned) return;
    const { sources } = this.page;
    this.view.comparison.pin({
      items: [...sources.items], shown: sources.shown(), asked: this.asked, output,
      record: this.reading.record(this.rank), units: this.reading.source.units,
    });
    this.view.show(this);
  }

  /** Show the alternatives at this place of the output. */
  pick(place) {
    Object.assign(this, { place, chosen: true });
    this.view.pick(this);
  }

  close() {
    this.abort?.abort();
    this.view.close();
  }

  #body() {
    const { sources, settings } = this.page;
    const input = sources.value();
    return { model: this.model.name, input, ...settings(), ...sent(this.asked), alternatives: ALTERNATIVES };
  }

  #begin(reading, event) {
    reading.begin(event);
    Object.assign(this, { reading, rank: 0 });
    this.page.calm(this);
    this.view.begin(this);
  }

  #finish(reading, event, milliseconds) {
    reading.finish(event);
    const output = reading.output();
    Object.assign(this, { reading, milliseconds });
    if (output && (!this.chosen || this.place === null || this.place > output.units.length)) this.place = leastSure(output);
    this.view.show(this);
    this.view.speak(output);
  }

  #turnTo(rank) {
    Object.assign(this, { rank, chosen: false, place: leastSure(this.reading.output(rank)) });
    this.view.show(this);
  }

  #cell({ target, source }) {
    if (!this.reading?.done) return;
    if (this.holding && source !== null) this.#hold(source, this.room.everyStep.checked ? null : target);
    else if (target !== null) this.pick(target);
    else this.view.edit(source, this);
  }

  #turnHolding(on) {
    this.holding = on && this.model.attends;
    this.view.turnHolding(this.holding);
  }

  #hold(position, step) {
    this.pin();
    this.#ask(withHold(this.asked, position, step));
  }

  #choose(place, unit) {
    const before = this.reading.output(this.rank).units.slice(0, place);
    this.#force(unit === null ? before : [...before, unit], unit === null);
  }

  #force(prefix, end) {
    this.pin();
    Object.assign(this, { place: Math.min(prefix.length, this.place ?? 0), chosen: true });
    this.#ask({ ...this.asked, prefix, end });
  }

  #stop() {
    this.view.unpin();
    if (this.reading?.done) this.view.show(this);
  }

  #back() {
    const { items, asked } = this.view.comparison.pinned;
    this.view.unpin();
    this.asked = asked;
    this.page.restore(items);
  }

  #ask(asked) {
    this.asked = asked;
    this.run();
  }
}
