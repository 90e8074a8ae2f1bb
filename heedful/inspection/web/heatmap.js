/*
 * The heatmap of a browser: which input units each output unit looked at. It imports its neighbours map_*.js and nothing
 * else, fetches nothing, and never makes an element out of text; it runs under `script-src 'self'; style-src 'self';
 * img-src data: blob:`. How it looks stands in heatmap.css, which takes its colours from the variables of palette.py.
 * heedful.inspection.web.script("heatmap.js") is all of it as one script without imports.
 *
 * A RECORD is what is shown, in the words of `attend --out x.json`:
 *
 *   { source: ["3", " ", "M"],         input units, drawn down the left
 *     target: ["2", "0"],              output units, drawn across
 *     weights: [[..], [..]],           a row a target unit; or flat, a Float32Array target x source; or null: no attention
 *     probabilities: [0.98, 0.7, 0.9], may be left out: one a target unit, and perhaps one more for the end mark
 *     boxes: [[0, 0, 0.5, 1], null],   may be left out: left, top, right, bottom of what a source unit covers of the
 *                                      picture, as shares from 0 to 1; null for a unit of text
 *     picture: "data:image/png;..",    may be left out: the address of the picture or spectrogram
 *     totals: [..], sums: [..] }       may be left out: what each source unit got in all, and what each target unit gave,
 *                                      where weights were rounded
 *
 * A SPOT is { target, source }, two indices; one of them is null where a whole output or input unit is meant, its label.
 *
 *   const map = new Heatmap(host, { onFocus, onLeave, onPick })
 *     host               an element; the map is put into it
 *     onFocus(spot)      the pointer or the keyboard came to this spot; onLeave(): they are nowhere on the map now
 *     onPick(spot)       a click or Enter: on a cell, or on the label of an output or input unit
 *   map.show(record)     shows another record; null shows nothing. The cursor goes.
 *   map.extend({ unit, weights, probability })
 *                        one more output unit of the record shown, while decoding streams; drawn with the next frame
 *   map.record           what is shown now: as given, but `weights` are rows, `totals` and `sums` are there, and with
 *                        `sourceLabels` and `targetLabels` (units as they are drawn)
 *   map.focus(spot)      puts the cursor there, and calls onFocus; map.focus(null) takes it away
 *   map.svg(title)       a complete SVG file as text. map.png(title): a promise of a Blob. map.json(): attend's JSON
 *   map.close()          lets go of the host
 *
 *   statistics(weights, source, target)           sentences about a map, in plain words
 *   certainty(probabilities, target)              sentences about what the model was sure of
 *   saveButtons(host, map, { title, name })       buttons that copy or save the map; title: () => text; name: of the files
 *   colour(weight)  "#rrggbb", as brightness.py   visible(unit)  a unit as a label, as labels.py
 *   percent(share)  "98.2 %"                      save(name, blob)  a download; copy(blob)  a promise: whether it worked
 *
 * Up to 60 x 60 units a map is SVG elements. A larger one is painted on a canvas, to zoom and to pan.
 */

import { Drawn } from "./map_drawn.js";
import { isLarge } from "./map_drawing.js";
import { jsonOf, pngOf, svgOf } from "./map_files.js";
import { percent, visible } from "./map_labels.js";
import { button, element } from "./map_nodes.js";
import { Painted } from "./map_painted.js";
import { held, sum } from "./map_record.js";
import { Scene } from "./map_scene.js";
import { described, hint, told } from "./map_telling.js";

export { colour } from "./map_colours.js";
export { copy, save, saveButtons } from "./map_files.js";
export { percent, visible } from "./map_labels.js";
export { certainty, statistics } from "./map_words.js";

const STEPS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [0, -10], PageDown: [0, 10],
};
const CLOSER = 1.5; // a step of the zoom
const DRAGGED = 4; // dots that a pointer may move and still have clicked
const nothing = () => {};

export class Heatmap {
  #host; #calls; #record = null; #surface = null; #cursor = null; #hover = null; #drag = null; #frame = 0; #room = 0;
  #root = element("div", "heatmap");
  #box = element("div", "heatmap-box");
  #map = element("div", "heatmap-map");
  #zoom = element("div", "heatmap-zoom");
  #said = element("div", "heatmap-said");
  #none = element("div", "heatmap-none");
  #scene = new Scene();
  #watch = new ResizeObserver(() => this.#box.clientWidth !== this.#room && this.#later());

