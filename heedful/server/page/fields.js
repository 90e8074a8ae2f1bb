/* One column of the input: a text to write, or a file to choose, to drop anywhere on the page, or to draw. */

import { Drawing } from "./drawing.js";
import { button, make } from "./elements.js";
import { say } from "./words.js";

const ACCEPTED = { picture: "image/png,image/jpeg,image/*", spectrogram: "audio/*,.wav,.flac,.ogg", vectors: ".npy" };
const PER_BYTE = 1.37; // what base64 and the rest of a request make of a byte

/** A field for a text. */
export function textField(sources, column, place) {
  const [id, told] = [`input-${place}`, toldAt(place)];
  const control = make("textarea", {
    id, rows: 1, dir: "auto", spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-describedby": told.id,
    on: {
      input: () => {
        const plain = control.value.replace(/[\r\n\t]+/g, " ");
        if (plain !== control.value) control.value = plain;
        fit();
        sources.give(place, plain);
      },
      keydown: (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        sources.onAsk();
      },
    },
  });
  const fit = () => {
    control.style.blockSize = "auto";
    control.style.blockSize = `${control.scrollHeight + 2}px`;
  };
  const isOne = sources.columns.length === 1;
  const name = isOne ? say("input") : say("input.column", place + 1, say(`unit.${column.unit}`));
  const whole = make("div", { class: "field" }, make("label", { for: id, class: isOne && "unseen" }, name), control, told);
  return { whole, control, told, show: (item) => { control.value = item ?? ""; requestAnimationFrame(fit); } };
}

/** A chooser for a file; for a picture with a sheet to draw on. */
export function fileField(sources, column, place) {
  const [id, told] = [`input-${place}`, toldAt(place)];
  const control = make("input", {
    id, type: "file", class: "unseen", accept: ACCEPTED[column.kind], "aria-describedby": told.id,
    on: { change: () => take(control.files[0]) },
  });
  const take = async (file) => {
    if (!file) return;
    const isWanted = sources.begin(place);
    if (file.size * PER_BYTE > sources.mostBytes) {
      sources.object(place, say("file.large", Math.floor(sources.mostBytes / PER_BYTE / 1024)));
      return;
    }
    const base64 = await encoded(file);
    if (!isWanted()) return;
    sources.give(place, { base64, name: file.name }, true);
    sources.fields[place].show(sources.items[place]);
  };
  const named = make("span", { class: "file-name" });
  const drawing = column.kind !== "picture" ? null : new Drawing((base64) => {
    named.textContent = control.value = "";
    sources.give(place, { base64, name: null }, true);
  });
  const show = (item) => {
    named.textContent = item?.name ?? "";
    if (item) drawing?.show(item.base64);
  };
  const tools = make("div", { class: "bar" }, control, make("label", { for: id, class: "file" }, say(`file.${column.kind}`)),
    make("span", { class: "quiet" }, say("file.drop")), named,
    drawing && drawing.writing(), drawing && button(say("drawing.clear"), () => drawing.clear(true)));
  const whole = make("div", { class: "field" }, make("span", { class: "label" }, say(`input.${column.kind}`)),
    make("div", { class: "drop" }, drawing?.element, tools), told);
  if (drawing && sources.items[place] === null) {
    drawing.example((base64) => { sources.items[place] = { base64, name: null }; });
  }
  return { whole, control, told, show, take };
}

/** A file that is dropped anywhere is for `take(file)`, and never replaces the page; text may still be dropped into fields. */
export function letDrop(take) {
  const bringsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const over = (isOver) => document.querySelectorAll(".drop").forEach((area) => area.classList.toggle("over", isOver));
  document.addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", (event) => { if (event.relatedTarget === null) over(false); });
  document.addEventListener("drop", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    over(false);
    take(event.dataTransfer.files[0]);
  });
}

function toldAt(place) {
  return make("p", { class: "told", id: `input-told-${place}`, role: "status" });
}

async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
