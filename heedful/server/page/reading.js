/* One answer of a model while it comes: unit by unit from the stream, and in the end as the server tells it in whole. */

import { percent, visible } from "./heatmap.js";
import { quoted, say } from "./words.js";

const JOINED = { words: " ", symbols: " ", tags: ";" };

export class Reading {
  /** `unit` is what the model writes: it says how units are joined until the server tells the text. */
  constructor(unit) {
    Object.assign(this, { unit, source: null, scene: null, attends: true, branches: [], done: false });
    this.live = { units: [], log_probs: [], weights: [] };
    this.hypotheses = [];
  }

  /** The event `source`. */
  begin({ source, scene, attends }) {
    Object.assign(this, { source, scene, attends });
  }

  /** The event `step`: the first units stay, others come. True where it only adds to what there was. */
  step({ keep, units, log_probs, weights, branches }) {
    const adds = keep === this.live.units.length;
    this.live.units.splice(keep, Infinity, ...units);
    this.live.log_probs.splice(keep, Infinity, ...log_probs);
    this.live.weights.splice(keep, Infinity, ...(weights ?? []));
    this.branches.push(...branches);
    return adds;
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

  #join(units) {
    if (units.some((unit) => unit.startsWith("▁"))) return units.join("").replaceAll("▁", " ").trim();
    return units.join(JOINED[this.unit] ?? "").normalize("NFC");
  }
}

/** The place of an output that the model is least sure of: where looking at the alternatives is worth most. */
export function leastSure(output) {
  return output.log_probs.reduce((least, value, place) => (value < output.log_probs[least] ? place : least), 0);
}

/** How probable an output is, where the model was least sure, and how long it took, in a line. */
export function certainty(output, milliseconds) {
  const least = leastSure(output);
  const unit = least < output.units.length ? quoted(visible(output.units[least])) : say("end.mark");
  const shares = [say("output.probability", percent(Math.exp(output.log_prob)))];
  if (output.log_probs.length > 1) shares.push(say("output.doubt", unit, percent(Math.exp(output.log_probs[least]))));
  return [...shares, say("output.time", Math.round(milliseconds))].join(" · ");
}
