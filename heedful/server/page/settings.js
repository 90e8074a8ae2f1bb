/* How the model searches: beam size, the longest output, and how much length counts. */

import { fill, make } from "./elements.js";
import { say } from "./words.js";

const MOST_OUTPUTS = 5;

export class Settings {
  /** `limits` are the server's; `onChange()` is called when a number is another one. */
  constructor(host, limits, onChange) {
    const field = (name, attributes) => {
      const control = make("input", {
        type: "number", id: `setting-${name}`, "aria-describedby": `setting-told-${name}`, ...attributes,
        on: { input: () => this.#changed(made) },
      });
      const told = make("p", { class: "told", id: `setting-told-${name}`, role: "status" });
      const made = { name, control, label: make("label", { for: control.id }), told };
      return made;
    };
    this.onChange = onChange;
    this.most = limits.max_n_best ?? MOST_OUTPUTS;
    this.fields = [
      field("beam_size", { min: 1, max: limits.max_beam_size, step: 1 }),
      field("max_length", { min: 1, max: limits.max_length, step: 1 }),
      field("length_penalty", { min: 0, max: 5, step: 0.1 }),
    ];
    fill(host, ...this.fields.map(({ label, control, told }) => make("div", { class: "setting" }, label, control, told)));
    this.relabel();
  }

  relabel() {
    for (const { name, label } of this.fields) label.textContent = say(name);
    this.refuse(null, null);
  }

  /** The numbers that this model was given with, where nobody chose others. */
  begin(search) {
    for (const field of this.fields) {
      if (field.chosen) continue;
      field.control.value = search[field.name] ?? "";
      field.good = number(field.control);
    }
  }

  /** What is sent. A field that is empty is left out; while one has an impossible number, the last possible one counts. */
  value() {
    const [beam, length, penalty] = this.fields.map((field) => field.good);
    const outputs = Math.max(1, Math.min(beam ?? 1, MOST_OUTPUTS, this.most));
    return { beam_size: beam, max_length: length, length_penalty: penalty, n_best: outputs };
  }

  /** A sentence beside the field that is meant; null leaves what is to be said of the number itself. */
  refuse(meant, message) {
    for (const { name, control, told } of this.fields) {
      const wrong = control.checkValidity() ? "" : say("setting.range", control.min, control.max);
      told.textContent = message !== null && meant === name ? message : wrong;
      if (told.textContent) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
    return message !== null && this.fields.some(({ name }) => name === meant);
  }

  #changed(field) {
    field.chosen = true;
    this.refuse(null, null);
    if (!field.control.checkValidity()) return;
    field.good = number(field.control);
    this.onChange();
  }
}

function number(control) {
  return control.value === "" ? undefined : Number(control.value);
}
