/* A map on a canvas, for more than 60 units: it is painted anew for every step, from what can be seen of it. */

import { Blocks, WORDS } from "./map_blocks.js";
import { BARS, BRIGHT, CARD, CHANCE, QUIET } from "./map_colours.js";
import { STRIPS, TOTALS, cellAt } from "./map_drawing.js";
import { paintHeld } from "./map_held.js";
import { EDGE, GAP, NOTE, notesOf, paintLegend } from "./map_legend.js";
import { element, fitted, write } from "./map_nodes.js";
import { chances, givenName, greatest } from "./map_record.js";

const MOST_CELL = 34, LEAST_NAMED = 13; // dots of a cell: at most, and before it has a label
const MOST_HIGH = 600;
const NEAR = 40; // dots between two numbers at an axis
const CARD_WORD = (255 << 24) | (0x26 << 16) | (0x1a << 8) | 0x1b;

export class Painted {
  constructor() {
    this.element = element("canvas");
    this.element.setAttribute("aria-hidden", "true");
    this.zoom = 1;
    this.from = [0, 0]; // the cell at the map's upper left corner, across and down, in parts of a cell
  }

  /** Paints the record, where there is this much room across. */
  draw(record, room, look) {
    const isOther = record !== this.record || record.target.length !== this.blocks.columns;
    if (isOther || look.most !== this.blocks.most) this.#take(record, look.most);
    this.look = look;
    const left = Math.round(Math.min(130, room * 0.28)), top = 104;
    const below = (record.probabilities ? 116 : 92) + NOTE * notesOf(look).length;
    const width = Math.max(60, Math.min(room - left - TOTALS - EDGE, record.target.length * MOST_CELL));
    const height = Math.max(60, Math.min(MOST_HIGH, Math.max(260, width), record.source.length * MOST_CELL));
    this.place = { left, top, width, height, right: left + width, bottom: top + height };
    this.size = [Math.max(room, 200), top + height + below];
    this.#paint();
  }

  at(x, y) {
    const { left, top, width, height } = this.place;
    const cell = (dots, axis, size) => (dots < 0 || dots >= size ? -1 : this.from[axis] + dots / this.scale[axis]);
    return cellAt(this.record, cell(x - left, 0, width), cell(y - top, 1, height));
  }

  mark(spot) {
    this.spot = spot;
    this.#paint();
  }

  /** Moves what is seen so that the spot is. */
  reveal(spot) {
    [spot.target, spot.source].forEach((cell, axis) => {
      const shown = this.#view(axis) / this.scale[axis];
      if (cell !== null) this.from[axis] = Math.min(cell, Math.max(cell + 1 - shown, this.from[axis]));
    });
    this.#paint();
  }

  /** Nearer or farther, while what is under this point stays there. Says whether that was possible. */
  zoomBy(factor, x = this.place.left + this.place.width / 2, y = this.place.top + this.place.height / 2) {
    const before = this.zoom, held = [x - this.place.left, y - this.place.top];
    const cells = held.map((dots, axis) => this.from[axis] + dots / this.scale[axis]);
    this.zoom *= factor;
    this.#settle();
    this.from = cells.map((cell, axis) => cell - held[axis] / this.scale[axis]);
    this.#paint();
    return this.zoom !== before;
  }

  pan(x, y) {
    this.from = [this.from[0] - x / this.scale[0], this.from[1] - y / this.scale[1]];
    this.#paint();
  }

