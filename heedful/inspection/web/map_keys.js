/* Walking through a map with the keyboard. */

import { CLOSER } from "./map_tools.js";

const STEPS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [0, -10], PageDown: [0, 10],
};
const ZOOMS = { "+": CLOSER, "=": CLOSER, "-": 1 / CLOSER, 0: 0 };

export class Keys {
  #calls;

  /** `now()` says { record, cursor, zooms }; the others are told of spots, `onGo` of null as well, and of a factor. */
  constructor(map, { now, onGo, onPick, onZoom }) {
    this.#calls = { now, onGo, onPick, onZoom };
    map.addEventListener("keydown", (event) => this.#key(event));
    map.addEventListener("focus", () => {
      if (!now().cursor && map.matches(":focus-visible")) this.#go(0, 0);
    });
  }

  #key(event) {
    const { key, ctrlKey, altKey, metaKey } = event, { onGo, onPick, onZoom, now } = this.#calls;
    const { cursor, zooms, record } = now(), isEnd = key === "Home" || key === "End";
    if (altKey || metaKey || (ctrlKey && !isEnd)) return;
    if (ZOOMS[key] !== undefined && zooms) onZoom(ZOOMS[key]);
    else if (STEPS[key]) this.#move(cursor, ...STEPS[key]);
    else if (isEnd) {
      const last = key === "End" ? record.target.length - 1 : 0;
      if (!ctrlKey) this.#go(last, cursor?.source ?? -1);
      else this.#go(last, key === "End" ? record.source.length - 1 : 0);
    } else if ((key === "Enter" || key === " ") && cursor) onPick(cursor);
    else if (key === "Escape") onGo(null);
    else return;
    event.preventDefault();
  }

  #move(cursor, across, down) {
    if (cursor) this.#go((cursor.target ?? -1) + across, (cursor.source ?? -1) + down);
    else this.#go(0, 0);
  }

  /** A label stands before the first cell of its row or column, so a whole unit can be reached as well. */
  #go(target, source) {
    const { record } = this.#calls.now(), inside = (at, count) => Math.max(-1, Math.min(at, count - 1));
    const column = inside(target, record.target.length), row = inside(source, record.source.length);
    if (column >= 0 || row >= 0) this.#calls.onGo({ target: column < 0 ? null : column, source: row < 0 ? null : row });
  }
}
