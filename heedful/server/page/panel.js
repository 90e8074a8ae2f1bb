/* One model on the page: what it is asked, what it answers, and what somebody makes of it by hand. */

import { explore, Refused } from "./api.js";
import { asIs, sent, withHold } from "./asking.js";
import { Reading } from "./reading.js";
import { View } from "./view.js";

const ALTERNATIVES = 10;

export class Panel {
  /**
   * `page` is what the panels share: { sources, settings(model), texts(texts), restore(items, panel), trouble(error, panel,
   * isStale), calm(panel), busy(seconds, panel) }.
   *
   * `reading` is the last whole answer, `arriving` the one that comes now, if its input has been read. Of `reading` is shown
   * the output of this `rank`, and the alternatives at this `place` (`chosen`: by hand). `asked` is what is asked besides the
   * input; `undo` is what was asked before, until an answer comes. `heldFor` counts the units of the input for which
   * attention is held, where the input has been changed since.
   */
  constructor(model, page, number) {
    Object.assign(this, { model, page, reading: null, arriving: null, rank: 0, place: null, holding: false });
    this.view = new View(model, number, page.sources, {
      ask: (asked) => this.#ask(asked),
      force: (units, end) => this.#force(units, end),
      pick: (place) => this.pick(place),
      turnTo: (rank) => this.#turnTo(rank),
      findOthers: () => this.#findOthers(),
      cell: (spot) => this.#cell(spot),
      edit: (position) => this.#edit(position),
      hold: (position) => this.#hold(position, null),
      texts: (texts) => page.texts(texts),
      compare: () => (this.view.comparison.pinned ? this.unpin() : this.pin()),
      back: () => this.#back(),
      turnHolding: (on) => this.#turnHolding(on),
    });
    [this.room, this.element] = [this.view.room, this.view.room.panel];
    this.release();
  }

  /** Say everything again, in the language of now. */
  relabel() {
    this.view.relabel();
    if (this.reading && !this.arriving) this.view.show(this);
  }

  /** Ask the model, and show what comes while it comes. A question before this one is given up. */
  async run() {
    this.expect();
    const { signal } = (this.abort = new AbortController());
    const reading = new Reading(this.model.target, this.#question());
    const began = performance.now();
    try {
      await explore(this.#body(reading.question), signal, {
        busy: (seconds) => this.page.busy(seconds, this),
        source: (event) => this.#begin(reading, event),
        step: (event) => this.view.step(this, reading.step(event)),
        result: (event) => this.#finish(reading, event, performance.now() - began),
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      this.#refused(error);
    } finally {
      if (!signal.aborted) this.view.wait(false);
    }
  }

  /** Another question is coming: the one before it is given up. */
  expect() {
    this.abort?.abort();
    this.view.wait(true);
  }

  /** Nothing chosen by hand any more: the input is another one. */
  release() {
    Object.assign(this, { asked: asIs(), undo: null, heldFor: null, wanted: 0, chosen: false, others: false });
    this.view.editor.close();
  }

  /** The input becomes another one by a change of one unit: what was chosen by hand stays, unless positions move. */
  follow() {
    this.pin();
    this.heldFor ??= (this.arriving ?? this.reading)?.source.units.length ?? null;
    Object.assign(this, { undo: null, others: false });
    this.view.editor.close();
  }

  /** Give up what is being asked, and show nothing. */
  rest() {
    this.abort?.abort();
    this.arriving = null;
    this.view.wait(false);
    this.page.calm(this);
    this.element.hidden = true;
  }

  /** Keep the last whole answer, to compare with. */
  pin() {
    const output = this.reading?.output(this.rank);
    if (!output || this.view.comparison.pinned) return;
    this.view.comparison.pin({
      ...this.reading.question, rank: this.rank, output, record: this.reading.record(this.rank), units: this.reading.source.units,
    });
    if (!this.arriving) this.view.show(this);
  }

  /** Compare with nothing. */
  unpin() {
    this.view.unpin();
    if (this.reading && !this.arriving) this.view.show(this);
  }

  /** Show the alternatives at this place of the output. */
  pick(place) {
    Object.assign(this, { place, chosen: true });
    this.view.pick(this);
  }

  close() {
    this.abort?.abort();
    this.page.calm(this);
    this.view.close();
  }

  #question() {
    const { sources } = this.page;
    const settings = this.page.settings(this.model);
    const isAlone = sources.isLong() && !this.others && settings.n_best > 1;
    if (isAlone) settings.n_best = 1;
    const longest = settings.max_length ?? this.model.search.max_length ?? null;
    return { items: [...sources.items], shown: sources.shown(), asked: this.asked, settings, longest, isAlone };
  }

  #body({ asked, settings }) {
    return { model: this.model.name, input: this.page.sources.value(), ...settings, ...sent(asked), alternatives: ALTERNATIVES };
  }

