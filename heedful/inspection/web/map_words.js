/* What there is to say about a map in plain words. The sentences stand in map_english.js and its like. */

import { amount, visible } from "./map_labels.js";
import { wordsIn } from "./map_languages.js";
import { greatest, labelsOf, rowsOf, sum, totalsOf } from "./map_record.js";

const FEW = 0.1; // of an even share of the attention: what got less counts as not looked at
const IN_ORDER = 0.9; // a correlation between places in the output and where it looked
const SPREAD = 0.5; // units between the narrowest look and the widest, before they are named
const MOST_LISTED = 6; // units in a sentence

/** What there is to say about the probabilities of output units, and of the end mark, where it is one more. */
export function certainty(probabilities, target, language = "en") {
  const words = wordsIn(language), said = [], end = probabilities[target.length];
  const doubts = Array.from(target, (_, at) => (Number.isFinite(probabilities[at]) ? -probabilities[at] : -Infinity));
  const least = greatest(doubts);
  if (target.length > 1 && doubts[least] > -Infinity) {
    said.push(words.leastSure([visible(target[least]), least + 1], probabilities[least]));
  }
  return Number.isFinite(end) ? [...said, words.ends(end)] : said;
}

/**
 * What there is to say about a map: how widely it looks, what it leaves out, and the way it goes. `known` is what the
 * record has besides: boxes; and totals, breadths and peaks, where weights were rounded.
 */
export function statistics(weights, source, target, language = "en", known = {}) {
  const rows = rowsOf(weights, target.length, source.length), words = wordsIn(language);
  if (!rows?.length || !source.length) return [];
  const inputs = labelsOf(source, known.boxes), outputs = target.map(visible), sums = rows.map(sum);
  const looking = sums.flatMap((all, at) => (all > 0 ? [at] : []));
  if (!looking.length) return [words.lookedAtNothing];
  const totals = known.totals ?? totalsOf(rows, inputs.length), peaks = known.peaks ?? rows.map(greatest);
  const wide = known.breadths ?? rows.map(breadth);
  return [
    silent(outputs, sums, words),
    widths(outputs, looking, wide, words),
    looking.length > 1 && words.decided(looking.filter((at) => rows[at][peaks[at]] > 0.5 * sums[at]).length, looking.length),
    coverage(totals, inputs, looking.length, words),
    inputs.length > 1 && favourite(totals, inputs, words),
    looking.length > 1 && course(looking.map((at) => peaks[at]), words),
  ].filter(Boolean);
}

/** Over how many units a look is spread: as many as an even look at them would have. */
function breadth(row) {
  const all = sum(row) || 1;
  let entropy = 0;
  for (const weight of row) if (weight > 0) entropy -= (weight / all) * Math.log(weight / all);
  return Math.exp(entropy);
}

function silent(outputs, sums, words) {
  const found = outputs.flatMap((label, at) => (sums[at] > 0 ? [] : [[label, at + 1]]));
  return found.length ? words.silent(found.slice(0, MOST_LISTED), found.length) : "";
}

function widths(outputs, looking, wide, words) {
  const found = looking.map((at) => wide[at]), most = greatest(found), least = greatest(found.map((number) => -number));
  const first = words.breadth((sum(found) / found.length).toFixed(1), looking.length > 1);
  if (found[most] - found[least] < SPREAD) return first;
  const [one, other] = [most, least].map((at) => [outputs[looking[at]], looking[at] + 1]);
  return first + words.extremes(one, found[most].toFixed(1), other, found[least].toFixed(1));
}

function coverage(totals, inputs, count, words) {
  const even = count / inputs.length;
  const left = inputs.flatMap((label, at) => (totals[at] < FEW * even ? [[label, at + 1]] : []));
  return left.length ? words.left(left.slice(0, MOST_LISTED), left.length) : words.covered;
}

function favourite(totals, inputs, words) {
  const most = greatest(totals), even = sum(totals) / inputs.length;
  return words.favourite([inputs[most], most + 1], amount(totals[most]), amount(even));
}

function course(peaks, words) {
  const forward = peaks.filter((peak, at) => at && peak > peaks[at - 1]).length;
  const back = peaks.filter((peak, at) => at && peak < peaks[at - 1]).length, order = correlation(peaks);
  if (!forward && !back) return words.still;
  if (!back) return words.forward;
  if (!forward) return words.backward;
  return words.course(Math.abs(order) >= IN_ORDER ? Math.sign(order) : 0, forward, back);
}

/** How well the numbers go with their places in the list, from -1 to 1. */
function correlation(numbers) {
  const middle = (numbers.length - 1) / 2, mean = sum(numbers) / numbers.length;
  let both = 0, places = 0, squares = 0;
  numbers.forEach((number, at) => {
    both += (at - middle) * (number - mean);
    places += (at - middle) ** 2;
    squares += (number - mean) ** 2;
  });
  return both / Math.sqrt(places * squares);
}
