/* The beam as a tree: what the search went on with, what it dropped, what it ended. Arrow keys walk along the branches. */

import { own, path, plan, spelled } from "./branching.js";
import { draw, fill, make, seldom } from "./elements.js";
import { visible } from "./heatmap.js";
import { fateName, label, sample, shape, TALL } from "./tree_shapes.js";
import { percent, quoted, say } from "./words.js";

const [ROW, GAP, LEFT] = [34, 34, 30];
const MOST_PRUNED = 12; // of a step, about, before the rest of them becomes a number
const MOST_LIVE = 300; // branches up to which the tree grows on the screen while the search runs

let trees = 0;

export class Tree {
  /** `onChoose(units, end)`: somebody wants the output to begin like this. */
  constructor(host, onChoose) {
    const drawn = { branches: [], best: [], shown: [], at: null, ways: { best: new Set(), shown: new Set() } };
    Object.assign(this, { host, onChoose, ...drawn, next: null, wanted: null, opened: new Set() });
    this.number = trees += 1;
    this.toggle = make("input", { type: "checkbox", on: { change: () => this.draw() } });
    this.toggleLabel = make("span");
    this.box = make("div", {
      class: "tree-box", role: "tree", tabindex: "0",
      on: {
        keydown: (event) => this.#key(event),
        focus: () => this.#go(this.at ?? this.plan?.nodes[0]?.index ?? null),
        blur: () => this.#mark(null),
      },
    });
    this.told = make("p", { class: "read-out" }); // the branch that is active tells itself to those who do not see
    this.legend = make("ul", { class: "legend" });
    fill(host,
      make("div", { class: "bar" }, make("label", { class: "check" }, this.toggle, this.toggleLabel), this.legend),
      this.box, this.told);
    this.drawSoon = seldom(120, () => this.draw());
    this.draw();
  }

  /**
   * Another tree. `best` are the units of the output that won, `shown` those of the output that is looked at. While it is
   * `live`, it is drawn now and then, and only while it is small; what is told and chosen is always what is drawn.
   */
  show(branches, best, shown, live = false) {
    this.next = { branches, best, shown };
    if (!live) this.opened.clear();
    if (!live) this.draw();
    else if (branches.length <= MOST_LIVE) this.drawSoon();
  }

  draw() {
    if (this.next) this.#take(this.next);
    this.next = null;
    const beam = this.branches.filter((each) => each.step === 0 && each.fate === "kept").length;
    const few = Math.max(1, Math.floor(MOST_PRUNED / Math.max(1, beam)));
    this.plan = plan(this.branches, this.best, { pruned: this.toggle.checked, few, opened: this.opened });
    this.toggleLabel.textContent = say("tree.pruned", this.branches.filter((each) => each.fate === "pruned").length);
    this.box.setAttribute("aria-label", say("tree.label"));
    const fates = ["best", ...(this.shown === this.best ? [] : ["shown"]), "kept", "ended", "pruned"];
    fill(this.legend, ...fates.map((fate) => make("li", {}, sample(fate), fateName(fate))));
    this.#lay();
    const lines = [...this.plan.nodes].sort((one, other) => this.#rank(one.index) - this.#rank(other.index));
    const svg = draw("svg", { role: "presentation", width: this.width, height: this.height },
      ...lines.map((node) => this.#line(node)),
      ...this.plan.more.map((node) => this.#line(node)),
      draw("circle", { class: "root", cx: LEFT / 2, cy: TALL / 2 + 4, r: 4 }),
      ...this.plan.nodes.map((node) => this.#node(node)),
      ...this.plan.more.map((node) => this.#more(node)));
    fill(this.box, svg);
    this.#rest();
  }

  /** What is to be drawn; the keyboard's place stays at the same beginning of an output, as far as there is one. */
  #take({ branches, best, shown }) {
    const here = this.wanted ?? (this.at === null ? null : this.#spelling(this.at));
    this.branches = [...branches];
    this.best = spelled(this.branches, best);
    this.shown = shown.join("\0") === best.join("\0") ? this.best : spelled(this.branches, shown);
    this.ways = { best: new Set(this.best), shown: new Set(this.shown) };
    this.at = here && (spelled(this.branches, here.units, here.end).at(-1) ?? null);
    this.wanted = null;
  }

  /** What the output begins with at this branch; `end`: it ends there. */
  #spelling(index) {
    const units = path(this.branches, index).map((each) => this.branches[each].unit);
    const end = units.at(-1) === null;
    return { units: end ? units.slice(0, -1) : units, end };
  }

  #lay() {
    const { nodes, more, columns, rows } = this.plan;
    const widths = Array.from({ length: columns }, () => 30);
    for (const node of nodes) widths[node.column] = Math.max(widths[node.column], 16 + label(this.branches[node.index]).length * 9);
    for (const node of more) widths[node.column] = Math.max(widths[node.column], 46);
    this.widths = widths;
    this.lefts = [];
    let left = LEFT;
    for (const width of widths) {
      this.lefts.push(left);
      left += width + GAP;
    }
    this.width = left - (columns ? GAP : 0) + 6;
    this.height = rows * ROW + 4;
    this.places = new Map(nodes.map((node) => [node.index, node]));
  }

  #line({ index, parent, column, row }) {
    const from = this.places.get(parent);
    const x0 = from ? this.lefts[from.column] + this.widths[from.column] : LEFT / 2;
    const y0 = 4 + (from ? from.row * ROW : 0) + TALL / 2;
    const [x1, y1] = [this.lefts[column], 4 + row * ROW + TALL / 2];
    const middle = Math.max(x0 + 6, x1 - GAP / 2);
    const sure = index === undefined ? 0 : Math.exp(own(this.branches, index));
    return draw("path", {
      class: `line ${index === undefined ? "pruned" : this.#kinds(index)}`,
      d: `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`,
      "stroke-width": (1 + 2.5 * sure).toFixed(2),
    });
  }

  #node({ index, column, row }) {
    const group = draw("g", {
      class: `node ${this.#kinds(index)}`, role: "treeitem", id: `branch-${this.number}-${index}`,
      "aria-level": column + 1, "aria-label": this.#sentence(index),
      on: { pointerenter: () => this.#tell(index), pointerleave: () => this.#rest(), click: () => this.#choose(index) },
    }, ...shape(this.lefts[column], 4 + row * ROW, this.widths[column], TALL, this.branches[index].fate === "ended"));
    group.append(this.#text(column, row, label(this.branches[index])));
    return group;
  }

  #open(...parents) {
    parents.forEach((parent) => this.opened.add(parent));
    this.draw();
  }

  /** What was pruned here is shown, whether or not the rest of it is. */
  #openPruned(...parents) {
    this.toggle.checked = true;
    this.#open(...parents);
  }

  #more({ parent, column, row, count }) {
    return draw("g", {
      class: "node more", role: "treeitem", "aria-level": column + 1, "aria-label": say("tree.more", count),
      on: { click: () => this.#open(parent) },
    }, ...shape(this.lefts[column], 4 + row * ROW, this.widths[column], TALL), this.#text(column, row, `+${count}`));
  }

  #text(column, row, shown) {
    const place = { x: this.lefts[column] + this.widths[column] / 2, y: 4 + row * ROW + TALL / 2 };
    const text = draw("text", { ...place, "aria-hidden": "true" });
    text.textContent = shown;
    return text;
  }

  #sentence(index) {
    const { unit, log_prob, step } = this.branches[index];
    const what = unit === null ? say("end.mark") : quoted(visible(unit));
    return say("tree.node", what, step + 1, percent(Math.exp(own(this.branches, index))), log_prob.toFixed(2),
      fateName(this.#kinds(index).split(" ").at(-1)));
  }

  /** What became of a branch, and whether it is on the way to the best output, or else to the one that is shown. */
  #kinds(index) {
    const { fate } = this.branches[index];
    return this.ways.best.has(index) ? `${fate} best` : this.ways.shown.has(index) ? `${fate} shown` : fate;
  }

  #rank(index) {
    return this.ways.best.has(index) ? 2 : this.ways.shown.has(index) ? 1 : 0;
  }

  #summary() {
    const all = this.branches.length;
    return all ? say("tree.summary", all, this.branches.filter((each) => each.fate === "ended").length) : "";
  }

