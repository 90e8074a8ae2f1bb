/* What is seen of one model: its output, its map, what else was likely, the tree. It shows a panel, and tells it of clicks. */

import { Alternatives } from "./alternatives.js";
import { isAsIs, showAsked } from "./asking.js";
import { Comparison } from "./comparison.js";
import { Editor } from "./editor.js";
import { fill, keepingFocus, make } from "./elements.js";
import { Heatmap, percent, saveButtons, visible } from "./heatmap.js";
import { markHeld, markPointed } from "./marks.js";
import { showOthers } from "./others.js";
import { certainty } from "./reading.js";
import { remarks } from "./remarks.js";
import { rooms } from "./rooms.js";
import { Tree } from "./tree.js";
import { OutputUnits, SourceUnits } from "./units.js";
import { quoted, say } from "./words.js";

const MOST_NAMED = 6; // units in a sentence

export class View {
  /** `tell` has a function for everything that can be clicked: see panel.js. */
  constructor(model, number, sources, tell) {
    const room = rooms(number);
    Object.assign(this, { model, sources, tell, room, last: null, spot: null });
    this.outputs = new OutputUnits(room.units, { onPick: tell.pick, onPoint: (target) => this.#point(target, null) });
    this.inputs = new SourceUnits(room.source, { onPick: tell.edit, onPoint: (source) => this.#point(null, source) });
    this.alternatives = new Alternatives(room.alternatives, tell.choose);
    this.tree = new Tree(room.tree, tell.force);
    this.editor = new Editor(room.editor, { onTexts: tell.texts, onHold: tell.hold });
    this.comparison = new Comparison(room.before, room.comparison, { onBack: tell.back, onStop: tell.stop });
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
    const { source } = panel.reading;
    this.last = panel;
    keepingFocus(this.room.panel, this.room.compare, () => this.#showInput(panel));
    if (!this.turned) this.room.reads.open = source.unknown.length > 0 || !this.sources.shows(source.units);
    this.map?.show(panel.reading.record());
  }

  /** One step more of the output; `adds` where what stood there still stands. */
  step({ reading, asked, holding }, adds) {
    const { units, log_probs, weights } = reading.live;
    if (this.map && adds) {
      for (let at = this.map.record.target.length; at < units.length; at += 1) {
        this.map.extend({ unit: units[at], weights: weights[at], probability: Math.exp(log_probs[at]) });
      }
    } else this.map?.show(reading.record());
    this.room.text.textContent = reading.output().text;
    const roomy = holding || this.comparison.pinned !== null;
    this.outputs.show({ units, log_probs, forced: asked.prefix.length, done: false, roomy });
    this.tree.show(reading.branches, units, true);
  }

  /** Everything of an answer that is whole. */
  show(panel) {
    keepingFocus(this.room.panel, this.room.compare, () => this.#showAll(panel));
  }

  /** Forget what it is compared with. */
  unpin() {
    keepingFocus(this.room.panel, this.room.compare, () => this.comparison.unpin());
  }

  /** Another place of the output is looked at. */
  pick({ reading, rank, place }) {
    this.outputs.select(place);
    this.alternatives.show(reading.output(rank), place);
  }

  /** Say the output to those who do not see it. */
  speak(output) {
    const [text, share] = [output?.text || say("output.empty"), percent(Math.exp(output?.log_prob ?? 0))];
    this.room.spoken.textContent = output ? say("output.spoken", this.model.name, text, share) : "";
  }

  /** Offer to change an input unit. */
  edit(position, { reading }) {
    if (!reading?.done) return;
    const { units } = reading.source;
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
    });
    const title = () => `${sources.shown()} → ${this.last?.reading.output(this.last.rank)?.text ?? ""}`;
    saveButtons(room.save, this.map, { title, name: `heedful-${model.name}` });
  }

  #showAll(panel) {
    const { reading, rank, place, asked, holding } = panel;
    const { room } = this;
    const output = reading.output(rank);
    this.last = panel;
    room.panel.hidden = false;
    if (output === null) return;
    const pinned = this.comparison.pinned;
    room.text.textContent = output.text || say("output.empty");
    room.text.classList.toggle("empty", output.text === "");
    room.certainty.textContent = certainty(output, panel.milliseconds);
    this.outputs.show({
      ...output, forced: asked.prefix.length, forcedEnd: asked.end, selected: place, before: pinned?.output.units ?? null,
      roomy: holding,
    });
    this.#showInput(panel);
    const record = reading.record(rank);
    if (record) this.#showMap(record, asked);
    room.alternatives.hidden = false;
    this.alternatives.show(output, place);
    room.others.hidden = reading.hypotheses.length < 2;
    showOthers(room.othersList, reading.hypotheses, rank, this.tell.turnTo);
    fill(room.remarks, ...(record ? remarks(record) : []).map((sentence) => make("li", {}, sentence)));
    room.statistics.hidden = !record?.target.length;
    this.tree.show(reading.branches, output.units);
    room.compare.setAttribute("aria-pressed", String(pinned !== null));
    this.comparison.show({ output, record });
  }

  /** The map, with the keyboard's cursor where it was. */
  #showMap(record, { hold }) {
    const isThere = this.room.map.contains(document.activeElement);
    this.map.show(record);
    markHeld(this.room.map, this.map.record, hold.filter(({ step }) => step === null || step < record.target.length));
    if (isThere && this.spot && (this.spot.target ?? 0) < record.target.length) this.map.focus(this.spot);
  }

  #showInput({ reading, rank, asked }) {
    const { room } = this;
    const { units, unknown } = reading.source;
    const pinned = this.comparison.pinned;
    const named = unknown.slice(0, MOST_NAMED).map((position) => quoted(visible(units[position])));
    this.inputs.show({ units, unknown, held: asked.hold.map(({ position }) => position), before: pinned?.units ?? null });
    room.unknown.textContent = unknown.length ? say("unknown", unknown.length, named.join(", ")) : "";
    showAsked(room.asked, asked, { source: units, output: reading.output(rank)?.units }, this.tell.ask);
    room.asked.hidden = isAsIs(asked);
    room.whatIf.hidden = room.asked.hidden && pinned === null;
  }

  #point(target, source) {
    const { reading, rank } = this.last ?? {};
    if (!reading?.done || !this.map) return;
    const isThere = source !== null || (target !== null && target < reading.output(rank).units.length);
    markPointed(this.room.map, this.map.record, isThere ? { target, source } : null);
  }
}
