/* The places of a panel: where things go, and what stands at their doors. No answer of a model is known here. */

import { make } from "./elements.js";
import { say } from "./words.js";

/** All places of the panel with this number, and `relabel(model)`, which says their names in the language of now. */
export function rooms(number) {
  const said = [];
  const word = (element, key) => { said.push([element, key]); return element; };
  const id = (name) => `panel-${number}-${name}`;
  const room = {
    name: make("h2", { id: id("name") }),
    about: make("p", { class: "about quiet small" }),
    text: make("p", { class: "output-text", dir: "auto" }),
    certainty: make("p", { class: "certainty quiet" }),
    spoken: make("p", { class: "unseen", role: "status" }),
    trouble: make("p", { class: "told", role: "status" }),
    stale: make("p", { class: "quiet stale-note" }),
    units: make("ol", { class: "units", role: "list" }),
    asked: make("ul", { class: "asked", hidden: true }),
    before: make("div", { class: "before", hidden: true }),
    source: make("ol", { class: "units", role: "list" }),
    unknown: make("p", { class: "unknown-note" }),
    without: make("p", { class: "without", hidden: true }),
    hold: word(make("button", { type: "button", "aria-pressed": "false" }), "hold"),
    holdMore: make("div", { class: "bar hold-more", hidden: true }),
    everyStep: make("input", { type: "radio", name: id("step"), value: "every" }),
    oneStep: make("input", { type: "radio", name: id("step"), value: "one", checked: true }),
    compare: make("button", { type: "button" }),
    map: make("div", { class: "map" }),
    save: make("div", { class: "save" }),
    editor: make("div", { class: "editor card", id: id("editor"), role: "group", hidden: true }),
    alternatives: make("div", { class: "card", hidden: true }),
    others: make("div", { class: "card outputs", hidden: true }),
    othersList: make("ol", { class: "alternatives" }),
    statistics: make("section", { class: "statistics", "aria-labelledby": `${id("name")} ${id("statistics")}` }),
    remarks: make("ul", { class: "remarks" }),
    comparison: make("div", { class: "comparison", hidden: true }),
    tree: make("div", { class: "tree" }),
  };
  room.holdMore.append(
    make("label", { class: "check" }, room.oneStep, word(make("span"), "hold.one")),
    make("label", { class: "check" }, room.everyStep, word(make("span"), "hold.all")),
    word(make("p", { class: "hint" }), "hold.hint"));
  room.others.append(word(make("h3"), "others"), word(make("p", { class: "quiet small" }), "others.order"), room.othersList);
  room.statistics.append(word(make("h3", { id: id("statistics") }), "statistics"), room.remarks);
  room.look = make("div", { class: "look" }, room.map, room.save);
  room.whatIf = make("div", { class: "card what-if", hidden: true }, word(make("h3"), "what.if"), room.asked, room.before);
  room.reads = make("details", { class: "source" }, word(make("summary"), "source.read"), room.source);
  room.panel = make("section", { class: "panel bare", "aria-labelledby": id("name"), hidden: true },
    room.name,
    make("div", { class: "answer" }, room.text, room.certainty, room.stale, room.spoken, room.trouble),
    room.units,
    room.unknown,
    make("div", { class: "bar tools" }, room.hold, room.compare, room.reads),
    room.holdMore,
    make("div", { class: "stage" },
      make("div", { class: "main-side" }, room.without, room.look, room.about),
      make("div", { class: "beside" }, room.editor, room.whatIf, room.alternatives, room.others)),
    room.comparison, room.statistics,
    make("section", { class: "beam", "aria-labelledby": `${id("name")} ${id("tree")}` },
      word(make("h3", { id: id("tree") }), "tree"), word(make("p", { class: "quiet" }), "tree.about"), room.tree));
  room.relabel = (model) => {
    for (const [element, key] of said) element.textContent = say(key);
    const framed = model.source.every((column) => column.kind !== "text");
    room.reads.hidden = framed;
    room.hold.hidden = !model.attends;
    room.without.hidden = model.attends;
    room.without.textContent = say("without");
    room.look.hidden = !model.attends;
    room.about.textContent = about(model);
  };
  return room;
}

function about({ cell, attention, scorer, reach, parameters, metrics, attends }) {
  const wiring = attends ? say("about.attention", attention, [scorer, reach].filter(Boolean).join(", ")) : say("about.fixed");
  const measured = Object.entries(metrics).map(([name, value]) => say("metric", name, value.toFixed(1))).join(", ");
  const said = [cell, wiring, say("about.parameters", parameters), measured && say("about.metrics", measured)];
  return said.filter(Boolean).join(" · ");
}
