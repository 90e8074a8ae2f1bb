/* The page that is one file: unpacks what it holds, and shows the hypothesis that is chosen. */

import { Heatmap, certainty, saveButtons, statistics } from "./heatmap.js";
import { visibleText } from "./map_labels.js";

const LARGEST_STEP = 64_000; // a weight of one, in the steps of map_page.py

open(JSON.parse(document.getElementById("maps").textContent));

function open(page) {
  const [host, words, heading] = ["map", "words", "heading"].map((name) => document.getElementById(name));
  const map = new Heatmap(host), records = new Map(), radios = [...document.querySelectorAll("input[name=hypothesis]")];
  let chosen = 0;
  const show = async (at) => {
    chosen = at;
    const given = page.hypotheses[at];
    if (!records.has(at)) records.set(at, unpacked(given, page.pictures));
    const record = await records.get(at);
    if (chosen !== at) return; // another one was chosen while this was unpacked
    map.show(record);
    document.title = titled(given);
    heading.replaceChildren(...given.heading.flatMap((part, place) => [place ? " → " : "", bdi(part)]));
    // The map first: on a large one, counting takes longer than painting.
    setTimeout(() => chosen === at && words.replaceChildren(...sentences(record).map(item)));
  };
  for (const radio of radios) radio.addEventListener("change", () => show(Number(radio.value)));
  if (page.hypotheses.some((each) => each.weights)) {
    saveButtons(document.getElementById("save"), map, { title: () => titled(page.hypotheses[chosen]) });
  }
  toggled(document.getElementById("scheme"));
  show(Number(radios.find((radio) => radio.checked)?.value ?? 0)); // a browser that goes back remembers the choice
}

function titled({ heading }) {
  return heading.map(visibleText).join(" → ");
}

/** The record of heatmap.js. Weights are bytes in planes: the first of every number, then the second, and so on. */
async function unpacked({ source, target, weights, totals, sums, probabilities, boxes, picture }, pictures) {
  const numbers = weights && (await read(weights));
  return { source, target, weights: numbers, totals, sums, probabilities, boxes, picture: pictures[picture] };
}

async function read({ kind, data }) {
  const packed = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer()), each = kind === "float32" ? 4 : 2;
  const count = planes.length / each, bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < each; plane++) {
    for (let at = 0, from = plane * count; at < count; at++) bytes[each * at + plane] = planes[from + at];
  }
  if (kind === "float32") return new Float32Array(bytes.buffer);
  // A step is a weight that was cut off; its middle is nearest. Nothing stays nothing.
  return Float32Array.from(new Uint16Array(bytes.buffer), (step) => (step ? (step - 0.5) / LARGEST_STEP : 0));
}

function sentences({ source, target, weights, probabilities }) {
  return [
    ...(weights ? statistics(weights, source, target) : []),
    ...(probabilities?.length ? certainty(probabilities, target) : []),
  ];
}

/** A part of the heading, isolated: the arrow leads on whatever way the parts run. */
function bdi(part) {
  const made = document.createElement("bdi");
  made.textContent = visibleText(part);
  return made;
}

function item(text) {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
}

/** Light or dark, whatever the reader's system says. */
function toggled(button) {
  const root = document.documentElement, dark = window.matchMedia("(prefers-color-scheme: dark)");
  const now = () => root.dataset.scheme ?? (dark.matches ? "dark" : "light");
  const named = () => (button.textContent = now() === "dark" ? "Light page" : "Dark page");
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.scheme = now() === "dark" ? "light" : "dark";
    named();
  });
  dark.addEventListener("change", named);
  named();
}
