/* The input: a field a column of text, a chooser a column of anything else. Texts stay on this page and go to the server only. */

import { Drawing } from "./drawing.js";
import { button, fill, make } from "./elements.js";
import { say } from "./words.js";

const ACCEPTED = { picture: "image/png,image/jpeg,image/*", spectrogram: "audio/*,.wav,.flac,.ogg", vectors: ".npy" };

export class Sources {
  /** `onChange()`: somebody typed, drew or chose something. `mostBytes` is the largest body that the server takes. */
  constructor(host, mostBytes, onChange) {
    Object.assign(this, { host, mostBytes, onChange, columns: [], items: [] });
  }

  /** Fields for these columns; the example fills them where there is one. */
  build(columns, example) {
    this.columns = columns;
    const given = example === null ? [] : columns.length > 1 ? example.split("\t") : [example];
    this.items = columns.map((column, place) => (column.kind === "text" ? given[place] ?? "" : null));
    this.relabel();
  }

  /** The same fields are read by another model: as these columns. */
  rename(columns) {
    this.columns = columns;
    this.relabel();
  }

  /** Build the fields anew, in the language of now, with what stands in them. */
  relabel() {
    this.fields = this.columns.map((column, place) =>
      column.kind === "text" ? this.#text(column, place) : this.#file(column, place));
    fill(this.host, ...this.fields.map((field) => field.whole));
    this.#show();
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

  /** Put other items in, as `items` held them. */
  set(items) {
    this.items = [...items];
    this.#show();
  }

  /** A calm sentence beside the field that is meant; null takes it away. Tells whether a field was meant. */
  refuse(field, message) {
    const place = field === null ? null : Number(field.match(/^input\[(\d+)\]/)?.[1] ?? (/^input(\.|$)/.test(field) ? 0 : NaN));
    this.fields.forEach((each, at) => {
      const here = message !== null && at === place;
      each.told.textContent = here ? message : "";
      each.control.toggleAttribute("aria-invalid", here);
      if (here) each.control.setAttribute("aria-invalid", "true");
    });
    return place !== null && this.fields[place] !== undefined;
  }

  #show() {
    this.fields.forEach((field, place) => field.show(this.items[place]));
  }

  #changed(place, item, isQuick = false) {
    this.items[place] = item;
    this.onChange(isQuick);
  }

  #text(column, place) {
    const [id, told] = [`input-${place}`, this.#told(place)];
    const control = make("textarea", {
      id, rows: 1, dir: "auto", spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-describedby": told.id,
      on: {
        input: () => {
          const plain = control.value.replace(/[\r\n\t]+/g, " ");
          if (plain !== control.value) control.value = plain;
          fit();
          this.#changed(place, plain);
        },
        keydown: (event) => {
          if (event.key !== "Enter" || event.isComposing) return;
          event.preventDefault();
          this.onChange(true);
        },
      },
    });
    const fit = () => {
      control.style.blockSize = "auto";
      control.style.blockSize = `${control.scrollHeight + 2}px`;
    };
    const name = this.columns.length > 1 ? say("input.column", place + 1, say(`unit.${column.unit}`)) : say("input");
    const label = make("label", { for: id, class: this.columns.length > 1 ? null : "unseen" }, name);
    const whole = make("div", { class: "field" }, label, control, told);
    return { whole, control, told, show: (item) => { control.value = item ?? ""; requestAnimationFrame(fit); } };
  }

  #file(column, place) {
    const [id, told] = [`input-${place}`, this.#told(place)];
    const control = make("input", {
      id, type: "file", accept: ACCEPTED[column.kind], "aria-describedby": told.id, on: { change: () => take(control.files[0]) },
    });
    const take = async (file) => {
      if (!file) return;
      if (file.size * 1.37 > this.mostBytes) {
        this.refuse(`input[${place}]`, say("file.large", Math.floor(this.mostBytes / 1.37 / 1024)));
        return;
      }
      this.#changed(place, { base64: await encoded(file), name: file.name }, true);
      show(this.items[place]);
    };
    const show = (item) => {
      named.textContent = item?.name ?? "";
      if (item !== null) drawing?.show(item.base64);
    };
    const named = make("span", { class: "quiet" });
    const drawing = column.kind !== "picture" ? null
      : new Drawing((base64) => {
        named.textContent = control.value = "";
        this.#changed(place, { base64, name: null }, true);
      });
    const area = make("div", {
      class: "drop",
      on: {
        dragover: (event) => { event.preventDefault(); area.classList.add("over"); },
        dragleave: () => area.classList.remove("over"),
        drop: (event) => { event.preventDefault(); area.classList.remove("over"); take(event.dataTransfer.files[0]); },
      },
    }, drawing?.element, make("div", { class: "bar" },
      make("label", { for: id, class: "file" }, say(`file.${column.kind}`)), control, named,
      drawing && drawing.writing(), drawing && button(say("drawing.clear"), () => drawing.clear(true))));
    const whole = make("div", { class: "field" }, make("span", { class: "label" }, say(`input.${column.kind}`)), area, told);
    if (drawing && this.items[place] === null) drawing.example((base64) => { this.items[place] = { base64, name: null }; });
    return { whole, control, told, show };
  }

  #told(place) {
    return make("p", { class: "told", id: `input-told-${place}`, role: "status" });
  }
}

async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
