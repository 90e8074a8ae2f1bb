/* Elements out of names, attributes and text. Text only ever becomes text: nothing here reads markup. */

const DRAWING = "http://www.w3.org/2000/svg";

/** An HTML element. An attribute that is false, null or undefined is left out; `on` holds what listens. */
export function make(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function draw(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(DRAWING, name), attributes, children);
}

function furnish(element, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button that does not send a form. */
export function button(label, onClick, attributes = {}) {
  return make("button", { type: "button", ...attributes, on: { click: onClick } }, label);
}

/** Put these in the place of what stands in there. A button that had the keyboard's focus hands it to its successor. */
export function fill(host, ...children) {
  const buttons = () => [...host.querySelectorAll("button")];
  const before = buttons().indexOf(document.activeElement);
  host.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
  if (before >= 0) buttons().slice(0, before + 1).at(-1)?.focus({ preventScroll: true });
  return host;
}

/** Do this; where what had the keyboard's focus in `host` is gone then, it goes to `instead`. */
export function keepingFocus(host, instead, act) {
  const wasThere = host.contains(document.activeElement);
  act();
  if (wasThere && !host.contains(document.activeElement)) instead.focus({ preventScroll: true });
}

/**
 * One stop of the Tab key for many buttons; the arrow keys, Home and End move between them. In text from right to left,
 * left goes on. Called after every filling: it finds the buttons anew, and keeps the stop where it was.
 */
export function roving(host, selector, current = 0) {
  const items = () => [...host.querySelectorAll(selector)];
  items().forEach((item, place) => { item.tabIndex = place === current ? 0 : -1; });
  if (host.dataset.roving) return;
  host.dataset.roving = "yes";
  host.addEventListener("focusin", (event) => {
    if (event.target.matches(selector)) items().forEach((item) => { item.tabIndex = item === event.target ? 0 : -1; });
  });
  host.addEventListener("keydown", (event) => {
    const all = items();
    const here = all.indexOf(document.activeElement);
    const turned = getComputedStyle(host).direction === "rtl" ? -1 : 1;
    const steps = { ArrowRight: turned, ArrowLeft: -turned, ArrowDown: 1, ArrowUp: -1 };
    const next = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : here + (steps[event.key] ?? NaN);
    if (here < 0 || !all[next]) return;
    event.preventDefault();
    all[next].focus();
  });
}

/** Calls no more often than once in so many milliseconds, the last time always. */
export function seldom(milliseconds, call) {
  let waiting = null;
  return () => {
    waiting ??= setTimeout(() => { waiting = null; call(); }, milliseconds);
  };
}
