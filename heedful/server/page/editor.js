/* One input unit to be changed: replaced, removed, or made to hold all attention. */

import { button, fill, make } from "./elements.js";
import { visible } from "./heatmap.js";
import { located, removed, replaced } from "./locate.js";
import { quoted, say } from "./words.js";

export class Editor {
  /** `onTexts(texts)`: the input is to be these texts. `onHold(position)`: it is to have all attention. */
  constructor(host, { onTexts, onHold }) {
    Object.assign(this, { host, onTexts, onHold });
    host.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  /** Offer to change this unit; `texts` are those of the columns, null where the input is no text. */
  open({ units, position, texts, attends }) {
    this.returns = document.activeElement;
    const found = texts === null ? null : located(units, texts);
    const name = quoted(visible(units[position]));
    const field = make("input", {
      type: "text", dir: "auto", autocomplete: "off", spellcheck: "false", class: "short", id: `${this.host.id}-unit`,
      value: units[position],
      on: {
        keydown: (event) => {
          if (event.key !== "Enter" || event.isComposing) return;
          event.preventDefault();
          replace();
        },
      },
    });
    const remove = () => this.#done(() => this.onTexts(removed(found, position)));
    const replace = () => (field.value === "" ? remove() : this.#done(() => this.onTexts(replaced(found, position, field.value))));
    const edit = found === null ? [make("p", { class: "quiet" }, say(texts === null ? "edit.noText" : "edit.elsewhere"))]
      : [make("div", { class: "bar" }, make("label", { for: field.id }, say("edit.to")), field,
        button(say("edit.replace"), replace), button(say("edit.remove"), remove))];
    fill(this.host, make("h3", {}, say("edit", name, position + 1)), ...edit, make("div", { class: "bar" },
      attends && button(say("edit.hold"), () => this.#done(() => this.onHold(position))),
      button(say("edit.cancel"), () => this.close())));
    this.host.hidden = false;
    this.host.setAttribute("aria-label", say("edit", name, position + 1));
    const first = found === null ? this.host.querySelector("button") : field;
    first.focus();
    if (first === field) field.select();
    this.host.scrollIntoView({ block: "nearest" });
  }

  close() {
    if (this.host.hidden) return;
    const wasThere = this.host.contains(document.activeElement);
    this.host.hidden = true;
    fill(this.host);
    if (wasThere && this.returns?.isConnected) this.returns.focus({ preventScroll: true });
  }

  #done(act) {
    this.close();
    act();
  }
}
