/* A record as a map keeps it, and sums over its weights. */

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
export function kept(given) {
  const source = Array.from(given.source ?? []), target = Array.from(given.target ?? []), boxes = given.boxes ?? null;
  const weights = rowsOf(given.weights, target.length, source.length);
  const totals = given.totals ? Float64Array.from(given.totals) : totalsOf(weights ?? [], source.length);
  const sums = given.sums ? Array.from(given.sums) : (weights ?? []).map(sum);
  return {
    source, target, weights, totals, sums, boxes, picture: given.picture ?? null, decimals: given.decimals ?? null,
    probabilities: given.probabilities ? Array.from(given.probabilities, (share) => share ?? NaN) : null,
    greatest: weights ? mostOf(weights) : 0, sourceLabels: labelsOf(source, boxes), targetLabels: target.map(visible),
  };
}

/** One more output unit. It takes the place of an end mark, if there was one. */
export function extend(record, { unit, weights = null, probability = null }) {
  record.probabilities?.splice(record.target.length, Infinity, probability ?? NaN);
  record.target.push(unit);
  record.targetLabels.push(visible(unit));
  if (!record.weights) return;
  const row = weights ? Float32Array.from(weights) : new Float32Array(record.source.length);
  record.weights.push(row);
  record.sums.push(sum(row));
  row.forEach((weight, at) => (record.totals[at] += weight));
  record.greatest = Math.max(record.greatest, mostOf([row]));
}

/** Whether the record has this spot. */
export function isIn({ target, source }, spot) {
  const inside = (at, units) => at === null || (at >= 0 && at < units.length);
  return (spot.target !== null || spot.source !== null) && inside(spot.target, target) && inside(spot.source, source);
}

/** Source units as they are drawn: a part of a picture or a sound has a name, in which a space is a space. */
export function labelsOf(source, boxes = null) {
  return Array.from(source, (unit, at) => (boxes?.[at] ? spaced(unit) : visible(unit)));
}

/** A text that may be empty, or nothing but spaces. */
export function spaced(text) {
  return visibleText(text) || visible(text);
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
export function givenName({ sums }, words) {
  return sums.every((total) => Math.abs(total - 1) < 0.005) ? words.givenOne : words.given;
}

/** How probable each target unit was, without the end mark; -1 where nobody knows, which has no bar. */
export function chances({ probabilities, target }) {
  return Array.from(target, (_, at) => (Number.isFinite(probabilities[at]) ? probabilities[at] : -1));
}

function mostOf(rows) {
  let most = 0;
  for (const row of rows) for (let at = 0; at < row.length; at++) if (row[at] > most) most = row[at];
  return most;
}
