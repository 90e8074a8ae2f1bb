/* How the models search: beam size, the longest output, and how much length counts. */

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
      const made = { name, control, label: make("label", { for: control.id }), told, isChosen: false };
      return made;
    };
    Object.assign(this, { onChange, refused: [], most: Math.min(limits.max_n_best ?? MOST_OUTPUTS, MOST_OUTPUTS) });
    this.fields = [
      field("beam_size", { min: 1, max: limits.max_beam_size, step: 1 }),
      field("max_length", { min: 1, max: limits.max_length, step: 1 }),
      field("length_penalty", { min: 0, max: 5, step: "any" }),
    ];
    fill(host, ...this.fields.map(({ label, control, told }) => make("div", { class: "setting" }, label, control, told)));
    this.relabel();
  }

  relabel() {
    for (const { name, label, control } of this.fields) {
      label.textContent = say(name);
      if (name === "max_length") control.placeholder = say("max_length.empty");
    }
    this.#tell();
  }

  /** The numbers that a model was given with, where nobody chose others. */
  begin(search) {
    for (const field of this.fields.filter((each) => !each.isChosen)) field.control.value = search[field.name] ?? "";
  }

  /** What is sent: what somebody chose, and as many outputs as the beam of this model has. */
  value(model) {
    const chosen = this.fields.filter((field) => field.isChosen && field.good !== undefined).map(({ name, good }) => [name, good]);
    const sent = Object.fromEntries(chosen);
    return { ...sent, n_best: Math.max(1, Math.min(sent.beam_size ?? model.search.beam_size ?? 1, this.most)) };
  }

  /** Whether a field of a request is one of these. */
  has(field) {
    return this.fields.some(({ name }) => name === field);
  }

  /** Say beside the fields what the server refused: a list of { field, message }. */
  refuse(list) {
    this.refused = list;
    this.#tell();
  }

  #tell() {
    for (const { name, control, told } of this.fields) {
      const said = wrong(control) || (this.refused.find(({ field }) => field === name)?.message ?? "");
      if (told.textContent !== said) told.textContent = said;
      if (said) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  }

  /** While a field has an impossible number, the last possible one counts; an empty one is left to the model. */
  #changed(field) {
    this.#tell();
    if (wrong(field.control)) return;
    const { value } = field.control;
    Object.assign(field, { isChosen: true, good: value === "" ? undefined : Number(value) });
    this.onChange();
  }
}

function wrong(control) {
  if (control.checkValidity()) return "";
  return say(control.step === "any" ? "setting.range" : "setting.whole", control.min, control.max);
}
