/* What is said about a spot of a map: its weight, both units, and how probable the output unit was. */

import { percent } from "./map_labels.js";
import { element, unitNodes } from "./map_nodes.js";
import { greatest } from "./map_record.js";

const MOST_NAMED = 3; // units that an output unit looked at
const WORTH = 0.05; // a weight worth a name

/** Lines, each of them nodes and texts. */
export function told(record, { target, source }) {
  if (target === null) return [gotten(record, source)];
  const chance = record.probabilities?.[target];
  const known = chance === undefined ? [] : [["probability of ", ...output(record, target), `: ${percent(chance)}`]];
  if (source === null) return [lookedAt(record, target), ...known];
  const weight = element("strong", "heatmap-weight", record.weights[target][source].toFixed(3));
  return [[weight, " ", ...output(record, target, true), " looked at ", ...input(record, source, true)], ...known];
}

/** What is said where nothing is pointed at. */
export function hint(record) {
  if (!record.source.length) return "The input is empty.";
  if (!record.target.length) return "The output is empty.";
  return "Point at a cell, or walk through the map with the arrow keys.";
}

/** What the map is, for those who do not see it. */
export function described(record, large) {
  const counts = `${record.target.length} output units across, ${record.source.length} input units down`;
  const keys = "Arrow keys move, Home and End go to the ends of a row, Enter picks.";
  return `Map of attention: ${counts}. ${keys}${large ? " Plus and minus zoom, 0 shows the whole map." : ""}`;
}

function lookedAt(record, target) {
  const row = Float32Array.from(record.weights[target]), named = [];
  while (named.length < Math.min(MOST_NAMED, row.length)) {
    const at = greatest(row);
    if (named.length && row[at] < WORTH) break;
    named.push([named.length ? ", " : "", ...input(record, at), ` ${row[at].toFixed(3)}`]);
    row[at] = -1;
  }
  const all = `, ${record.sums[target].toFixed(3)} in all`;
  return [...output(record, target, true), " looked at ", ...named.flat(), named.length ? all : "nothing"];
}

function gotten(record, source) {
  const column = record.weights.map((row) => row[source]), most = greatest(column);
  const got = [...input(record, source, true), ` got ${record.totals[source].toFixed(3)} in all`];
  return column.length ? [...got, ", most of it from ", ...output(record, most), ` ${column[most].toFixed(3)}`] : got;
}

function output(record, at, placed = false) {
  return [...unitNodes("output", record.targetLabels[at]), placed ? ` (${at + 1} of ${record.target.length})` : ""];
}

function input(record, at, placed = false) {
  return [...unitNodes("input", record.sourceLabels[at]), placed ? ` (${at + 1} of ${record.source.length})` : ""];
}
