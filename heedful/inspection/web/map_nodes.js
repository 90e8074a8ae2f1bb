/* Elements of a page and of a drawing; text is only ever put in as text. */

import { BRIGHT, QUIET } from "./map_colours.js";
import { isRightToLeft } from "./map_labels.js";

export const FONTS =
  "'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK KR', 'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', " +
  "'Noto Sans Arabic', 'Noto Sans Hebrew', 'Noto Sans Devanagari', 'Noto Sans Thai', system-ui, sans-serif";

/** An element, with a class and with text. */
export function element(name, kind = "", text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

/** A button that does something. Its label is for those who do not see what its text means. */
export function button(text, label, act) {
  const made = element("button", "", text);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/** An element of a drawing. */
export function shape(name, attributes = {}, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

/** A line of text; its anchor says where x is, as one sees it, whatever the direction of its letters. */
export function line(text, x, y, size, { anchor = "start", fill = QUIET, turn = 0 } = {}) {
  const made = shape("text", { x, y, "font-size": size, fill }, text);
  if (isRightToLeft(text)) {
    anchor = { start: "end", end: "start", middle: "middle" }[anchor];
    made.setAttribute("direction", "rtl");
    made.setAttribute("unicode-bidi", "isolate");
  }
  made.setAttribute("text-anchor", anchor);
  if (turn) made.setAttribute("transform", `rotate(${turn} ${x} ${y})`);
  return made;
}

let ruler = null;

/** How wide a line of text is. */
export function widthOf(text, size) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = `${size}px ${FONTS}`;
  return ruler.measureText(text).width;
}

/** The label, cut between letters to this width. */
export function fitted(label, size, room) {
  if (widthOf(label, size) <= room) return label;
  const letters = Array.from(new Intl.Segmenter().segment(label.slice(0, 200)), (part) => part.segment);
  while (letters.length && widthOf(`${letters.join("")}…`, size) > room) letters.pop();
  return `${letters.join("")}…`;
}

/** The same on a canvas; a turned line has its middle at the point, not its foot. */
export function write(pen, text, x, y, size, { anchor = "start", fill = BRIGHT, turn = 0 } = {}) {
  pen.save();
  pen.translate(x, y);
  pen.rotate((turn * Math.PI) / 180);
  pen.font = `${size}px ${FONTS}`;
  pen.fillStyle = fill;
  pen.direction = isRightToLeft(text) ? "rtl" : "ltr";
  pen.textAlign = { start: "left", middle: "center", end: "right" }[anchor];
  pen.fillText(text, 0, turn ? 0.35 * size : 0);
  pen.restore();
}
