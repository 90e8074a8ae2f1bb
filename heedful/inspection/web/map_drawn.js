/* A map of SVG elements, for up to 60 x 60 units. */

import { BRIGHT } from "./map_colours.js";
import { cellAt, drawing, gapOf, planned } from "./map_drawing.js";
import { EDGE, notesOf } from "./map_legend.js";
import { FONTS, shape } from "./map_nodes.js";

export class Drawn {
  constructor() {
    this.element = shape("svg", { "aria-hidden": "true", "font-family": FONTS });
    this.marks = shape("g", { fill: "none", "pointer-events": "none" });
  }

  draw(record, room, look) {
    this.record = record;
    this.plan = planned(record, room, "", undefined, notesOf(look).length);
    const { width, height } = this.plan;
    for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
      this.element.setAttribute(key, value);
    }
    this.element.replaceChildren(...drawing(record, this.plan, look, "", false), this.marks);
  }

  at(x, y) {
    return cellAt(this.record, (x - this.plan.place.left) / this.plan.side, (y - this.plan.place.top) / this.plan.side);
  }

  mark(spot) {
    this.marks.replaceChildren();
    if (!spot) return;
    const { place, side, width } = this.plan, long = side - gapOf(side) + 2;
    const x = place.left + spot.target * side - 1, y = place.top + spot.source * side - 1;
    const whole = spot.target === null || spot.source === null, ring = { stroke: BRIGHT, rx: 2 };
    const put = (box) => this.marks.append(shape("rect", { ...ring, ...box }));
    const faint = whole ? {} : { "stroke-opacity": 0.45 };
    if (spot.source !== null) put({ x: EDGE + 16, y, width: width - 2 * EDGE - 16, height: long, ...faint });
    if (spot.target !== null) put({ x, y: place.top - 1, width: long, height: place.height + 1, ...faint });
    if (!whole) put({ x, y, width: long, height: long, "stroke-width": 2 });
  }

  /** Scrolls to what is marked, where it is out of sight. */
  reveal() {
    this.marks.lastChild?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
