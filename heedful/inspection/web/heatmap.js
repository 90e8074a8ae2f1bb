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
 *     probabilities: [0.98, 0.7, 0.9], may be left out: one a target unit, and perhaps one more for the end mark; null
 *                                      where it is not known
 *     boxes: [[0, 0, 0.5, 1], null],   may be left out: left, top, right, bottom of what a source unit covers of the
 *                                      picture, as shares from 0 to 1; null for a unit of text
 *     picture: "data:image/png;..",    may be left out: the address of the picture or spectrogram
 *     decimals: 5,                     may be left out: what the weights were rounded to
 *     totals: [..], sums: [..] }       may be left out: what each source unit got in all, and what each target unit gave,
 *                                      where weights were rounded
 *
 * A SPOT is { target, source }, two indices; one of them is null where a whole output or input unit is meant, its label.
 *
 *   const map = new Heatmap(host, { onFocus, onLeave, onPick, language, brightened })
 *     host               an element; the map is put into it
 *     onFocus(spot)      the pointer or the keyboard came to this spot; onLeave(): they are nowhere on the map now
 *     onPick(spot)       a click or Enter: on a cell, or on the label of an output or input unit
 *     language           what it speaks: "en" (unless said) or "ko"; brightened: see below
 *   map.show(record)     shows another record; null shows nothing. The cursor goes, and nothing is held any more.
 *   map.extend({ unit, weights, probability })
 *                        one more output unit of the record shown, while decoding streams; drawn with the next frame
 *   map.record           what is shown now: as given, but `weights` are rows, `totals` and `sums` are there, and with
 *                        `sourceLabels` and `targetLabels` (units as they are drawn)
 *   map.focus(spot)      puts the cursor there, and calls onFocus; map.focus(null) takes it away
 *   map.point(spot)      the same for the eye and the read-out, but the cursor stays, the page does not scroll, and nobody
 *                        is called; until map.point(null). Where the reader's own pointer is on the map, that counts.
 *   map.hold(spots)      marks spots as held by hand, with a note below the map; spots of units that are still to come are
 *                        marked when they are there. map.hold([]) releases all
 *   map.language         "en" or "ko"; set it, and everything is said anew
 *   map.brightened       whether the greatest weight of the map has full light; false: a weight of one has. Readers turn
 *                        it on and off with a box above a map whose greatest weight is small
 *   map.follow(act)      calls act() now, and whenever another record or language is shown
 *   map.svg(title)       a complete SVG file as text, as the map is shown. map.png(title): a promise of a Blob.
 *                        map.json(): attend's JSON
 *   map.close()          lets go of the host
 *
 *   statistics(weights, source, target, language = "en", known = {})
 *                                                 sentences about a map, in plain words. `known` may be the record: its
 *                                                 boxes, its totals, and `breadths` and `peaks` of its rows count, if there
 *   certainty(probabilities, target, language = "en")
 *                                                 sentences about what the model was sure of
 *   saveButtons(host, map, { title, name, language })
 *                                                 buttons that copy or save the map; title: () => text; name: of the files;
 *                                                 language: the map's, unless said
 *   colour(weight)  "#rrggbb", as brightness.py   visible(unit)  a unit as a label, as labels.py
 *   percent(share, language = "en")  "98.2 %"     save(name, blob)  a download; copy(blob)  a promise: whether it worked
 *
 * Up to 60 x 60 units a map is SVG elements. A larger one is painted on a canvas, to zoom and to pan.
 * Inside, a LOOK is how a record is shown: { words, most: the weight that has full light, held: spots }.
 */

import { Drawn } from "./map_drawn.js";
import { isLarge } from "./map_drawing.js";
import { jsonOf, pngOf, svgOf } from "./map_files.js";
import { Hand } from "./map_hand.js";
import { Keys } from "./map_keys.js";
import { wordsIn } from "./map_languages.js";
import { element } from "./map_nodes.js";
import { Painted } from "./map_painted.js";
import { extend, isIn, kept } from "./map_record.js";
import { Scene } from "./map_scene.js";
import { described, hint, told } from "./map_telling.js";
import { Tools } from "./map_tools.js";
import { withoutMap } from "./map_unmapped.js";

export { colour } from "./map_colours.js";
export { percent, visible } from "./map_labels.js";
export { copy, save, saveButtons } from "./map_saving.js";
export { certainty, statistics } from "./map_words.js";

const nothing = () => {};
const spotOf = ({ target = null, source = null }) => ({ target, source });
const EMPTY = { source: [], target: [], weights: [] };

export class Heatmap {
  #calls; #words; #brightened; #followers = []; #frame = 0; #room = 0;
  #record = null; #surface = null; #cursor = null; #hover = null; #pointed = null; #held = [];
  #root = element("div", "heatmap");
  #box = element("div", "heatmap-box");
  #map = element("div", "heatmap-map");
  #said = element("div", "heatmap-said");
  #none = element("div", "heatmap-none");
  #tools = new Tools({ zoomBy: (factor) => this.#zoomBy(factor), brighten: (on) => (this.brightened = on) });
  #scene = new Scene();
  #watch = new ResizeObserver(() => this.#box.clientWidth !== this.#room && this.#later());

