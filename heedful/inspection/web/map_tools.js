/* What stands above a map to change how it is seen: nearer or farther, and brighter. */

import { button, element } from "./map_nodes.js";

export const CLOSER = 1.5; // a step of the zoom
const FAINTLY = 0.5; // a map whose greatest weight is less may be brightened

export class Tools {
  /** `zoomBy(factor)`, 0 for the whole map; `brighten(on)`. */
  constructor({ zoomBy, brighten }) {
    this.element = element("div", "heatmap-tools");
    this.zoom = element("div", "heatmap-zoom");
    this.zoom.setAttribute("role", "group");
    this.closer = button("+", "", () => zoomBy(CLOSER));
    this.farther = button("−", "", () => zoomBy(1 / CLOSER));
    this.whole = button("", "", () => zoomBy(0));
    this.zoom.append(this.closer, this.farther, this.whole);
    [this.brighter, this.box, this.name] = [element("label", "heatmap-brighten"), element("input"), element("span")];
    this.box.type = "checkbox";
    this.box.addEventListener("change", () => brighten(this.box.checked));
    this.brighter.append(this.box, this.name);
    this.element.append(this.zoom, this.brighter);
    this.faint = false;
  }

  say(words) {
    this.zoom.setAttribute("aria-label", words.zoom);
    this.closer.setAttribute("aria-label", words.closer);
    this.farther.setAttribute("aria-label", words.farther);
    [this.whole.textContent, this.name.textContent] = [words.whole, words.brighten];
  }

  /** Whether brightening is of use for this record. Not asked again while units come, so that nothing jumps meanwhile. */
  judge(record) {
    this.faint = record !== null && record.greatest > 0 && record.greatest < FAINTLY;
  }

  /** Only what is of use. */
  show(mapped, large, brightened) {
    [this.zoom.hidden, this.brighter.hidden, this.box.checked] = [!large, !this.faint && !brightened, brightened];
    this.element.hidden = !mapped || (this.zoom.hidden && this.brighter.hidden);
  }
}
