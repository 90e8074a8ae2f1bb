/* What is said about a spot of a map: its weight, both units, and how probable the output unit was. */

import { element } from "./map_nodes.js";
import { greatest } from "./map_record.js";

const MOST_NAMED = 3; // units that an output unit looked at
const WORTH = 0.05; // a weight worth a name

/** Lines, each of them nodes and texts. `held` are the spots whose attention is held by hand. */
export function told(record, spot, { words, held }) {
  const { target, source } = spot, lines = [];
  if (target === null) lines.push(gotten(record, source, words));
  else if (source === null) lines.push(lookedAt(record, target, words));
  else {
    const weight = element("strong", "heatmap-weight", record.weights[target][source].toFixed(3));
    lines.push(words.cell(weight, output(record, target, words, true), input(record, source, words, true)));
  }
  const chance = target === null ? undefined : record.probabilities?.[target];
  if (chance !== undefined) lines.push(words.chance(output(record, target, words), chance));
  if (!held.some((each) => covers(each, spot))) return lines;
  return lines.length > 1 ? [lines[0], [...lines[1], " · ", words.heldHere]] : [...lines, [words.heldHere]];
}

/** What is said where nothing is pointed at. */
export function hint(record, words) {
  if (!record.source.length) return words.noInput;
  return record.target.length ? words.hint : words.noOutput;
}

/** What the map is, for those who do not see it. */
export function described(record, large, words) {
  const sentences = [words.map(record.target.length, record.source.length), words.keys, large ? words.zoomKeys : ""];
  return sentences.filter(Boolean).join(" ");
}

/** A unit in a sentence, as pieces of a line. Its side is "input" or "output"; with its place, or without. */
export function unitPieces(words, side, label, place, count) {
  return words.unit(words[side], element("bdi", "heatmap-unit", label), place, count);
}

function lookedAt(record, target, words) {
  const row = Float32Array.from(record.weights[target]), parts = [];
  while (parts.length < Math.min(MOST_NAMED, row.length)) {
    const at = greatest(row);
    if (parts.length && row[at] < WORTH) break;
    parts.push([...input(record, at, words), ` ${row[at].toFixed(3)}`]);
    row[at] = -1;
  }
  return words.looked(output(record, target, words, true), parts, record.sums[target].toFixed(3));
}

function gotten(record, source, words) {
  const column = record.weights.map((row) => row[source]), most = greatest(column);
  const from = column.length ? [...output(record, most, words), ` ${column[most].toFixed(3)}`] : [];
  return words.gotten(input(record, source, words, true), record.totals[source].toFixed(3), from);
}

/** Whether all of the second spot is in the first; null is a whole row or column. */
function covers(one, other) {
  return (one.target === null || one.target === other.target) && (one.source === null || one.source === other.source);
}

function output(record, at, words, placed = false) {
  return unitPieces(words, "output", record.targetLabels[at], placed ? at + 1 : 0, record.target.length);
}

function input(record, at, words, placed = false) {
  return unitPieces(words, "input", record.sourceLabels[at], placed ? at + 1 : 0, record.source.length);
}