  constructor(host, { onFocus = nothing, onLeave = nothing, onPick = nothing, language = "en", brightened = false } = {}) {
    [this.#calls, this.#brightened] = [{ onFocus, onLeave, onPick }, brightened];
    this.#map.setAttribute("role", "application");
    this.#map.tabIndex = 0;
    this.#said.setAttribute("role", "status");
    this.#box.append(this.#map);
    this.#root.append(this.#tools.element, this.#box, this.#said, this.#scene.element, this.#none);
    this.#root.hidden = true;
    host.append(this.#root);
    this.language = language;
    this.#listen();
    this.#watch.observe(host);
  }

  get record() {
    return this.#record;
  }

  get language() {
    return this.#words.language;
  }

  set language(language) {
    this.#words = wordsIn(language);
    this.#tools.say(this.#words);
    this.#scene.say(this.#words);
    this.#draw();
    this.#tell();
  }

  get brightened() {
    return this.#brightened;
  }

  set brightened(brightened) {
    this.#brightened = Boolean(brightened);
    this.#draw();
  }

  show(record) {
    [this.#record, this.#held] = [record ? kept(record) : null, []];
    [this.#cursor, this.#hover, this.#pointed] = [null, null, null];
    this.#tools.judge(this.#record);
    this.#draw();
    this.#scene.show(this.#record);
    this.#tell();
  }

  extend(unit) {
    extend(this.#record, unit);
    this.#later();
  }

  focus(spot) {
    this.#cursor = spot;
    this.#mark();
    if (spot) this.#surface?.reveal(spot);
  }

  point(spot) {
    this.#pointed = spot && spotOf(spot);
    this.#mark(false);
  }

  hold(spots) {
    this.#held = Array.from(spots, spotOf);
    this.#draw();
  }

  follow(act) {
    this.#followers.push(act);
    act();
  }

  svg(title = "") {
    return svgOf(this.#record ?? kept(EMPTY), title, this.#look());
  }

  png(title = "") {
    return pngOf(this.svg(title));
  }

  json() {
    return jsonOf(this.#record ?? kept(EMPTY));
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#watch.disconnect();
    this.#root.remove();
  }

  #tell() {
    for (const act of this.#followers) act();
  }

  #look() {
    const record = this.#record, held = record ? this.#held.filter((spot) => isIn(record, spot)) : [];
    return { words: this.#words, most: (this.#brightened && record?.greatest) || 1, held };
  }

  #later() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const record = this.#record, mapped = Boolean(record?.weights), large = mapped && isLarge(record);
    this.#root.hidden = !record;
    for (const part of [this.#box, this.#said]) part.hidden = !mapped;
    this.#tools.show(mapped, large, this.#brightened);
    this.#none.hidden = mapped;
    if (record && !mapped) this.#none.replaceChildren(...withoutMap(record, this.#words));
    if (!mapped) return;
    const kind = large ? Painted : Drawn;
    if (!(this.#surface instanceof kind)) {
      this.#surface = new kind();
      this.#map.replaceChildren(this.#surface.element);
    }
    this.#map.setAttribute("aria-label", described(record, large, this.#words));
    this.#room = this.#box.clientWidth;
    this.#surface.draw(record, this.#room, this.#look());
    this.#mark();
  }

  /** The spot that everything shows: the pointer's, else what somebody points at, else the keyboard's. */
  #mark(calling = true) {
    const record = this.#record, own = this.#hover ?? this.#cursor;
    if (!record?.weights) return;
    const found = this.#hover ?? this.#pointed ?? this.#cursor, spot = found && isIn(record, found) ? found : null;
    this.#surface.mark(spot);
    this.#scene.mark(spot);
    this.#said.classList.toggle("heatmap-hint", !spot);
    const lines = spot ? told(record, spot, this.#look()) : [[hint(record, this.#words)]];
    this.#said.replaceChildren(...lines.map((line) => {
      const made = element("p");
      made.append(...line);
      return made;
    }));
    if (!calling) return;
    if (own) this.#calls.onFocus(own);
    else this.#calls.onLeave();
  }

  #listen() {
    new Hand(this.#map, {
      surface: () => this.#surface,
      onPoint: (spot) => this.#over(spot),
      onPick: (spot) => {
        [this.#cursor, this.#hover] = [spot, spot];
        this.#mark();
        this.#calls.onPick(spot);
      },
    });
    new Keys(this.#map, {
      now: () => ({ record: this.#record, cursor: this.#cursor, zooms: Boolean(this.#surface?.zoomBy) }),
      onGo: (spot) => {
        this.#hover = null;
        this.focus(spot);
      },
      onPick: (spot) => this.#calls.onPick(spot),
      onZoom: (factor) => this.#zoomBy(factor),
    });
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

  /** Nearer or farther; the cursor stays in sight. */
  #zoomBy(factor) {
    this.#surface.zoomBy(factor);
    if (this.#cursor) this.#surface.reveal(this.#cursor);
  }
}
