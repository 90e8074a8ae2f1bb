/* What pointers do on a map: point, click, drag, turn the wheel, and pinch with two fingers. */

const DRAGGED = 4; // dots that a pointer may move and still have clicked

export class Hand {
  #map; #calls; #drag = null; #fingers = new Map();

  /** `surface()` is what is drawn on `map`; `onPoint(spot)` and `onPick(spot)` are told of spots, null beside the map. */
  constructor(map, { surface, onPoint, onPick }) {
    [this.#map, this.#calls] = [map, { surface, onPoint, onPick }];
    map.addEventListener("pointerdown", (event) => this.#press(event));
    map.addEventListener("pointermove", (event) => this.#move(event));
    map.addEventListener("pointerup", (event) => this.#release(event));
    map.addEventListener("pointercancel", (event) => this.#lift(event));
    map.addEventListener("pointerleave", (event) => {
      this.#lift(event); // a mouse may be let go elsewhere
      onPoint(null);
    });
    map.addEventListener("wheel", (event) => this.#turn(event), { passive: false });
    // The page must not scroll away under two fingers that pinch the map.
    map.addEventListener("touchmove", (event) => {
      if (event.touches.length > 1 && surface().zoomBy) event.preventDefault();
    }, { passive: false });
  }

  #place({ clientX, clientY }) {
    const box = this.#calls.surface().element.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  }

  #press(event) {
    if (event.button !== 0) return;
    this.#fingers.set(event.pointerId, this.#place(event));
    this.#drag = this.#fingers.size === 1 ? { at: this.#place(event), moved: false } : null;
  }

  #move(event) {
    const surface = this.#calls.surface(), [x, y] = this.#place(event), drag = this.#drag;
    if (this.#fingers.size > 1) return this.#pinch(event, surface);
    if (drag && Math.hypot(x - drag.at[0], y - drag.at[1]) > DRAGGED) drag.moved = true;
    if (drag?.moved && surface.pan) {
      this.#map.setPointerCapture(event.pointerId);
      surface.pan(x - drag.at[0], y - drag.at[1]);
      drag.at = [x, y];
      return undefined;
    }
    return this.#calls.onPoint(surface.at(x, y));
  }

  /** What is between two fingers stays between them. */
  #pinch(event, surface) {
    if (!this.#fingers.has(event.pointerId) || !surface.zoomBy) return;
    const before = spanned(this.#fingers);
    this.#fingers.set(event.pointerId, this.#place(event));
    const after = spanned(this.#fingers);
    surface.zoomBy(after.wide / before.wide, ...before.middle);
    surface.pan(after.middle[0] - before.middle[0], after.middle[1] - before.middle[1]);
  }

  #release(event) {
    const { surface, onPick } = this.#calls, spot = surface().at(...this.#place(event));
    const clicked = this.#drag && !this.#drag.moved;
    this.#lift(event);
    if (clicked && spot) onPick(spot);
  }

  #lift(event) {
    this.#fingers.delete(event.pointerId);
    this.#drag = null;
  }

  #turn(event) {
    const { surface, onPoint } = this.#calls;
    if (!surface().zoomBy) return;
    const closer = Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 250);
    const changed = surface().zoomBy(closer, ...this.#place(event));
    if (changed || closer > 1) event.preventDefault(); // once the map is whole, the page may scroll on
    onPoint(surface().at(...this.#place(event)));
  }
}

/** How far two fingers are apart, and the point between them. */
function spanned(fingers) {
  const [one, other] = fingers.values();
  const middle = [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
  return { wide: Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1])), middle };
}
