/* The input: a field a column of text, a chooser a column of anything else. Texts stay on this page and go to the server only. */

import { fileField, letDrop, textField } from "./fields.js";
import { fill } from "./elements.js";
import { say } from "./words.js";

const LONG = 200; // characters from which an answer is so large that one asks for one output at a time

export class Sources {
  /**
   * `onChange(now)`: somebody typed, drew or chose something; `onAsk()`: somebody pressed Enter. `mostBytes` is the largest
   * body that the server takes.
   */
  constructor(host, mostBytes, { onChange, onAsk }) {
    Object.assign(this, { host, mostBytes, onChange, onAsk });
    Object.assign(this, { columns: [], fields: [], items: [], turns: [], refused: [], own: new Map() });
    letDrop((file) => this.fields.find((field) => field.take)?.take(file));
  }

  /** Fields for these columns; the example fills them where there is one. */
  build(columns, example) {
    [this.columns, this.fields] = [columns, []];
    const given = example === null ? [] : columns.length > 1 ? example.split("\t") : [example];
    this.set(columns.map((column, place) => (column.kind === "text" ? given[place] ?? "" : null)));
    this.relabel();
  }

  /** The same fields are read by another model: as these columns. */
  rename(columns) {
    this.columns = columns;
    this.relabel();
  }

  /** Build the fields anew, in the language of now, with what stands in them. */
  relabel() {
    this.fields = this.columns.map((column, place) => (column.kind === "text" ? textField : fileField)(this, column, place));
    fill(this.host, ...this.fields.map((field) => field.whole));
    this.#show();
    this.#tell();
  }

  /** What is sent as `input`. */
  value() {
    const sent = this.items.map((item) => (typeof item === "string" ? item : { base64: item.base64 }));
    return sent.length === 1 ? sent[0] : sent;
  }

  /** Whether there is nothing to send yet. */
  isEmpty() {
    return this.items.some((item) => item === null) || this.items.every((item) => item === "");
  }

  /** The texts, where all columns are text; else null. */
  texts() {
    return this.items.every((item) => typeof item === "string") ? this.items : null;
  }

  /** Whether these units are just the characters that stand in the fields. */
  shows(units) {
    return this.items.every((item) => typeof item === "string") && units.length === [...this.items.join("")].length;
  }

  /** How the input is named in a sentence. */
  shown() {
    return this.items.map((item) => (typeof item === "string" ? item : item?.name ?? say("drawing"))).join(" ⇥ ");
  }

  /** Whether these items, as `items` held them, are those of now. */
  holds(items) {
    return items.length === this.items.length && items.every((item, place) => item === this.items[place]);
  }

  /** Whether the input is so long that every output more makes the answer a large one. */
  isLong() {
    return this.items.reduce((sum, item) => sum + (typeof item === "string" ? item.length : 0), 0) > LONG;
  }

  /** What is to be given: "text", or the kind of the first column that is something else. */
  kind() {
    return this.columns.find(({ kind }) => kind !== "text")?.kind ?? "text";
  }

  /** Put other items in, as `items` held them. */
  set(items) {
    this.items = [...items];
    this.turns = items.map((_, place) => (this.turns[place] ?? 0) + 1);
    this.own.clear();
    this.#show();
  }

  focus() {
    this.fields[0].control.focus();
  }

  /** Whether a field of a request is one of these. */
  has(field) {
    return this.#place(field) !== null;
  }

  /** Say beside the fields what the server refused: a list of { field, message }. */
  refuse(list) {
    this.refused = list;
    this.#tell();
  }

  /** Somebody gave this column something: what was begun for it before counts no more. */
  give(place, item, isQuick = false) {
    this.begin(place);
    this.items[place] = item;
    this.onChange(isQuick);
  }

  /** Something is to come into this column; returns whether it is still to, asked later. */
  begin(place) {
    const turn = (this.turns[place] += 1);
    if (this.own.delete(place)) this.#tell();
    return () => this.turns[place] === turn;
  }

  /** What the page itself has against what somebody gave. */
  object(place, message) {
    this.own.set(place, message);
    this.#tell();
  }

  #tell() {
    this.fields.forEach(({ control, told }, place) => {
      const refused = this.refused.find(({ field }) => field !== null && this.#place(field) === place);
      const said = this.own.get(place) ?? refused?.message ?? "";
      if (told.textContent !== said) told.textContent = said;
      if (said) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    });
  }

  #place(field) {
    const place = Number(field.match(/^input\[(\d+)\]/)?.[1] ?? (/^input(\.|$)/.test(field) ? 0 : NaN));
    return this.columns[place] === undefined ? null : place;
  }

  #show() {
    this.fields.forEach((field, place) => field.show(this.items[place]));
  }
}
