/* Everything that the page says: by name, in the language that was chosen. English stands here, Korean in korean.js. */

import { percent as written } from "./heatmap.js";
import { korean } from "./korean.js";

const s = (count) => (count === 1 ? "" : "s");

const english = {
  motto: "which input units did it look at?",
  language: "Language",
  "scheme.light": "Turn to light",
  "scheme.dark": "Turn to dark",
  token: "This server asks for a token",
  "token.send": "Use it",
  "token.kept": "It is kept until this tab is closed, and sent to this server only.",
  "token.wrong": "That was not the token. Try another one.",
  "token.letters": "A token is made of unaccented letters, digits and signs, without blanks.",

  input: "Input",
  "input.column": (place, unit) => `Input ${place}: ${unit}`,
  "input.picture": "Input: a picture",
  "input.spectrogram": "Input: a sound",
  "input.vectors": "Input: an array of vectors",
  "unit.letters": "letters", "unit.characters": "characters", "unit.words": "words", "unit.symbols": "symbols",
  "unit.jamo": "Hangul letters", "unit.tags": "tags", "unit.subwords": "subwords",
  predict: "Predict",
  example: "Example",
  "empty.text": "Type an input: the output comes while you type.",
  "empty.picture": "Draw something, or choose a picture: the output comes at once.",
  "empty.spectrogram": "Choose a sound, or drop one here: the output comes at once.",
  "empty.vectors": "Choose a .npy file, or drop one here: the output comes at once.",
  model: "Model",
  second: "Second model",
  "second.none": "none",
  settings: "How to search",
  beam_size: "Beam size",
  max_length: "Longest output",
  "max_length.empty": "as in training",
  length_penalty: "Length penalty",
  "setting.range": (least, most) => `A number from ${least} to ${most}.`,
  "setting.whole": (least, most) => `A whole number from ${least} to ${most}.`,
  "file.picture": "Choose a picture",
  "file.spectrogram": "Choose a sound",
  "file.vectors": "Choose a .npy file",
  "file.drop": "or drop one anywhere on this page",
  "file.large": (most) => `The server takes files of ${most} KiB at most.`,
  drawing: "your drawing",
  "drawing.sheet": "A sheet of paper to draw on",
  "drawing.write": "or write",
  "drawing.clear": "Clear the sheet",

  "about.attention": (wiring, how) => `attention: ${wiring}${how ? ` (${how})` : ""}`,
  "about.fixed": "no attention",
  "about.parameters": (count) => `${count.toLocaleString("en")} parameters`,
  "about.metrics": (metrics) => `on its development data: ${metrics}`,
  metric: (name, value) => ({
    accuracy: `${value} % exactly right`, error_rate: `edit distance ${value} % of the units`,
    item_accuracy: `${value} % of places right`, bleu: `BLEU ${value}`, chrf: `chrF ${value}`,
  }[name] ?? `${name} ${value}`),
  without:
    "This model has no attention: only the encoder's final state reaches the decoder, so there is no map of where it " +
    "looked. What it has is here: the output, how probable each unit was, what else was likely, and the beam.",

  "output.units": "Output units, and the end mark",
  "output.empty": "(nothing)",
  "output.probability": (share) => `probability ${share}`,
  "output.doubt": (unit, share) => `least sure of ${unit}: ${share}`,
  "output.cut": (longest) => `cut off at the longest output (${longest})`,
  "output.stale": "Shown is still the answer to the input before.",
  "output.time": (milliseconds) => `${milliseconds} ms`,
  "output.spoken": (model, text, share) => `${model} says: ${text}. Probability ${share}.`,
  "end.mark": "end of the output",
  "end.short": "end",
  "what.if": "What if",
  "source.read": "The input as the model reads it",
  "source.units": "Input units",
  "source.position": (position) => `input unit ${position}`,
  unknown: (count, units) =>
    `The model never saw ${units}${count > 6 ? " and others" : ""} in training: ` +
    `it reads ${count === 1 ? "it as an unknown unit" : "them as unknown units"}.`,
  "unknown.unit": "never seen in training",

  alternatives: "What else could stand here",
  "alternatives.first": "At the beginning of the output. Choose one, and the output goes on from there.",
  "alternatives.where": (place, before) =>
    `At place ${place}, after ${before}. Choose one, and the output goes on from there.`,
  "alternatives.none": "Choose an output unit to see what else was likely.",
  "alternatives.choose": (unit, share) => `${unit}, ${share}: let the output go on with it`,
  "alternatives.written": (unit, share) => `${unit}, ${share}: this is what stands here`,
  "alternatives.rest": (share) => `All others together: ${share}.`,
  others: "Outputs that the search found",
  "others.order": "With their probability; their order counts length, too.",
  "others.find": "Find more than one",
  "forced.begins": (units) => `You chose how the output begins: ${units}.`,
  "forced.whole": (units) => `You chose the whole output: ${units}, and then its end.`,
  "forced.empty": "You chose that the output ends at once.",
  "forced.release": "Let it choose again",
  "forced.unit": "chosen by you",

  hold: "Hold attention",
  "hold.one": "at the output unit that I click",
  "hold.all": "at every output unit",
  "hold.hint":
    "Click a cell of the map, or go there with the arrow keys and press Enter. All attention then lies on that input unit.",
  "held.step": (output, input) => `Output unit ${output} has to look at input unit ${input}.`,
  "held.every": (input) => `Every output unit has to look at input unit ${input}.`,
  "held.release": "Release",
  "held.unit": "attention is held here",
  edit: (unit, position) => `Change ${unit}, input unit ${position}`,
  "edit.to": "into",
  "edit.replace": "Replace",
  "edit.remove": "Remove",
  "edit.hold": "Hold attention here, at every output unit",
  "edit.cancel": "Cancel",
  "edit.elsewhere": "This unit is not written in the input as it stands; change the input itself.",
  "edit.noText": "This is a part of a picture or sound; it can't be replaced, but attention can be held on it.",

  compare: "Compare with now",
  "compare.before": "Before:",
  "compare.back": "Go back to it",
  "compare.stop": "Stop comparing",
  "compare.changed": (count, text, was, is) =>
    `Now ${text}: ${count} unit${s(count)} of the output changed. Its probability was ${was} and is ${is}.`,
  "compare.same": (was, is) => `The output stayed the same. Its probability was ${was} and is ${is}.`,
  "compare.new": "new",
  "compare.was": (unit) => `was ${unit}`,
  "compare.gone": (unit) => `${unit} is gone`,
  "compare.map": "Difference map",
  "compare.map.before": "The map of before",
  "compare.map.difference": "What changed in the map",
  "compare.more": "more than before",
  "compare.less": "less than before",
  "compare.nothing": "nothing to compare with",
  "compare.most": (sentence) => `The largest change: ${sentence}`,
  "compare.cell.more": (output, input, change) => `output ${output} looks more at input ${input} than before, by ${change}.`,
  "compare.cell.less": (output, input, change) => `output ${output} looks less at input ${input} than before, by ${change}.`,
  "compare.cell.same": (output, input) => `output ${output} looks at input ${input} as much as before.`,
  "compare.cell.nothing": (output, input) => `output ${output}, input ${input}: nothing to compare with.`,
  "compare.still": "Where both maps have the same units, it looks at the same places as before.",

  statistics: "In plain words",
  tree: "What the search weighed",
  "tree.about":
    "Each column is a step. The best output is the line at the top; a thick line was a probable step. Choose a branch, and " +
    "the output begins like that.",
  "tree.label":
    "The beam as a tree. The right and left arrow keys follow a branch, up and down go to its neighbours, Enter lets the " +
    "output begin like that.",
  "tree.pruned": (count) => `show what was pruned (${count})`,
  "tree.best": "the best output",
  "tree.shown": "the output shown",
  "tree.kept": "kept",
  "tree.ended": "ended: an output",
  "tree.dropped": "pruned",
  "tree.more": (count) => `${count} more that were pruned; open them`,
  "tree.node": (unit, step, share, total, fate) =>
    `${unit} at step ${step}: ${share} given what stands before it; logarithm of the probability from the start ${total}; ` +
    `${fate}.`,
  "tree.summary": (count, ended) =>
    `${count.toLocaleString("en")} branches were weighed, ${ended} of them ended as outputs.`,

  busy: (seconds) => `The server is busy. The page asks again in ${seconds} second${s(seconds)}.`,
  stillBusy: "The server is still busy. Try again in a while.",
  unreachable: "The server does not answer. Is it still running?",
  cutOff: "The answer broke off in the middle. Try again.",
  refused: (message) => message[0].toUpperCase() + message.slice(1).replace(/\.?$/, "."),
  unknownError: "The server could not answer this.",
  again: "Try again",
  stays: "What you type goes to this server and nowhere else.",

  keys: "Working with the keyboard",
  "keys.input": "go to the input",
  "keys.predict": "in the input: predict now",
  "keys.tab": "go on: from the input to the output units, the map, the alternatives, the tree",
  "keys.units": "in a row of units: go to the next or the one before; Enter chooses it",
  "keys.map": "in the map: go from cell to cell; past the edge stand the units themselves",
  "keys.map.enter":
    "in the map: show the alternatives of the output unit, or hold attention there, if that is on; on an input unit: change it",
  "keys.tree": "in the tree: follow a branch, or go to its neighbours; Enter lets the output begin like that",
  "keys.tree.more": "in the tree: open all that was pruned here",
  "keys.escape": "close what is open; stop holding attention",
};

const tables = { en: english, ko: korean };
let chosen = "en";

/** Codes of the languages and what they call themselves. */
export function languages() {
  return [["en", "English"], ["ko", "한국어"]];
}

/** The language of now. */
export function language() {
  return chosen;
}

/** Speak this language from now on, English where there is no table for it. */
export function choose(code) {
  chosen = code.toLowerCase().startsWith("ko") ? "ko" : "en";
}

/** A sentence by its name. */
export function say(name, ...values) {
  const found = tables[chosen][name] ?? english[name] ?? name;
  return typeof found === "function" ? found(...values) : found;
}

/** A share as people read it. */
export function percent(share) {
  return written(share, chosen);
}

/** A unit within a sentence: between quotation marks, and apart from the direction of the sentence around it. */
export function quoted(unit) {
  return chosen === "ko" ? `‘\u2068${unit}\u2069’` : `“\u2068${unit}\u2069”`;
}

/** Names that one table has and the other lacks: none, and a test holds them to it. */
export function missing() {
  const [one, other] = [english, korean].map((table) => new Set(Object.keys(table)));
  return [...one].filter((name) => !other.has(name)).concat([...other].filter((name) => !one.has(name)));
}
