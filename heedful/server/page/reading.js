/* One answer of a model while it comes: unit by unit from the stream, and in the end as the server tells it in whole. */

import { visible } from "./heatmap.js";
import { percent, quoted, say } from "./words.js";

const JOINED = { words: " ", symbols: " ", tags: ";" };

export class Reading {
  /**
   * `unit` is what the model writes: it says how units are joined until the server tells the text. `question` is what was
   * asked: { items, shown, asked, settings, longest, isAlone }.
   */
  constructor(unit, question) {
    Object.assign(this, { unit, question, source: null, scene: null, attends: true, branches: [], done: false });
    this.live = { units: [], log_probs: [], weights: [] };
    this.hypotheses = [];
  }

  /** The event `source`. */
  begin({ source, scene, attends }) {
    Object.assign(this, { source, scene, attends });
  }

  /** The event `step`: the first units stay, others come. Returns how many stay. */
  step({ keep, units, log_probs, weights, branches }) {
    this.live.units.splice(keep, Infinity, ...units);
    this.live.log_probs.splice(keep, Infinity, ...log_probs);
    this.live.weights.splice(keep, Infinity, ...(weights ?? []));
    this.branches.push(...branches);
    return keep;
  }

  /** The event `result`: it counts, whatever came before. */
  finish({ source, scene, attends, hypotheses, tree }) {
    Object.assign(this, { source, scene, attends, hypotheses, branches: tree, done: true });
  }

  /** An output: the one of this rank, or what there is of the best one. */
  output(rank = 0) {
    if (this.done) return this.hypotheses[rank] ?? this.hypotheses[0] ?? null;
    const { units, log_probs, weights } = this.live;
    return { text: this.#join(units), units, log_probs, attention: this.attends ? { weights } : null, alternatives: [] };
  }

  /** Whether an output ends only because it was as long as it may be: the search then closes it with an end mark. */
  isCutOff(rank = 0) {
    const { longest, asked } = this.question;
    return this.done && !asked.end && longest !== null && this.output(rank)?.units.length === longest;
  }

  /** The place of an output that the model is least sure of, among those that it chose itself. */
  leastSure(rank = 0) {
    const { log_probs, units } = this.output(rank);
    const { prefix, end } = this.question.asked;
    const last = end || this.isCutOff(rank) ? units.length : log_probs.length;
    const free = log_probs.map((_, place) => place).slice(Math.min(prefix.length, last), last);
    return free.reduce((least, place) => (least === null || log_probs[place] < log_probs[least] ? place : least), null);
  }

  /** What the map shows of an output; null for a model without attention. */
  record(rank = 0) {
    const output = this.output(rank);
    if (!output?.attention || this.source === null) return null;
    const probabilities = output.log_probs.map(Math.exp);
    const record = { source: this.source.units, target: output.units, weights: output.attention.weights, probabilities };
    if (this.scene?.boxes?.some((box) => box !== null)) record.boxes = this.scene.boxes;
    if (this.scene?.picture) record.picture = this.scene.picture;
    return record;
  }

  /** How probable an output is, where the model was least sure, whether it was cut off, and how long it took, in a line. */
  certainty(rank, milliseconds) {
    const output = this.output(rank);
    const least = this.leastSure(rank);
    const shares = [say("output.probability", percent(Math.exp(output.log_prob)))];
    if (least !== null && output.log_probs.length > 1) {
      const unit = least < output.units.length ? quoted(visible(output.units[least])) : say("end.mark");
      shares.push(say("output.doubt", unit, percent(Math.exp(output.log_probs[least]))));
    }
    if (this.isCutOff(rank)) shares.push(say("output.cut", this.question.longest));
    return [...shares, say("output.time", Math.round(milliseconds))].join(" · ");
  }

  #join(units) {
    if (units.some((unit) => unit.startsWith("▁"))) return units.join("").replaceAll("▁", " ").trim();
    return units.join(JOINED[this.unit] ?? "").normalize("NFC");
  }
}
