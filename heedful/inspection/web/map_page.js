/* The page that is one file: unpacks what it holds, and shows the hypothesis that is chosen. */

import { Heatmap, certainty, saveButtons, statistics } from "./heatmap.js";
import { spaced } from "./map_record.js";

const BYTES = 4; // of a number
const LONG_TEXT = 90; // characters of a part of the heading before it is cut; map_page.py says the same
const MOST_TITLED = 60; // characters of a part of the window's title

open(JSON.parse(document.getElementById("maps").textContent));

function open(page) {
  const [host, words, heading, whole] = ["map", "words", "heading", "whole"].map((name) => document.getElementById(name));
  const { lang: language } = document.documentElement, map = new Heatmap(host, { language }), records = new Map();
  const radios = [...document.querySelectorAll("input[name=hypothesis]")], unfold = unfolding(whole, heading);
  let chosen = 0;
  const show = async (at) => {
    chosen = at;
    const given = page.hypotheses[at];
    if (!records.has(at)) records.set(at, unpacked(given, page.pictures));
    const record = await records.get(at);
    if (chosen !== at) return; // another one was chosen while this was unpacked
    map.show(record);
    document.title = given.heading.map((part) => shortened(spaced(part))).join(" → ");
    heading.replaceChildren(...given.heading.flatMap((part, place) => [place ? " → " : "", bdi(part)]));
    unfold();
    // The map first: on a large one, counting takes longer than painting.
    setTimeout(() => chosen === at && words.replaceChildren(...sentences(record, language).map(item)));
  };
  for (const radio of radios) radio.addEventListener("change", () => show(Number(radio.value)));
  if (page.hypotheses.some((each) => each.weights)) {
    const title = () => page.hypotheses[chosen].heading.map(spaced).join(" → ");
    saveButtons(document.getElementById("save"), map, { title });
  }
  toggled(document.getElementById("scheme"));
  show(Number(radios.find((radio) => radio.checked)?.value ?? 0)); // a browser that goes back remembers the choice
}

/** The record of heatmap.js, with what statistics() may know besides. */
async function unpacked({ weights, picture, ...given }, pictures) {
  return { ...given, weights: weights && (await read(weights, given.decimals)), picture: pictures[picture] };
}

/** Numbers of map_weights.py: bytes in planes, the first of every number, then the second, and so on. */
async function read(data, decimals) {
  const letters = atob(data), packed = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) packed[at] = letters.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer()), count = planes.length / BYTES;
  const whole = new Int32Array(count);
  for (let plane = 0, from = 0; plane < BYTES; plane++, from += count) {
    for (let at = 0; at < count; at++) whole[at] |= planes[from + at] << (8 * plane);
  }
  if (decimals === undefined) return new Float32Array(whole.buffer);
  const numbers = new Float32Array(count), one = 10 ** decimals;
  for (let at = 0; at < count; at++) numbers[at] = whole[at] / one;
  return numbers;
}

function sentences(record, language) {
  const { source, target, weights, probabilities } = record;
  return [
    ...(weights ? statistics(weights, source, target, language, record) : []),
    ...(probabilities?.length ? certainty(probabilities, target, language) : []),
  ];
}

/** A part of the heading, isolated: the arrow leads on whatever way the parts run. */
function bdi(part) {
  const made = document.createElement("bdi");
  made.textContent = spaced(part);
  if (made.textContent.length > LONG_TEXT) [made.className, made.title] = ["long", made.textContent];
  return made;
}

function shortened(text) {
  if (text.length <= MOST_TITLED) return text;
  const letters = Array.from(new Intl.Segmenter().segment(text.slice(0, 4 * MOST_TITLED)), (part) => part.segment);
  return letters.length <= MOST_TITLED ? text : `${letters.slice(0, MOST_TITLED - 1).join("")}…`;
}

function item(text) {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
}

/** A button for the whole of a heading that is cut. What is returned looks again at whether it is. */
function unfolding(button, heading) {
  const turn = (isWhole) => {
    heading.classList.toggle("whole", isWhole);
    button.setAttribute("aria-expanded", String(isWhole));
    button.textContent = isWhole ? button.dataset.less : button.dataset.more;
  };
  button.addEventListener("click", () => turn(!heading.classList.contains("whole")));
  turn(false);
  return () => {
    turn(false);
    button.hidden = !heading.querySelector(".long");
  };
}

/** Light or dark, whatever the reader's system says. */
function toggled(button) {
  const root = document.documentElement, dark = window.matchMedia("(prefers-color-scheme: dark)");
  const now = () => root.dataset.scheme ?? (dark.matches ? "dark" : "light");
  const named = () => (button.textContent = now() === "dark" ? button.dataset.light : button.dataset.dark);
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.scheme = now() === "dark" ? "light" : "dark";
    named();
  });
  dark.addEventListener("change", named);
  named();
}
