/* The difference of two maps: where it looks more than before, and where less. Two colours, and a sign in every clear cell. */

import { aligned } from "./align.js";
import { drawn, painted } from "./difference_drawing.js";
import { draw, fill, make } from "./elements.js";
import { visible } from "./heatmap.js";
import { quoted, say } from "./words.js";

const MOST_DRAWN = 60; // units on an axis before a map is painted, as those of heatmap.js are
const WORTH_TELLING = 0.02;
const SAME = 0.0005; // what would be written as 0.000
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The map of what changed between two records { source, target, weights }: { columns, rows }, each a list of { label, fate },
 * and `change(x, y)`, null where one of the two has no such unit.
 */
export function differences(before, now) {
  const [across, down] = [aligned(before.target, now.target), aligned(before.source, now.source)];
  const named = (pairs, was, is) => pairs.map(([old, fresh]) => ({
    label: visible(fresh === null ? was[old] : is[fresh]), fate: old === null ? "added" : fresh === null ? "removed" : "",
  }));
  const change = (x, y) => {
    const [[wasTarget, target], [wasSource, source]] = [across[x], down[y]];
    if ([wasTarget, target, wasSource, source].includes(null)) return null;
    return now.weights[target][source] - before.weights[wasTarget][wasSource];
  };
  return { columns: named(across, before.target, now.target), rows: named(down, before.source, now.source), change };
}

export class Difference {
  /** `host` is where it stands; it is drawn anew where the room for it becomes another. */
  constructor(host) {
    this.spot = null;
    this.box = make("div", {
      class: "scroll", tabindex: "0", role: "application",
      on: {
        pointermove: (event) => this.#tell(this.plan?.at(...this.#place(event)) ?? null),
        pointerleave: () => this.#tell(null),
        keydown: (event) => this.#key(event),
        blur: () => this.#tell(null),
      },
    });
    this.mark = make("div", { class: "difference-mark", hidden: true });
    this.sheet = make("div", { class: "difference-sheet" });
    this.box.append(make("div", { class: "difference-whole" }, this.sheet, this.mark));
    this.legend = make("ul", { class: "legend" });
    this.told = make("p", { class: "quiet difference-told", role: "status" });
    fill(host, this.box, this.legend, this.told);
    new ResizeObserver(() => { if (this.found && this.box.clientWidth !== this.room) this.#draw(); }).observe(this.box);
  }

  /** Show what is different now. */
  show(before, now) {
    this.found = differences(before, now);
    this.hasChances = Boolean(now.probabilities);
    this.#draw();
    this.box.setAttribute("aria-label", say("compare.map"));
    fill(this.legend, ...[["more", "+"], ["less", "−"], ["nothing", ""]].map(([kind, sign]) =>
      make("li", {}, sample(kind, sign), say(`compare.${kind}`))));
    this.#tell(null);
  }

  #draw() {
    const { columns, rows } = this.found;
    this.room = this.box.clientWidth;
    const isLarge = Math.max(columns.length, rows.length) > MOST_DRAWN;
    this.plan = (isLarge ? painted : drawn)(this.found, this.room, this.hasChances);
    fill(this.sheet, this.plan.element);
  }

  /** The largest change, in a sentence. */
  #summary() {
    const { columns, rows, change } = this.found;
    let most = null;
    for (let x = 0; x < columns.length; x += 1) {
      for (let y = 0; y < rows.length; y += 1) {
        const here = change(x, y);
        if (here !== null && Math.abs(here) > Math.abs(most?.here ?? 0)) most = { x, y, here };
      }
    }
    if (most === null || Math.abs(most.here) < WORTH_TELLING) return say("compare.still");
    return say("compare.most", this.#sentence(most));
  }

  #sentence({ x, y }) {
    const here = this.found.change(x, y);
    const [output, input] = [this.found.columns[x], this.found.rows[y]].map(({ label }) => quoted(label));
    if (here === null) return say("compare.cell.nothing", output, input);
    if (Math.abs(here) < SAME) return say("compare.cell.same", output, input);
    return say(here < 0 ? "compare.cell.less" : "compare.cell.more", output, input, Math.abs(here).toFixed(3));
  }

  /** Say what stands at a spot { x, y }, and mark it; null: the summary. */
  #tell(spot) {
    if (spot !== null && spot.x === this.spot?.x && spot.y === this.spot?.y) return;
    this.spot = spot;
    this.told.textContent = spot === null ? this.#summary() : this.#sentence(spot);
    this.mark.hidden = spot === null;
    if (spot === null) return;
    const { left, top, wide, high } = this.plan.place(spot);
    const style = { insetInlineStart: left, insetBlockStart: top, inlineSize: wide, blockSize: high };
    for (const [name, dots] of Object.entries(style)) this.mark.style[name] = `${dots}px`;
  }

  #place({ clientX, clientY }) {
    const box = this.plan.element.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  }

  #key(event) {
    const [across, down] = STEPS[event.key] ?? [];
    if (across === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const inside = (at, count) => Math.max(0, Math.min(at, count - 1));
    const { columns, rows } = this.found;
    const { x, y } = this.spot ?? { x: -across, y: -down };
    this.#tell({ x: inside(x + across, columns.length), y: inside(y + down, rows.length) });
    this.mark.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function sample(kind, sign) {
  const box = { x: 1, y: 1, width: 16, height: 14, rx: 3 };
  const shown = draw("svg", { width: 18, height: 16, class: "difference", "aria-hidden": "true" });
  shown.append(draw("rect", { ...box, class: kind }));
  if (sign) {
    const text = draw("text", { x: 9, y: 8, class: "middle sign strong" });
    text.textContent = sign;
    shown.append(text);
  }
  return shown;
}
