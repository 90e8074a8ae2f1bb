/* What there is to say about a map in plain words. */

import { percent, quoted, visible } from "./map_labels.js";
import { greatest, rowsOf, sum, totalsOf } from "./map_record.js";

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const FEW = 0.1; // of an even share of the attention: what got less counts as not looked at
const IN_ORDER = 0.9; // a correlation between places in the output and where it looked
const SPREAD = 0.5; // units between the narrowest look and the widest, before they are named

/** What there is to say about the probabilities of output units, and of the end mark, where it is one more. */
export function certainty(probabilities, target) {
  const least = greatest(probabilities.slice(0, target.length).map((share) => -share)), said = [];
  if (target.length > 1) {
    const name = `${quoted(visible(target[least]))} (${ordinal(least + 1)})`;
    said.push(`The model was least sure of ${name}: ${percent(probabilities[least])}.`);
  }
  if (probabilities.length > target.length) {
    said.push(`That the output ends where it does has a probability of ${percent(probabilities[target.length])}.`);
  }
  return said;
}

/** What there is to say about a map: how widely it looks, what it leaves out, and the way it goes. */
export function statistics(weights, source, target) {
  const rows = rowsOf(weights, target.length, source.length);
  if (!rows?.length || !source.length) return [];
  const inputs = source.map(visible), outputs = target.map(visible);
  return [breadth(rows, outputs), decided(rows), coverage(rows, inputs), favourite(rows, inputs), course(rows)].filter(Boolean);
}

function breadth(rows, outputs) {
  const wide = rows.map((row) => {
    const all = sum(row) || 1;
    let entropy = 0;
    for (const weight of row) if (weight > 0) entropy -= (weight / all) * Math.log(weight / all);
    return Math.exp(entropy);
  });
  const mean = sum(wide) / wide.length, most = greatest(wide), least = greatest(wide.map((number) => -number));
  const first = `${rows.length > 1 ? "An" : "The"} output unit looks at about ${mean.toFixed(1)} input units at once.`;
  if (wide[most] - wide[least] < SPREAD) return first;
  return `${first} ${quoted(outputs[most])} looks most widely, at ${wide[most].toFixed(1)}; ` +
    `${quoted(outputs[least])} most narrowly, at ${wide[least].toFixed(1)}.`;
}

function decided(rows) {
  const count = rows.filter((row) => row[greatest(row)] > 0.5 * sum(row)).length;
  if (rows.length < 2) return "";
  if (count === rows.length) return "Every output unit gives more than half of its attention to one input unit.";
  return `${capital(counted(count))} of ${counted(rows.length)} output units ${count === 1 ? "gives" : "give"} ` +
    `more than half of ${count === 1 ? "its" : "their"} attention to one input unit.`;
}

function coverage(rows, inputs) {
  const totals = totalsOf(rows, inputs.length), even = rows.length / inputs.length, left = [];
  inputs.forEach((label, at) => totals[at] < FEW * even && left.push(at));
  if (!left.length) return "No input unit was left out.";
  const names = left.slice(0, 6).map((at) => `${quoted(inputs[at])} (${ordinal(at + 1)})`);
  const more = left.length > names.length ? [`${counted(left.length - names.length)} more`] : [];
  return `${capital(counted(left.length))} input unit${left.length === 1 ? " was" : "s were"} never looked at, ` +
    `or hardly: ${listed([...names, ...more])}.`;
}

function favourite(rows, inputs) {
  const totals = totalsOf(rows, inputs.length), most = greatest(totals);
  if (inputs.length < 2) return "";
  const even = (rows.length / inputs.length).toPrecision(2);
  return `${quoted(inputs[most])} (${ordinal(most + 1)}) got the most attention, ${totals[most].toFixed(2)} in all; ` +
    `an even share would be ${Number(even)}.`;
}

function course(rows) {
  const peaks = rows.map(greatest);
  const forward = peaks.filter((peak, at) => at && peak > peaks[at - 1]).length;
  const back = peaks.filter((peak, at) => at && peak < peaks[at - 1]).length, order = correlation(peaks);
  if (rows.length < 2) return "";
  if (!forward && !back) return "It looks at the same place all the time.";
  if (!back) return "It goes through the input from the first unit to the last, and never back.";
  if (!forward) return "It goes through the input from the last unit to the first, and never forward.";
  const moves = `${counted(forward)} moves lead forward and ${counted(back)} back`;
  if (order >= IN_ORDER) return `On the whole it goes through the input from the first unit to the last: ${moves}.`;
  if (order <= -IN_ORDER) return `On the whole it goes through the input from the last unit to the first: ${moves}.`;
  return `It jumps to and fro: ${moves}.`;
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

function counted(count) {
  return NUMBERS[count] ?? count.toLocaleString("en");
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function ordinal(count) {
  const last = count % 100 > 10 && count % 100 < 14 ? 0 : count % 10;
  return `${count}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
