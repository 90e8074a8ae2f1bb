/*
 * Where the branches of a beam stand. A column a step; within a column the children of a branch stay together, in the
 * order of their parents, so that no two lines cross. The best path comes first in every column, so it is a straight line
 * at the top, and everything that was weighed against it hangs below. A column is as high as the beam, whatever the length.
 */

const ROOT = -1;

/** Per branch the list of branches that go on from it; under -1 those that come first. */
export function children(branches) {
  const found = new Map([[ROOT, []]]);
  branches.forEach((branch, index) => {
    if (!found.has(branch.parent)) found.set(branch.parent, []);
    found.get(branch.parent).push(index);
  });
  return found;
}

/** The branches from the first one to this one. */
export function path(branches, index) {
  const found = [];
  for (let at = index; at !== ROOT && branches[at]; at = branches[at].parent) found.unshift(at);
  return found;
}

/** The probability of a branch given what stands before it, as a logarithm. */
export function own(branches, index) {
  const { parent, log_prob } = branches[index];
  return log_prob - (parent === ROOT ? 0 : branches[parent].log_prob);
}

/** The path that spells these units, with `end` the end mark behind it where there is one; the longest such beginning. */
export function spelled(branches, units, end = true) {
  const below = children(branches);
  let best = [];
  const walk = (parent, place, found) => {
    if (found.length > best.length) best = found;
    const wanted = place < units.length ? units[place] : null;
    if (place > units.length || (place === units.length && !end)) return;
    for (const index of below.get(parent) ?? []) {
      if (branches[index].unit === wanted && (branches[index].fate !== "pruned" || wanted === null)) {
        walk(index, place + 1, [...found, index]);
      }
    }
  };
  walk(ROOT, 0, []);
  return best;
}

/**
 * The drawing's plan. `best` are the indices of the best path; `pruned` says whether to show what was pruned, at most `few`
 * under one parent unless the parent is in `opened`.
 *
 * Returns { nodes: [{ index, column, row, parent }], more: [{ parent, column, row, count }], columns, rows, hidden }: `hidden`
 * counts the pruned that are not shown.
 */
export function plan(branches, best, { pruned, few, opened }) {
  const below = children(branches);
  const winning = new Set(best);
  const nodes = [];
  const more = [];
  let hidden = 0;
  let rows = 0;
  let column = 0;
  let parents = [ROOT];
  while (parents.length) {
    const next = [];
    let row = 0;
    for (const parent of parents) {
      const all = (below.get(parent) ?? []).sort((one, other) =>
        winning.has(other) - winning.has(one) || branches[other].log_prob - branches[one].log_prob);
      const shown = (index) => branches[index].fate !== "pruned" || winning.has(index);
      const dropped = all.filter((index) => !shown(index));
      const allowed = new Set(!pruned ? [] : opened.has(parent) ? dropped : dropped.slice(0, few));
      for (const index of all.filter((each) => shown(each) || allowed.has(each))) {
        nodes.push({ index, column, row, parent });
        next.push(index);
        row += 1;
      }
      const left = dropped.length - allowed.size;
      hidden += left;
      if (pruned && left > 0) {
        more.push({ parent, column, row, count: left });
        row += 1;
      }
    }
    rows = Math.max(rows, row);
    if (row) column += 1;
    parents = next;
  }
  return { nodes, more, columns: column, rows, hidden };
}