  constructor(host, { onFocus = nothing, onLeave = nothing, onPick = nothing } = {}) {
    [this.#host, this.#calls] = [host, { onFocus, onLeave, onPick }];
    this.#map.setAttribute("role", "application");
    this.#map.tabIndex = 0;
    this.#said.setAttribute("role", "status");
    this.#zoom.setAttribute("role", "group");
    this.#zoom.setAttribute("aria-label", "Zoom");
    this.#zoom.append(
      button("+", "Closer", () => this.#zoomBy(CLOSER)),
      button("−", "Farther", () => this.#zoomBy(1 / CLOSER)),
      button("Whole map", "", () => this.#zoomBy(0)));
    this.#box.append(this.#map);
    this.#root.append(this.#box, this.#zoom, this.#said, this.#scene.element, this.#none);
    this.#root.hidden = true;
    host.append(this.#root);
    this.#listen();
    this.#watch.observe(host);
  }

  get record() {
    return this.#record;
  }

  show(record) {
    [this.#record, this.#cursor, this.#hover] = [record ? held(record) : null, null, null];
    this.#draw();
    this.#scene.show(this.#record);
  }

  extend({ unit, weights = null, probability = null }) {
    const record = this.#record;
    record.target.push(unit);
    record.targetLabels.push(visible(unit));
    record.probabilities?.push(probability ?? NaN);
    if (record.weights && weights) {
      record.weights.push(Float32Array.from(weights));
      record.sums.push(sum(weights));
      weights.forEach((weight, at) => (record.totals[at] += weight));
    }
    this.#later();
  }

  focus(spot) {
    this.#cursor = spot;
    this.#mark();
    if (spot) this.#surface?.reveal(spot);
  }

  svg(title = "") {
    return svgOf(this.#record, title);
  }

  png(title = "") {
    return pngOf(this.svg(title));
  }

  json() {
    return jsonOf(this.#record);
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#watch.disconnect();
    this.#root.remove();
  }

  #later() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const record = this.#record, mapped = Boolean(record?.weights), large = mapped && isLarge(record);
    this.#root.hidden = !record;
    for (const part of [this.#box, this.#said]) part.hidden = !mapped;
    this.#zoom.hidden = !large;
    this.#none.hidden = mapped;
    if (record && !mapped) this.#none.replaceChildren(...withoutMap(record));
    if (!mapped) return;
    const kind = large ? Painted : Drawn;
    if (!(this.#surface instanceof kind)) {
      this.#surface = new kind();
      this.#map.replaceChildren(this.#surface.element);
    }
    this.#map.setAttribute("aria-label", described(record, large));
    this.#room = this.#box.clientWidth;
    this.#surface.draw(record, this.#room);
    this.#mark();
  }

  /** The spot that everything shows: the pointer's, else the keyboard's. */
  #mark() {
    const spot = this.#hover ?? this.#cursor;
    this.#surface?.mark(spot);
    this.#scene.mark(spot);
    if (!this.#record?.weights) return;
    const lines = spot ? told(this.#record, spot) : [[hint(this.#record)]];
    this.#said.replaceChildren(...lines.map((line) => {
      const made = element("p");
      made.append(...line);
      return made;
    }));
    if (spot) this.#calls.onFocus(spot);
    else this.#calls.onLeave();
  }

  #listen() {
    const map = this.#map;
    map.addEventListener("keydown", (event) => this.#key(event));
    map.addEventListener("focus", () => {
      if (!this.#cursor && map.matches(":focus-visible")) this.#move(0, 0);
    });
    map.addEventListener("pointerdown", (event) => this.#press(event));
    map.addEventListener("pointermove", (event) => this.#point(event));
    map.addEventListener("pointerup", (event) => this.#release(event));
    map.addEventListener("pointercancel", () => (this.#drag = null));
    map.addEventListener("pointerleave", () => this.#over(null));
    map.addEventListener("wheel", (event) => this.#turn(event), { passive: false });
    const { canvas } = this.#scene;
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
      const source = this.#scene.at(offsetX, offsetY), target = this.#cursor?.target ?? null;
      this.#over(source === null ? null : { target, source });
    });
    canvas.addEventListener("pointerleave", () => this.#over(null));
  }

  #over(spot) {
    if (spot?.target === this.#hover?.target && spot?.source === this.#hover?.source) return;
    this.#hover = spot;
    this.#mark();
  }

  #place({ clientX, clientY }) {
    const box = this.#surface.element.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  }

  #press(event) {
    if (event.button === 0) this.#drag = { at: this.#place(event), moved: false };
  }

  #point(event) {
    const [x, y] = this.#place(event), drag = this.#drag;
    if (drag && Math.hypot(x - drag.at[0], y - drag.at[1]) > DRAGGED) drag.moved = true;
    if (drag?.moved && this.#surface.pan) {
      this.#map.setPointerCapture(event.pointerId);
      this.#surface.pan(x - drag.at[0], y - drag.at[1]);
      drag.at = [x, y];
    } else this.#over(this.#surface.at(x, y));
  }

  #release(event) {
    const spot = this.#surface.at(...this.#place(event)), clicked = this.#drag && !this.#drag.moved;
    this.#drag = null;
    if (!clicked || !spot) return;
    [this.#cursor, this.#hover] = [spot, spot];
    this.#mark();
    this.#calls.onPick(spot);
  }

  #turn(event) {
    if (!this.#surface.zoomBy) return;
    const closer = Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 250);
    const changed = this.#surface.zoomBy(closer, ...this.#place(event));
    if (changed || closer > 1) event.preventDefault(); // once the map is whole, the page may scroll on
    this.#over(this.#surface.at(...this.#place(event)));
  }

  /** Nearer or farther; the cursor stays in sight. */
  #zoomBy(factor) {
    this.#surface.zoomBy(factor);
    if (this.#cursor) this.#surface.reveal(this.#cursor);
  }

  #key(event) {
    const { key, ctrlKey, altKey, metaKey } = event, zoom = { "+": CLOSER, "=": CLOSER, "-": 1 / CLOSER, 0: 0 }[key];
    const { target, source } = this.#record, ends = { Home: [-Infinity, 0], End: [Infinity, 0] }[key];
    if (altKey || metaKey || (ctrlKey && !ends)) return;
    if (zoom !== undefined && this.#surface.zoomBy) this.#zoomBy(zoom);
    else if (STEPS[key]) this.#move(...STEPS[key]);
    else if (ends && ctrlKey) this.#go(...(key === "Home" ? [0, 0] : [target.length - 1, source.length - 1]));
    else if (ends) this.#go(key === "Home" ? 0 : target.length - 1, this.#cursor?.source ?? -1);
    else if ((key === "Enter" || key === " ") && this.#cursor) this.#calls.onPick(this.#cursor);
    else if (key === "Escape") this.focus(null);
    else return;
    event.preventDefault();
  }

  #move(across, down) {
    const at = this.#cursor;
    if (at) this.#go((at.target ?? -1) + across, (at.source ?? -1) + down);
    else this.#go(0, 0);
  }

  /** A label stands before the first cell of its row or column, so a whole unit can be reached as well. */
  #go(target, source) {
    const record = this.#record, inside = (at, count) => Math.max(-1, Math.min(at, count - 1));
    const column = inside(target, record.target.length), row = inside(source, record.source.length);
    if (column < 0 && row < 0) return;
    this.#hover = null;
    this.focus({ target: column < 0 ? null : column, source: row < 0 ? null : row });
  }
}

/** What there is to show of a model without attention: its units, and how probable each was. */
function withoutMap(record) {
  const why = "the decoder saw only the encoder's final state, so there is no map.";
  const said = element("p", "", `This model has no attention: ${why}`);
  if (!record.probabilities) return [said];
  const list = element("ol", "heatmap-units");
  record.targetLabels.forEach((label, at) => {
    const item = element("li"), bar = element("span", "heatmap-chance"), share = record.probabilities[at];
    bar.style.width = `${100 * Math.min(1, share || 0)}%`;
    item.append(element("bdi", "heatmap-unit", label), bar, element("span", "", percent(share)));
    list.append(item);
  });
  return [said, list];
}
