/* A record as a map holds it, and sums over its weights. */

import { visible, visibleText } from "./map_labels.js";

/** Weights as rows, one a target unit; null where there are none. */
export function rowsOf(weights, targets, sources) {
  if (weights == null) return null;
  if (ArrayBuffer.isView(weights)) {
    return Array.from({ length: targets }, (_, row) => weights.subarray(row * sources, (row + 1) * sources));
  }
  return Array.from(weights, (row) => Float32Array.from(row));
}

/** What the map keeps of a record that it was given: see heatmap.js. */
export function held(given) {
  const source = Array.from(given.source ?? []), target = Array.from(given.target ?? []), boxes = given.boxes ?? null;
  const weights = rowsOf(given.weights, target.length, source.length);
  const totals = given.totals ? Float64Array.from(given.totals) : totalsOf(weights ?? [], source.length);
  const sums = given.sums ? Array.from(given.sums) : (weights ?? []).map(sum);
  return {
    source, target, weights, totals, sums, boxes, picture: given.picture ?? null,
    probabilities: given.probabilities ? Array.from(given.probabilities) : null,
    sourceLabels: source.map((unit, at) => (boxes?.[at] ? visibleText(unit) || visible(unit) : visible(unit))),
    targetLabels: target.map(visible),
  };
}

/** Where the greatest of the numbers stands. */
export function greatest(numbers) {
  let best = 0;
  for (let at = 1; at < numbers.length; at++) if (numbers[at] > numbers[best]) best = at;
  return best;
}

/** All of them together. */
export function sum(numbers) {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** What each source unit got of all target units. */
export function totalsOf(rows, count) {
  const totals = new Float64Array(count);
  for (const row of rows) for (let at = 0; at < row.length; at++) totals[at] += row[at];
  return totals;
}

/** What the bars are called that say how much attention each target unit gave: one, unless something is wrong. */
export function givenName({ sums }) {
  return sums.every((total) => Math.abs(total - 1) < 0.005) ? "given: always 1" : "given in all";
}

/** How probable each target unit was; without the end mark. */
export function chances(record) {
  return record.probabilities.slice(0, record.target.length);
}
