/*
 * Where in the text the units of the model stand, so that one of them can be replaced. The page does not know how a model
 * splits text; it looks for the units one after the other, and says null where they are not to be found that way.
 */

const MEANS_SOMETHING = /[\p{L}\p{N}\p{M}]/u;

/** One { column, start, end } a unit, and the texts that they stand in (composed, or decomposed for jamo); or null. */
export function located(units, texts) {
  for (const form of ["NFC", "NFD"]) {
    const normal = texts.map((text) => text.normalize(form));
    const places = walk(units.map((unit) => unit.normalize(form)), normal);
    if (places !== null) return { places, texts: normal };
  }
  return null;
}

function walk(units, texts) {
  const places = [];
  let column = 0;
  let cursor = 0;
  for (const unit of units) {
    const plain = unit.length > 1 ? unit.replace(/^▁/, "") : unit;
    let start = next(texts[column], plain, cursor);
    if (start < 0 && column + 1 < texts.length && !MEANS_SOMETHING.test(texts[column].slice(cursor))) {
      column += 1;
      start = next(texts[column], plain, 0);
    }
    if (start < 0) return null;
    cursor = start + plain.length;
    places.push({ column, start, end: cursor });
  }
  return places;
}

/** Where the unit comes next, with nothing but blanks and separators before it; -1 where it does not. */
function next(text, unit, from) {
  const start = text.indexOf(unit, from);
  return start < 0 || MEANS_SOMETHING.test(text.slice(from, start)) ? -1 : start;
}

/** The texts with another unit at this position. */
export function replaced({ places, texts }, position, unit) {
  const { column, start, end } = places[position];
  return texts.map((text, at) => (at === column ? text.slice(0, start) + unit + text.slice(end) : text).normalize("NFC"));
}

/** The texts without this unit, and without the blank that stood before it. */
export function removed({ places, texts }, position) {
  const { column, start, end } = places[position];
  const before = places[position - 1];
  const after = places[position + 1];
  const from = before?.column === column ? before.end : start;
  const to = before?.column === column ? end : after?.column === column ? after.start : end;
  return texts.map((text, at) => (at === column ? text.slice(0, from) + text.slice(to) : text).normalize("NFC"));
}
