/* What if: how the output begins by somebody's choice, and where attention is held. Each stands as a line with its way back. */

import { button, fill, make } from "./elements.js";
import { visible } from "./heatmap.js";
import { quoted, say } from "./words.js";

/** Nothing chosen by hand. */
export function asIs() {
  return { prefix: [], end: false, hold: [] };
}

/** Whether anything was chosen by hand. */
export function isAsIs({ prefix, end, hold }) {
  return !prefix.length && !end && !hold.length;
}

/** The same, with attention held there too; or without it, where it was held there already. A step of null: every one. */
export function withHold(asked, position, step) {
  const same = (each) => each.position === position && each.step === step;
  const others = asked.hold.filter((each) => !same(each) && each.step !== step);
  return { ...asked, hold: asked.hold.some(same) ? others : [...others, { position, step }] };
}

/** What goes into a request. */
export function sent({ prefix, end, hold }) {
  return { prefix, end, hold: hold.map(({ position, step }) => (step === null ? { position } : { position, step })) };
}

/** The lines. `onAsk(asked)`: somebody took something back. */
export function showAsked(host, asked, { source, output }, onAsk) {
  const forced = asked.prefix.length || asked.end ? [line(
    asked.prefix.length === 0 ? say("forced.empty")
      : say(asked.end ? "forced.whole" : "forced.begins", quoted(asked.prefix.map(visible).join(" "))),
    say("forced.release"), () => onAsk({ ...asked, prefix: [], end: false }))] : [];
  const held = asked.hold.map(({ position, step }) => {
    const [input, written] = [named(source, position), named(output, step ?? 0)];
    return line(step === null ? say("held.every", input) : say("held.step", written, input), say("held.release"),
      () => onAsk({ ...asked, hold: asked.hold.filter((each) => each.position !== position || each.step !== step) }));
  });
  fill(host, ...forced, ...held);
}

/** A unit with its place, counted from one; the place alone where there is no such unit. */
function named(units, place) {
  return units?.[place] === undefined ? String(place + 1) : `${quoted(visible(units[place]))} (${place + 1})`;
}

function line(text, release, onRelease) {
  return make("li", {}, make("span", {}, text), button(release, onRelease, { "aria-label": `${release}: ${text}` }));
}