  #tell(index) {
    this.told.textContent = this.#sentence(index);
    this.#mark(index, false);
  }

  /** The pointer has gone: what is marked is where the keyboard is. */
  #rest() {
    this.#mark(document.activeElement === this.box ? this.at : null);
  }

  #mark(index, keep = true) {
    for (const old of this.box.querySelectorAll(".here, .along")) old.classList.remove("here", "along");
    this.box.removeAttribute("aria-activedescendant");
    if (index === null) {
      this.told.textContent = this.#summary();
      return;
    }
    for (const each of path(this.branches, index)) this.#group(each)?.classList.add("along");
    this.#group(index)?.classList.add("here");
    if (keep) this.box.setAttribute("aria-activedescendant", `branch-${this.number}-${index}`);
  }

  #group(index) {
    return this.box.querySelector(`#branch-${this.number}-${index}`);
  }

  #go(index) {
    if (index === null || !this.places?.has(index)) return;
    this.at = index;
    this.#mark(index);
    this.told.textContent = this.#sentence(index);
    const { column, row } = this.places.get(index);
    const { box } = this;
    const [left, top, bottom] = [this.lefts[column], row * ROW, (row + 1) * ROW];
    const right = left + this.widths[column] + GAP;
    if (left < box.scrollLeft) box.scrollLeft = left - LEFT;
    if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth;
    if (top < box.scrollTop) box.scrollTop = top;
    if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
  }

  #key(event) {
    const { nodes } = this.plan ?? { nodes: [] };
    const here = this.places?.get(this.at) ?? nodes[0];
    if (!here) return;
    this.at = here.index;
    const near = {
      ArrowRight: () => nodes.find((node) => node.parent === this.at),
      ArrowLeft: () => this.places.get(here.parent),
      ArrowDown: () => nodes.find((node) => node.column === here.column && node.row > here.row),
      ArrowUp: () => nodes.findLast((node) => node.column === here.column && node.row < here.row),
      Home: () => nodes[0],
      End: () => this.places.get(this.best.at(-1)),
    }[event.key];
    if (event.key === "Enter" || event.key === " ") this.#choose(this.at);
    else if (event.key === "+") this.#openPruned(this.at, here.parent);
    else if (near) this.#go(near()?.index ?? null);
    else return;
    event.preventDefault();
  }

  #choose(index) {
    this.at = index;
    this.wanted = this.#spelling(index);
    this.onChoose(this.wanted.units, this.wanted.end);
  }
}
