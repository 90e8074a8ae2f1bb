/* Everything that a map says, in English; map_korean.js has the same names. A [label, place] is a unit, counted from one. */

import { percent, quoted } from "./map_labels.js";

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

export const ENGLISH = {
  language: "en",
  input: "input",
  output: "output",
  attention: "attention",
  probability: "probability",
  got: "got in all",
  given: "given in all",
  givenOne: "given: always 1",
  brightened: "brightened to this map's greatest weight",
  heldByHand: "held by hand",
  none: "This model has no attention: the decoder saw only the encoder's final state, so there is no map.",

  closer: "Closer",
  farther: "Farther",
  whole: "Whole map",
  zoom: "Zoom",
  brighten: "Brighten: this map's greatest weight in full light",

  hint: "Point at a cell, or walk through the map with the arrow keys.",
  noInput: "The input is empty.",
  noOutput: "The output is empty.",
  map: (outputs, inputs) => `Map of attention: ${outputs} output units across, ${inputs} input units down.`,
  keys: "Arrow keys move, Home and End go to the ends of a row, Enter picks.",
  zoomKeys: "Plus and minus zoom, 0 shows the whole map.",
  drawing: (outputs, inputs) =>
    `Attention of ${outputs} output units, across, to ${inputs} input units, down. Brighter is more.`,
  drawingScale: (most) => `Full light is ${most}, the greatest weight of this map.`,

  // What is said of a spot: pieces of a line, some of them elements. A unit with its place is [words, place, count].
  unit: (side, label, place, count) => [`${side} “`, label, place ? `” (${place} of ${count})` : "”"],
  cell: (weight, output, input) => [weight, " ", ...output, " looked at ", ...input],
  looked: (output, parts, all) =>
    parts.length ? [...output, " looked at ", ...joined(parts), `, ${all} in all`] : [...output, " looked at nothing"],
  gotten: (input, all, from) => [...input, ` got ${all} in all`, ...(from.length ? [", most of it from ", ...from] : [])],
  chance: (output, share) => ["probability of ", ...output, `: ${percent(share)}`],
  heldHere: "Attention is held here by hand.",

  sceneAll: "Where all output units together looked.",
  sceneOne: (output) => ["Where ", ...output, " looked."],
  sceneText: (share) => ` Text got ${percent(share)} of its attention.`,
  sceneLight: (most) => ` Full light is ${most}.`,
  scene: (caption) => `The picture. ${caption}`,

  copy: "Copy",
  save: "Save",
  copyMap: "Copy the map",
  saveMap: "Save the map",
  copyAs: (kind) => `Copy the map as ${kind}`,
  saveAs: (kind) => `Save the map as ${kind}`,
  copied: (kind) => `${kind} copied`,
  saved: (file) => `${file} saved`,
  closed: (file) => `The clipboard is closed to this page, so ${file} was saved`,
  many: (count, decimals, size) =>
    `As JSON: ${count.toLocaleString("en")} numbers${decimals ? `, rounded to ${decimals} decimals` : ""}, about ${size} MB`,

  lookedAtNothing: "All weights are zero: no input unit was looked at.",
  silent: (units, count) =>
    `${capital(counted(count))} output unit${count === 1 ? "" : "s"} looked at nothing: ${listed(units, count)}.`,
  breadth: (mean, several) => `${several ? "An" : "The"} output unit looks at about ${mean} input units at once.`,
  extremes: (wide, most, narrow, least) =>
    ` ${named(wide)} looks most widely, at ${most}; ${named(narrow)} most narrowly, at ${least}.`,
  decided: (count, of) => {
    if (count === of) return "Every output unit gives more than half of its attention to one input unit.";
    if (!count) return "No output unit gives more than half of its attention to one input unit.";
    const [give, their] = count === 1 ? ["gives", "its"] : ["give", "their"];
    return `${capital(counted(count))} of ${counted(of)} output units ${give} more than half of ${their} attention ` +
      "to one input unit.";
  },
  covered: "No input unit was left out.",
  left: (units, count) =>
    `${capital(counted(count))} input unit${count === 1 ? " was" : "s were"} never looked at, or hardly: ` +
    `${listed(units, count)}.`,
  favourite: (unit, total, even) =>
    `${named(unit)} got the most attention, ${total} in all; an even share would be ${even}.`,
  still: "It looks at the same place all the time.",
  forward: "It goes through the input from the first unit to the last, and never back.",
  backward: "It goes through the input from the last unit to the first, and never forward.",
  course: (order, forward, back) => {
    const moves = `${counted(forward)} moves lead forward and ${counted(back)} back`;
    if (order > 0) return `On the whole it goes through the input from the first unit to the last: ${moves}.`;
    if (order < 0) return `On the whole it goes through the input from the last unit to the first: ${moves}.`;
    return `It jumps to and fro: ${moves}.`;
  },
  leastSure: (unit, share) => `The model was least sure of ${named(unit)}: ${percent(share)}.`,
  ends: (share) => `That the output ends where it does has a probability of ${percent(share)}.`,
};

function named([label, place]) {
  return `${quoted(label)} (${ordinal(place)})`;
}

/** The first of so many units, and how many more there are. */
function listed(units, count) {
  const names = units.map(named), more = count - units.length;
  if (more) names.push(`${counted(more)} more`);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Lists of pieces as one, with commas. */
function joined(parts) {
  return parts.flatMap((part, at) => (at ? [", ", ...part] : part));
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
