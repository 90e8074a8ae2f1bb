/* Two rows of units side by side: which belong together, which are new, which are gone. */

/** Pairs [before, now] of places, null where one side has nothing: as few changes as possible (Levenshtein). */
export function aligned(before, now) {
  const width = now.length + 1;
  const cost = new Uint32Array((before.length + 1) * width);
  for (let i = 0; i <= before.length; i += 1) {
    for (let j = 0; j <= now.length; j += 1) {
      if (i === 0 || j === 0) {
        cost[i * width + j] = i + j;
        continue;
      }
      const same = before[i - 1] === now[j - 1] ? 0 : 1;
      cost[i * width + j] = Math.min(
        cost[(i - 1) * width + j - 1] + same,
        cost[(i - 1) * width + j] + 1,
        cost[i * width + j - 1] + 1,
      );
    }
  }
  const pairs = [];
  let [i, j] = [before.length, now.length];
  while (i > 0 || j > 0) {
    const here = cost[i * width + j];
    const same = i > 0 && j > 0 && before[i - 1] === now[j - 1] ? 0 : 1;
    if (i > 0 && j > 0 && here === cost[(i - 1) * width + j - 1] + same) pairs.push([(i -= 1), (j -= 1)]);
    else if (i > 0 && here === cost[(i - 1) * width + j] + 1) pairs.push([(i -= 1), null]);
    else pairs.push([null, (j -= 1)]);
  }
  return pairs.reverse();
}
