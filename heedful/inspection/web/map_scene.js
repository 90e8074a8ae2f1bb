/* The picture that was looked at, in the dark, with attention as the light on it. */

import { TABLE, level } from "./map_colours.js";
import { wordsIn } from "./map_languages.js";
import { element } from "./map_nodes.js";
import { greatest, sum } from "./map_record.js";
import { unitPieces } from "./map_telling.js";

// As in glow.py: of the light that falls on white, black throws back FAINT; without any, white still has DIM.
const DIM = 0.33, FAINT = 0.42, LEAST_POWER = 0.5;
const MOST_DOTS = 500_000;

export class Scene {
  constructor() {
    this.element = element("figure", "heatmap-scene");
    this.canvas = element("canvas");
    this.canvas.setAttribute("role", "img");
    this.caption = element("figcaption");
    const wrapped = element("div", "heatmap-box");
    wrapped.append(this.canvas);
    this.element.append(wrapped, this.caption);
    this.element.hidden = true;
    this.words = wordsIn("en");
  }

  /** Goes on with these words. */
  say(words) {
    this.words = words;
    this.mark(this.spot ?? null);
  }

  async show(record) {
    if (record?.picture === this.address && this.light) {
      [this.record, this.spread, this.counted] = [record, null, -1];
      return this.mark(null);
    }
    [this.record, this.address, this.light, this.element.hidden] = [record, record?.picture ?? null, null, true];
    if (!record?.picture || !record.boxes || !record.weights) return undefined;
    const image = new Image(), address = this.address;
    image.src = address;
    try {
      await image.decode();
    } catch {
      return undefined; // no picture, then: the map is still there
    }
    if (address !== this.address) return undefined; // another record was shown meanwhile
    this.#take(image);
    this.element.hidden = false;
    return this.mark(this.spot ?? null);
  }

  /** The place under this point of the canvas, as a source unit; null if no unit covers it. */
  at(x, y) {
    const box = this.canvas.getBoundingClientRect(), across = x / box.width, down = y / box.height;
    let found = null;
    this.record.boxes.forEach((part, source) => {
      if (part && across >= part[0] && across < part[2] && down >= part[1] && down < part[3]) found ??= source;
    });
    return found;
  }

  mark(spot) {
    this.spot = spot;
    if (!this.light) return;
    const { record } = this, target = spot?.target ?? null, { bright, most, said } = this.#brightness(target);
    const pen = this.canvas.getContext("2d"), heat = this.#heat(bright), { width, height } = this.canvas;
    const image = pen.createImageData(width, height), dots = image.data;
    for (let at = 0; at < heat.length; at++) {
      const thrown = TABLE[level(heat[at])], light = this.light[at];
      const kept = 1 - DIM * light, back = FAINT + (1 - FAINT) * light;
      for (let channel = 0; channel < 3; channel++) {
        dots[4 * at + channel] = 255 * (1 - kept * (1 - (thrown[channel] / 255) * back));
      }
      dots[4 * at + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
    const part = spot?.source == null ? null : record.boxes[spot.source];
    if (part) this.#outline(pen, part);
    this.caption.replaceChildren(...said, this.words.sceneLight(Number(most.toPrecision(2))));
    this.canvas.setAttribute("aria-label", this.words.scene(this.caption.textContent));
  }

  /** From 0 to 1 how bright each position is, the weight that is 1, and what there is to say. */
  #brightness(target) {
    const { record, words } = this, seen = (numbers) => Array.from(numbers, (number, at) => (record.boxes[at] ? number : 0));
    const numbers = seen(target === null ? record.totals : record.weights[target]);
    const most = target === null ? numbers[greatest(numbers)] || 1 : this.#greatest(seen);
    const bright = numbers.map((number) => number / most);
    if (target === null) return { bright, most, said: [words.sceneAll] };
    const said = words.sceneOne(unitPieces(words, "output", record.targetLabels[target]));
    if (!record.boxes.every(Boolean)) said.push(words.sceneText(record.sums[target] - sum(numbers)));
    return { bright, most, said };
  }

  /** The greatest weight of the map that a position has; output units may still be coming. */
  #greatest(seen) {
    const { weights } = this.record;
    if (this.counted !== weights.length) {
      const each = weights.map((row) => seen(row)).map((row) => row[greatest(row)] ?? 0);
      [this.counted, this.greatest] = [weights.length, each[greatest(each)] || 1];
    }
    return this.greatest;
  }

