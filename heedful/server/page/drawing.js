/* A sheet of paper to draw a picture on, with a pen or with the keyboard. What is drawn is sent as a PNG. */

import { make } from "./elements.js";
import { say } from "./words.js";

const [WIDTH, HEIGHT] = [560, 128];
const [PAPER, INK, PEN] = ["#f4f4f1", "#16151c", 8];
const FONT = "92px 'DejaVu Sans', Verdana, sans-serif";
const EXAMPLE = "2049";

export class Drawing {
  /** `onDraw(base64)`: a line was drawn, or something written. */
  constructor(onDraw) {
    this.onDraw = onDraw;
    this.element = make("canvas", {
      class: "sheet", width: WIDTH, height: HEIGHT, role: "img", "aria-label": say("drawing.sheet"),
      on: {
        pointerdown: (event) => this.#down(event), pointermove: (event) => this.#move(event),
        pointerup: () => this.#up(), pointercancel: () => this.#up(),
      },
    });
    this.pen = this.element.getContext("2d");
    Object.assign(this, { last: null, turn: 0 });
    this.clear(false);
  }

  /** A field whose text is written on the sheet, for whoever does not draw. */
  writing() {
    const field = make("input", {
      type: "text", class: "short", placeholder: EXAMPLE, autocomplete: "off", on: { input: () => this.write(field.value) },
    });
    return make("label", { class: "write" }, make("span", {}, say("drawing.write")), field);
  }

  /** An empty sheet; somebody hears of it only where they asked for it. */
  clear(tell) {
    this.turn += 1;
    Object.assign(this.pen, { fillStyle: PAPER, strokeStyle: INK, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    this.pen.fillRect(0, 0, WIDTH, HEIGHT);
    if (tell) this.onDraw(this.#encoded());
  }

  /** Write this on the sheet, in the middle of it. */
  write(text) {
    this.#letter(text);
    this.onDraw(this.#encoded());
  }

  /** Lay a picture on the sheet, as large as it can be; one can draw on it. */
  async show(base64) {
    const turn = (this.turn += 1);
    const picture = new Image();
    picture.src = `data:image/*;base64,${base64}`;
    try {
      await picture.decode();
    } catch {
      return; // no picture that a browser can show; the server will say what it makes of it
    }
    if (turn !== this.turn) return; // something else came onto the sheet meanwhile
    this.clear(false);
    const scale = Math.min(WIDTH / picture.naturalWidth, HEIGHT / picture.naturalHeight);
    const [width, height] = [picture.naturalWidth * scale, picture.naturalHeight * scale];
    this.pen.drawImage(picture, (WIDTH - width) / 2, (HEIGHT - height) / 2, width, height);
  }

  /** Something to begin with. */
  example(take) {
    this.#letter(EXAMPLE);
    take(this.#encoded());
  }

  #letter(text) {
    this.clear(false);
    Object.assign(this.pen, { fillStyle: INK, font: FONT, textAlign: "center", textBaseline: "middle" });
    this.pen.fillText([...text].join("\u200a"), WIDTH / 2, HEIGHT / 2 + 6, WIDTH - 30);
  }

  #at(event) {
    const box = this.element.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
  }

  #down(event) {
    this.element.setPointerCapture(event.pointerId);
    this.turn += 1;
    this.last = this.#at(event);
    this.#move(event);
  }

  #move(event) {
    if (this.last === null) return;
    const here = this.#at(event);
    this.pen.beginPath();
    this.pen.moveTo(...this.last);
    this.pen.lineTo(...here);
    this.pen.stroke();
    this.last = here;
  }

  #up() {
    if (this.last === null) return;
    this.last = null;
    this.onDraw(this.#encoded());
  }

  #encoded() {
    return this.element.toDataURL("image/png").split(",")[1];
  }
}
