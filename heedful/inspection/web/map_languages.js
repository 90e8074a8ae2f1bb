/* The languages that a map speaks: one more is one table, and one line here. */

import { ENGLISH } from "./map_english.js";
import { KOREAN } from "./map_korean.js";

const TABLES = { en: ENGLISH, ko: KOREAN };

/** What a map says in this language; English where there is no table for it. */
export function wordsIn(language) {
  return TABLES[language] ?? ENGLISH;
}