  /** Positions spread to their neighbours' middles; a dot's heat is the mean of the positions that reach it. */
  #heat(bright) {
    const { width, height } = this.canvas, heat = new Float32Array(width * height);
    const reach = this.spread ?? new Float32Array(width * height), first = this.spread == null;
    this.record.boxes.forEach((box, source) => {
      if (!box || (!first && !bright[source])) return;
      const [left, top, right, bottom] = [box[0] * width, box[1] * height, box[2] * width, box[3] * height];
      const x = (left + right) / 2, y = (top + bottom) / 2;
      const wide = Math.max(1, right - left), high = Math.max(1, bottom - top);
      for (let row = Math.max(0, Math.floor(y - high)); row < Math.min(height, y + high); row++) {
        const down = 1 - Math.abs(row + 0.5 - y) / high;
        for (let column = Math.max(0, Math.floor(x - wide)); column < Math.min(width, x + wide); column++) {
          const share = down * (1 - Math.abs(column + 0.5 - x) / wide), at = row * width + column;
          if (share <= 0 || down <= 0) continue;
          if (first) reach[at] += share;
          heat[at] += share * bright[source];
        }
      }
    });
    this.spread = reach;
    for (let at = 0; at < heat.length; at++) if (reach[at] > 0) heat[at] /= reach[at];
    return heat;
  }

  #outline(pen, [left, top, right, bottom]) {
    const { width, height } = this.canvas, inset = 1.5;
    const box = [
      left * width + inset, top * height + inset, Math.max(2, (right - left) * width - 2 * inset),
      Math.max(2, (bottom - top) * height - 2 * inset),
    ];
    [pen.lineWidth, pen.strokeStyle] = [4, "#000"];
    pen.strokeRect(...box);
    [pen.lineWidth, pen.strokeStyle] = [2, "#fff"];
    pen.strokeRect(...box);
  }

  /** The picture without its colours, from its darkest to its lightest; what is mostly dark is lifted. */
  #take(image) {
    const { naturalWidth: wide, naturalHeight: high } = image;
    const larger = Math.max(1, Math.min(8, Math.floor(460 / wide)));
    const scale = Math.min(larger, Math.sqrt(MOST_DOTS / (wide * high)));
    [this.canvas.width, this.canvas.height] = [wide, high].map((side) => Math.max(1, Math.round(side * scale)));
    this.canvas.style.width = `${Math.round(wide * larger)}px`;
    const pen = this.canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0, this.canvas.width, this.canvas.height);
    const dots = pen.getImageData(0, 0, this.canvas.width, this.canvas.height).data;
    const grey = Float32Array.from({ length: dots.length / 4 }, (_, at) =>
      0.299 * dots[4 * at] + 0.587 * dots[4 * at + 1] + 0.114 * dots[4 * at + 2]);
    const sorted = grey.slice().sort(), of = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const [low, end] = of(0.99) - of(0.01) < 8 ? [0, 255] : [of(0.01), of(0.99)];
    const light = (value) => Math.min(1, Math.max(0, (value - low) / (end - low)));
    const middle = Math.min(0.999, Math.max(0.001, light(of(0.5))));
    const power = Math.min(1, Math.max(LEAST_POWER, Math.log(0.5) / Math.log(middle)));
    [this.light, this.spread, this.counted] = [grey.map((value) => light(value) ** power), null, -1];
  }
}
