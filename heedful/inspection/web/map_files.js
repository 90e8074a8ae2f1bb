/* A map as a file of its own, copied or saved: a drawing, a picture of dots, the numbers. */

import { Blocks } from "./map_blocks.js";
import { BRIGHT, CARD } from "./map_colours.js";
import { EDGE, GAP, drawing, isLarge, legend, planned } from "./map_drawing.js";
import { visibleText } from "./map_labels.js";
import { FONTS, button, element, fitted, line, shape, widthOf } from "./map_nodes.js";

const SIDE = 34, WIDE = 900, MOST_HEADING = 700; // dots of a cell, of a drawing, and of its heading
const MOST_DOUBLED = 1600; // a drawing no larger than this has two dots a unit, for screens that show fine print

/** A complete SVG document: nothing is fetched, and there are no identifiers that could clash in a page. */
export function svgOf(record, title = "") {
  const heading = fitted(visibleText(title), 16, MOST_HEADING), large = isLarge(record);
  const { nodes, width, height } = large ? dotted(record, heading) : drawn(record, heading);
  const whole = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "font-family": FONTS });
  const counts = `${record.target.length} output units, across, to ${record.source.length} input units, down`;
  whole.append(shape("title", {}, visibleText(title) || "attention"));
  whole.append(shape("desc", {}, `Attention of ${counts}. Brighter is more.`), ...nodes);
  return `${new XMLSerializer().serializeToString(whole)}\n`;
}

function drawn(record, heading) {
  const plan = planned(record, WIDE, heading, SIDE);
  return { nodes: drawing(record, plan, heading, true), width: plan.width, height: plan.height };
}

/** A large map: its dots as an image, and the numbers of some units at its sides, counted from one. */
function dotted(record, heading) {
  const { address, columns, rows } = new Blocks(record.weights, record.source.length).image();
  const side = Math.max(1, Math.floor(1200 / Math.max(columns, rows))), wide = columns * side, high = rows * side;
  const left = EDGE + 70, top = EDGE + (heading ? 30 : 0) + 44, bar = top + high + 26, height = bar + 8 + EDGE;
  const width = Math.ceil(Math.max(left + wide, left + 210, EDGE + widthOf(heading, 16)) + EDGE);
  const place = { x: left, y: top, width: wide, height: high, preserveAspectRatio: "none" };
  const nodes = [
    shape("rect", { width, height, rx: 10, fill: CARD }),
    shape("image", { href: address, ...place, "image-rendering": "pixelated" }),
    line("output", left + wide / 2, top - 26, 12, { anchor: "middle" }),
    line("input", EDGE + 10, top + high / 2, 12, { anchor: "middle", turn: -90 }),
    ...numbered(record.target.length, wide, (text, at) => line(text, left + at, top - GAP, 11, { anchor: "middle" })),
    ...numbered(record.source.length, high, (text, at) => line(text, left - GAP, top + at + 4, 11, { anchor: "end" })),
    ...legend(left, bar),
  ];
  if (heading) nodes.push(line(heading, EDGE, EDGE + 14, 16, { fill: BRIGHT }));
  return { nodes, width, height };
}

function numbered(count, dots, put) {
  const step = [10, 20, 50, 100, 200, 500, 1000].find((each) => (each * dots) / count >= 50) ?? count;
  const places = Array.from({ length: Math.ceil((count + 1) / step) }, (_, at) => Math.max(0, at * step - 1));
  return places.filter((at) => at < count).map((at) => put(String(at + 1), ((at + 0.5) * dots) / count));
}

/** The drawing as dots. */
export async function pngOf(svg) {
  const image = new Image(), address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    image.src = address;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const scale = Math.max(width, height) <= MOST_DOUBLED ? 2 : 1;
    const canvas = element("canvas");
    [canvas.width, canvas.height] = [width * scale, height * scale];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** What `attend --out x.json` writes. */
export function jsonOf({ source, target, weights, boxes }) {
  const numbers = { source, target, weights: (weights ?? []).map((row) => Array.from(row)) };
  return `${JSON.stringify(boxes ? { ...numbers, boxes } : numbers)}\n`;
}

/** Puts it onto the clipboard; false where the browser refuses, as it may for a file on the disk. */
export async function copy(blob) {
  try {
    if (blob.type === "image/png") await navigator.clipboard.write([new ClipboardItem({ [blob.type]: blob })]);
    else await navigator.clipboard.writeText(await blob.text());
    return true;
  } catch {
    return false;
  }
}

/** Hands it to the reader as a download. */
export function save(name, blob) {
  const link = element("a"), address = URL.createObjectURL(blob);
  [link.href, link.download] = [address, name];
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers fetch it only later
}

/** Buttons that copy the map, or save it; what the clipboard refuses is saved. */
export function saveButtons(host, map, { title = () => "", name = "attention" } = {}) {
  const kinds = {
    SVG: async () => new Blob([map.svg(title())], { type: "image/svg+xml" }),
    PNG: () => map.png(title()),
    JSON: async () => new Blob([map.json()], { type: "application/json" }),
  };
  const said = element("span", "heatmap-done");
  said.setAttribute("role", "status");
  const act = async (kind, copying) => {
    said.textContent = "";
    const blob = await kinds[kind](), file = `${name}.${kind.toLowerCase()}`;
    if (copying && (await copy(blob))) said.textContent = `${kind} copied`;
    else {
      save(file, blob);
      said.textContent = copying ? `The clipboard is closed to this page, so ${file} was saved` : `${file} saved`;
    }
  };
  const group = (word, copying) => {
    const made = element("div", "heatmap-group");
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", `${word} the map`);
    made.append(element("span", "", word));
    for (const kind of Object.keys(kinds)) made.append(button(kind, `${word} the map as ${kind}`, () => act(kind, copying)));
    return made;
  };
  const made = element("div", "heatmap-save");
  made.append(group("Copy", true), group("Save", false), said);
  host.append(made);
  return made;
}
