/* What is seen of one model: its output, its map, what else was likely, the tree. It shows a panel, and tells it of clicks. */

import { Alternatives } from "./alternatives.js";
import { isAsIs, showAsked } from "./asking.js";
import { Comparison } from "./comparison.js";
import { Editor } from "./editor.js";
import { fill, keepingFocus, make } from "./elements.js";
import { Heatmap, saveButtons, statistics, visible } from "./heatmap.js";
import { showOthers } from "./others.js";
import { rooms } from "./rooms.js";
import { Tree } from "./tree.js";
import { OutputUnits, SourceUnits } from "./units.js";
import { language, percent, quoted, say } from "./words.js";

const MOST_NAMED = 6; // units in a sentence
const LONG = 120; // letters of an output that is written small
const EASE = 4; // so many times as long as the last drawing took nothing is drawn while an answer comes

export class View {
  /** `tell` has a function for everything that can be clicked: see panel.js. */
  constructor(model, number, sources, tell) {
    const room = rooms(number);
    Object.assign(this, { model, sources, tell, room, last: null, spot: null, timer: null, kept: 0, pause: 0 });
    this.outputs = new OutputUnits(room.units, { onPick: tell.pick, onPoint: (target) => this.#point(target, null) });
    this.inputs = new SourceUnits(room.source, { onPick: tell.edit, onPoint: (source) => this.#point(null, source) });
    this.alternatives = new Alternatives(room.alternatives, tell.force);
    this.tree = new Tree(room.tree, tell.force);
    this.editor = new Editor(room.editor, { onTexts: tell.texts, onHold: tell.hold });
    this.comparison = new Comparison(room.before, room.comparison, tell.back);
    if (model.attends) this.#draw();
    room.compare.addEventListener("click", tell.compare);
    room.hold.addEventListener("click", () => tell.turnHolding(room.hold.getAttribute("aria-pressed") !== "true"));
    room.panel.addEventListener("keydown", ({ key }) => key === "Escape" && tell.turnHolding(false));
    room.reads.querySelector("summary").addEventListener("click", () => { this.turned = true; });
    this.relabel();
  }

  /** Say what does not depend on an answer, in the language of now. */
  relabel() {
    this.room.name.textContent = this.model.name;
    this.room.relabel(this.model);
    if (this.map) this.map.language = language();
    this.#nameCompare();
    this.editor.close();
  }

  /** An answer is awaited, or was there; the map keeps its height meanwhile, so that nothing jumps. */
  wait(isWaiting) {
    const { panel, map } = this.room;
    panel.setAttribute("aria-busy", String(isWaiting));
    map.style.minBlockSize = isWaiting ? `${map.offsetHeight}px` : "";
  }

  /** The input as the model reads it; the output is still to come. */
  begin(panel) {
    const { arriving } = panel;
    Object.assign(this, { last: panel, kept: 0 });
    this.editor.close();
    this.room.panel.classList.remove("bare");
    keepingFocus(this.room.panel, this.room.compare, () => this.#showInput(panel, arriving));
    if (!this.turned) this.room.reads.open = arriving.source.unknown.length > 0 || !this.sources.shows(arriving.source.units);
    this.#showMap(arriving.record(), arriving.question.asked);
  }

  /** The output became another one, but for its first `keep` units. It is drawn as often as there is time for it. */
  step(panel, keep) {
    this.kept = Math.min(this.kept, keep);
    this.timer ??= setTimeout(() => this.#grow(panel), this.pause);
  }

  /** Everything of an answer that is whole. */
  show(panel) {
    keepingFocus(this.room.panel, this.room.compare, () => this.#showAll(panel));
  }

  /** Forget what it is compared with. */
  unpin() {
    keepingFocus(this.room.panel, this.room.compare, () => this.comparison.unpin());
    this.#nameCompare();
  }

  /** Another place of the output is looked at. */
  pick({ reading, arriving, rank, place }) {
    this.outputs.select(place);
    if (!arriving && reading) this.alternatives.show(reading.output(rank), place);
  }

  /** Why no answer came, or nothing; `isStale`: what is shown is the answer to another input. */
  trouble(message, isStale) {
    const { panel, trouble, stale } = this.room;
    if (trouble.textContent !== message) trouble.textContent = message;
    panel.classList.toggle("stale", isStale);
    stale.textContent = isStale && this.last?.reading ? say("output.stale") : "";
  }

  /** Say the output to those who do not see it. */
  speak(output) {
    const [text, share] = [output?.text || say("output.empty"), percent(Math.exp(output?.log_prob ?? 0))];
    this.room.spoken.textContent = output ? say("output.spoken", this.model.name, text, share) : "";
  }

  /** Offer to change an input unit. */
  edit(position, units) {
    this.editor.open({ units, position, texts: this.sources.texts(), attends: this.model.attends });
  }

  turnHolding(isHolding) {
    const { hold, holdMore, map, units } = this.room;
    hold.setAttribute("aria-pressed", String(isHolding));
    holdMore.hidden = !isHolding;
    map.classList.toggle("holding", isHolding);
    units.classList.toggle("roomy", isHolding || this.comparison.pinned !== null);
  }

  close() {
    clearTimeout(this.timer);
    this.map?.close();
    this.comparison.unpin();
    this.room.panel.remove();
  }

  #draw() {
    const { room, model, sources, tell } = this;
    const point = (spot) => {
      this.outputs.point(spot?.target ?? null);
      this.inputs.point(spot?.source ?? null);
    };
    this.map = new Heatmap(room.map, {
      onFocus: point,
      onLeave: () => point(null),
      onPick: (spot) => { this.spot = spot; tell.cell(spot); },
      language: language(),
    });
    const title = () => `${sources.shown()} → ${this.last?.reading?.output(this.last.rank)?.text ?? ""}`;
    saveButtons(room.save, this.map, { title, name: `heedful-${model.name}` });
  }

  /** What there is of the output that comes. */
  #grow({ arriving, holding }) {
    this.timer = null;
    if (!arriving) return;
    const began = performance.now();
    const [keep, { units, log_probs, weights }] = [this.kept, arriving.live];
    this.kept = units.length;
    if (this.map && keep === this.map.record.target.length) {
      for (let at = keep; at < units.length; at += 1) {
        this.map.extend({ unit: units[at], weights: weights[at], probability: Math.exp(log_probs[at]) });
      }
    } else if (this.map) this.#showMap(arriving.record(), arriving.question.asked);
    this.#write(arriving.output().text);
    const { asked } = arriving.question;
    this.outputs.grow(keep, arriving.live, asked.prefix.length, holding || this.comparison.pinned !== null);
    this.tree.show(arriving.branches, units, units, true);
    const painted = (units.length * arriving.source.units.length) / 5000; // what the map takes for itself afterwards
    this.pause = Math.min(1000, EASE * (performance.now() - began + painted));
  }

  #showAll(panel) {
    const { reading, rank, place, holding } = panel;
    const { asked } = reading.question;
    const { room } = this;
    const output = reading.output(rank);
    clearTimeout(this.timer);
    Object.assign(this, { last: panel, timer: null, pause: 0 });
    room.panel.hidden = false;
    if (output === null) return;
    const pinned = this.comparison.pinned;
    this.#write(output.text);
    room.certainty.textContent = reading.certainty(rank, panel.milliseconds);
    this.outputs.show({
      ...output, forced: asked.prefix.length, forcedEnd: asked.end, selected: place, before: pinned?.output.units ?? null,
      roomy: holding, isCutOff: reading.isCutOff(rank),
    });
    this.#showInput(panel, reading);
    const record = reading.record(rank);
    if (record) this.#showMap(record, asked);
    room.alternatives.hidden = false;
    this.alternatives.show(output, place);
    const { isAlone } = reading.question;
    room.others.hidden = reading.hypotheses.length < 2 && !isAlone;
    showOthers(room.othersList, reading.hypotheses, rank, this.tell.turnTo, isAlone ? this.tell.findOthers : null);
    const isMapped = record?.target.length > 0 && record.source.length > 0;
    const told = isMapped ? statistics(record.weights, record.source, record.target, language(), this.map.record) : [];
    fill(room.remarks, ...told.map((sentence) => make("li", {}, sentence)));
    room.statistics.hidden = !isMapped;
    this.tree.show(reading.branches, reading.output().units, output.units);
    this.#nameCompare();
    this.comparison.show({ output, record });
  }

  #write(text) {
    const place = this.room.text;
    place.textContent = text || say("output.empty");
    place.classList.toggle("empty", text === "");
    place.classList.toggle("long", text.length > LONG);
    if (text.length > LONG) place.tabIndex = 0; // it may have to be scrolled
    else place.removeAttribute("tabindex");
  }

  #nameCompare() {
    this.room.compare.textContent = say(this.comparison.pinned ? "compare.stop" : "compare");
  }

  /** The map, with the keyboard's cursor where it was. */
  #showMap(record, { hold }) {
    if (!this.map) return;
    const isThere = this.room.map.contains(document.activeElement);
    this.map.show(record);
    this.map.hold(hold.map(({ position, step }) => ({ target: step, source: position })));
    if (isThere && this.spot && (this.spot.target ?? 0) < record.target.length) this.map.focus(this.spot);
  }

  #showInput({ asked, rank }, { source, question, ...reading }) {
    const { room } = this;
    const { units, unknown } = source;
    const pinned = this.comparison.pinned;
    const strange = [...new Set(unknown.map((position) => units[position]))];
    const named = strange.slice(0, MOST_NAMED).map((unit) => quoted(visible(unit)));
    const held = question.asked.hold.map(({ position }) => position);
    this.inputs.show({ units, unknown, held, before: pinned?.units ?? null });
    room.unknown.textContent = strange.length ? say("unknown", strange.length, named.join(", ")) : "";
    showAsked(room.asked, asked, { source: units, output: reading.hypotheses[rank]?.units }, this.tell.ask);
    room.asked.hidden = isAsIs(asked);
    room.whatIf.hidden = room.asked.hidden && pinned === null;
  }

  /** Mark in the map what is pointed at beside it. */
  #point(target, source) {
    const { reading, arriving, rank } = this.last ?? {};
    if (!reading || arriving || !this.map) return;
    const isThere = source !== null || (target !== null && target < reading.output(rank).units.length);
    this.map.point(isThere ? { target, source } : null);
  }
}
