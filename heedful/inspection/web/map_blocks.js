/* The brightness of a large map: a byte a cell, blocks of cells as one, and all of it as an image. */

import { TABLE, level } from "./map_colours.js";
import { element } from "./map_nodes.js";

/** A colour as a canvas has it in its memory: little-endian, so blue comes before green before red. */
export const WORDS = Uint32Array.from(TABLE, ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red);
const MOST_SAVED = 2000; // dots a side of an image; of more units a dot is the brightest of several

/** How bright every cell is, one column of the map after the other. */
export class Blocks {
  /** `most` is the weight that has full light. */
  constructor(rows, sources, most) {
    [this.columns, this.rows, this.most, this.kept] = [rows.length, sources, most, new Map()];
    this.bytes = new Uint8Array(rows.length * sources);
    let at = 0;
    for (const row of rows) for (let cell = 0; cell < row.length; cell++) this.bytes[at++] = level(row[cell] / most);
  }

  /** The brightest of every block of so many cells: nothing bright is lost where a dot stands for several. */
  of(across, down) {
    const name = `${across} ${down}`;
    if (across === 1 && down === 1) return this;
    if (!this.kept.has(name)) this.kept.set(name, this.#pooled(across, down));
    return this.kept.get(name);
  }

  /** All of the map: the address of the image, and its size. */
  image() {
    const [across, down] = [this.columns, this.rows].map((count) => Math.max(1, Math.ceil(count / MOST_SAVED)));
    const { bytes, columns, rows } = this.of(across, down), canvas = element("canvas");
    [canvas.width, canvas.height] = [Math.max(1, columns), Math.max(1, rows)];
    const image = new ImageData(canvas.width, canvas.height), words = new Uint32Array(image.data.buffer);
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) words[row * columns + column] = WORDS[bytes[column * rows + row]];
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return { address: canvas.toDataURL(), columns: canvas.width, rows: canvas.height };
  }

  #pooled(across, down) {
    const columns = Math.ceil(this.columns / across), rows = Math.ceil(this.rows / down);
    const bytes = new Uint8Array(columns * rows);
    for (let column = 0, at = 0; column < this.columns; column++) {
      const first = Math.floor(column / across) * rows;
      for (let row = 0; row < this.rows; row++, at++) {
        const into = first + Math.floor(row / down);
        if (this.bytes[at] > bytes[into]) bytes[into] = this.bytes[at];
      }
    }
    return { bytes, columns, rows };
  }
}