  #begin(reading, event) {
    reading.begin(event);
    const moved = this.heldFor !== null && this.heldFor !== event.source.units.length && this.asked.hold.length > 0;
    this.heldFor = null;
    if (moved) {
      this.asked = { ...this.asked, hold: [] };
      this.run();
      return;
    }
    this.arriving = reading;
    this.page.calm(this);
    this.view.begin(this);
  }

  #finish(reading, event, milliseconds) {
    reading.finish(event);
    const rank = reading.hypotheses[this.wanted] ? this.wanted : 0;
    Object.assign(this, { reading, arriving: null, rank, wanted: 0, undo: null, milliseconds });
    const output = reading.output(rank);
    const last = output && (reading.isCutOff(rank) ? output.units.length - 1 : output.units.length);
    if (output && (!this.chosen || this.place === null || this.place > last)) this.place = reading.leastSure(rank) ?? 0;
    this.view.show(this);
    this.view.speak(output);
  }

  /** No answer came: what was tried is taken back, and the last answer is shown again; it is stale if the input is another. */
  #refused(error) {
    const { undo } = this;
    Object.assign(this, { arriving: null, undo: null, others: false, asked: undo?.asked ?? this.asked });
    if (undo && !undo.isPinned) this.view.unpin();
    if (this.reading) this.view.show(this);
    this.page.trouble(error, this, undo === null);
  }

  #turnTo(rank) {
    if (this.arriving) return;
    Object.assign(this, { rank, chosen: false, place: this.reading.leastSure(rank) ?? 0 });
    this.view.show(this);
  }

  #findOthers() {
    this.others = true;
    this.#ask(this.asked, false);
  }

  #cell({ target, source }) {
    if (this.arriving) return;
    const every = this.room.everyStep.checked;
    if (this.holding && source !== null && (every || target !== null)) this.#hold(source, every ? null : target);
    else if (target !== null) this.pick(target);
    else this.#edit(source);
  }

  /** A unit may be changed only in the input that it was read from. */
  #edit(position) {
    const now = this.arriving ?? this.reading;
    if (now && this.page.sources.holds(now.question.items)) this.view.edit(position, now.source.units);
  }

  #turnHolding(on) {
    this.holding = on && this.model.attends;
    this.view.turnHolding(this.holding);
  }

  #hold(position, step) {
    this.#ask(withHold(this.asked, position, step));
  }

  #force(prefix, end) {
    Object.assign(this, { place: Math.min(prefix.length, this.place ?? 0), chosen: true });
    this.#ask({ ...this.asked, prefix, end });
  }

  #back() {
    const { items, asked, rank } = this.view.comparison.pinned;
    this.view.unpin();
    Object.assign(this, { asked, undo: null, heldFor: null, wanted: rank });
    this.page.restore(items, this);
  }

  /** Ask this of the same input; `pins`: to compare with what was before. */
  #ask(asked, pins = true) {
    this.undo ??= { asked: this.asked, isPinned: this.view.comparison.pinned !== null };
    if (pins) this.pin();
    this.asked = asked;
    this.run();
  }
}