  #take(record, most) {
    if (record.source.length !== this.record?.source.length) [this.zoom, this.from] = [1, [0, 0]];
    [this.record, this.blocks] = [record, new Blocks(record.weights, record.source.length, most)];
  }

  #view(axis) {
    return axis ? this.place.height : this.place.width;
  }

  /** No nearer than a cell can be, no farther than the whole map, and nothing beyond its edges. */
  #settle() {
    const counts = [this.record.target.length, this.record.source.length].map((count) => Math.max(1, count));
    const whole = counts.map((count, axis) => Math.min(MOST_CELL, this.#view(axis) / count));
    this.zoom = Math.min(MOST_CELL / Math.min(...whole), Math.max(1, this.zoom));
    this.scale = whole.map((dots) => Math.min(MOST_CELL, dots * this.zoom));
    const last = counts.map((count, axis) => count - this.#view(axis) / this.scale[axis]);
    this.from = this.from.map((cell, axis) => Math.max(0, Math.min(cell, last[axis])));
  }

  #paint() {
    this.#settle();
    const dots = window.devicePixelRatio || 1, [width, height] = this.size, canvas = this.element;
    [canvas.width, canvas.height] = [Math.round(width * dots), Math.round(height * dots)];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
    const pen = canvas.getContext("2d", { alpha: false });
    pen.fillStyle = CARD;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    this.#paintCells(pen, dots);
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    this.#paintLabels(pen);
    this.#paintTotals(pen);
    paintLegend(pen, this.place.left, this.size[1] - EDGE - 8 - NOTE * notesOf(this.look).length, this.look);
    paintHeld(pen, this.look.held, { ...this.place, scale: this.scale, from: this.from, gap: 0 });
    if (this.spot) this.#paintMark(pen, this.spot);
  }

  #paintCells(pen, dots) {
    const [wide, high] = [this.place.width, this.place.height].map((side) => Math.round(side * dots));
    const per = this.scale.map((cell) => Math.max(1, Math.ceil(1 / (cell * dots) - 1e-9)));
    const { bytes, columns, rows } = this.blocks.of(...per);
    const image = pen.createImageData(wide, high), words = new Uint32Array(image.data.buffer).fill(CARD_WORD);
    const across = this.#cellsAlong(wide, 0, dots, per[0], columns);
    const down = this.#cellsAlong(high, 1, dots, per[1], rows);
    for (let y = 0, at = 0; y < high; y++) {
      for (let x = 0; x < wide; x++, at++) {
        if (across[x] >= 0 && down[y] >= 0) words[at] = WORDS[bytes[across[x] * rows + down[y]]];
      }
    }
    pen.putImageData(image, Math.round(this.place.left * dots), Math.round(this.place.top * dots));
  }

  /** Which cell, or block of cells, every dot along an axis shows; -1 in the gap between large ones, and beyond the last. */
  #cellsAlong(count, axis, dots, per, cells) {
    const size = this.scale[axis] * dots, gap = this.scale[axis] >= 8 ? dots : 0;
    return Int32Array.from({ length: count }, (_, dot) => {
      const place = this.from[axis] + (dot + 0.5) / size, cell = Math.floor(place / per);
      return (1 - (place % 1)) * size < gap || cell >= cells ? -1 : cell;
    });
  }

  #paintLabels(pen) {
    const { left, top, width, height } = this.place, { record, look: { words } } = this;
    this.#along(0, record.targetLabels, top - 46, (text, at, size, named) =>
      write(pen, text, left + at, top - GAP, size, { anchor: named ? "start" : "middle", turn: named ? -90 : 0 }));
    this.#along(1, record.sourceLabels, left - EDGE - 26, (text, at, size) =>
      write(pen, text, left - GAP, top + at + 0.35 * size, size, { anchor: "end" }));
    write(pen, words.output, left + width / 2, EDGE + 12, 12, { anchor: "middle", fill: QUIET });
    write(pen, words.input, EDGE + 4, top + height / 2, 12, { anchor: "middle", turn: -90, fill: QUIET });
  }

  /** Units where cells are large enough, else the numbers of some, counted from one. */
  #along(axis, labels, room, put) {
    const scale = this.scale[axis], named = scale >= LEAST_NAMED, size = named && scale < 18 ? 10 : 12;
    const steps = Array.from({ length: 21 }, (_, at) => [1, 2, 5][at % 3] * 10 ** Math.floor(at / 3));
    const step = named ? 1 : steps.find((each) => each * scale >= NEAR);
    const last = Math.min(labels.length, Math.ceil(this.from[axis] + this.#view(axis) / scale));
    for (let at = Math.floor(this.from[axis]); at < last; at++) {
      const middle = (at + 0.5 - this.from[axis]) * scale, due = named || at === 0 || (at + 1) % step === 0;
      if (!due || middle < 0 || middle > this.#view(axis)) continue;
      put(named ? fitted(labels[at], size, room) : String(at + 1), middle, size, named);
    }
  }

  #paintTotals(pen) {
    const { record, place, look: { words } } = this, right = place.right + 2 * GAP;
    const most = record.totals[greatest(record.totals)] || 1;
    pen.fillStyle = BARS;
    this.#bars(1, record.totals, (at, thin, total) => {
      pen.fillRect(right, place.top + at, Math.max(0.5, (44 * total) / most), thin);
    });
    write(pen, words.got, right, place.bottom + 12, 11, { fill: QUIET });
    this.#strip(pen, STRIPS.given, record.sums, BARS, givenName(record, words));
    if (record.probabilities) this.#strip(pen, STRIPS.chance, chances(record), CHANCE, words.probability);
  }

  #strip(pen, [below, high], shares, fill, name) {
    const { left, right, bottom } = this.place, base = bottom + below + high;
    pen.fillStyle = fill;
    this.#bars(0, shares, (at, thin, share) => {
      if (share < 0) return;
      const height = Math.max(0.5, high * Math.min(1, share));
      pen.fillRect(left + at, base - height, thin, height);
    });
    write(pen, name, right + 2 * GAP, base - high / 2 + 4, 11, { fill: QUIET });
  }

  /** Bars along an axis; a line of dots that stands for several units has the greatest of their numbers. */
  #bars(axis, numbers, put) {
    const cell = this.scale[axis], view = this.#view(axis), thin = cell < 2 ? 1 : Math.max(1, Math.min(8, cell * 0.4));
    const step = Math.max(1, cell), middle = (0.5 - (this.from[axis] % 1)) * cell, first = cell < 1 ? 0 : middle - thin / 2;
    for (let at = first; at < view; at += step) {
      const from = this.from[axis] + (at - first) / cell, unit = Math.floor(from + 1e-6);
      const part = numbers.slice(unit, Math.max(unit + 1, Math.ceil(from + step / cell - 1e-6)));
      if (part.length && at >= -thin / 2) put(at, thin, part[greatest(part)]);
    }
  }

  #paintMark(pen, { target, source }) {
    const { left, top, width, height } = this.place, whole = target === null || source === null;
    const [x, y] = [target, source].map((cell, axis) => ((cell ?? 0) - this.from[axis]) * this.scale[axis]);
    const [wide, high] = this.scale.map((cell) => Math.max(3, cell));
    pen.save();
    pen.beginPath();
    pen.rect(left - 2, top - 2, width + 4, height + 4);
    pen.clip();
    [pen.strokeStyle, pen.globalAlpha] = [BRIGHT, whole ? 1 : 0.45];
    if (source !== null) pen.strokeRect(left - 4, top + y - 0.5, width + 8, high);
    if (target !== null) pen.strokeRect(left + x - 0.5, top - 4, wide, height + 8);
    [pen.globalAlpha, pen.lineWidth] = [1, 2];
    if (!whole) pen.strokeRect(left + x - 1, top + y - 1, wide + 1, high + 1);
    pen.restore();
  }
}
