/* The page: which models are asked about which input, and when. */

import { isSendable, models, Refused, setToken } from "./api.js";
import { fill, make } from "./elements.js";
import { settle } from "./looks.js";
import { Panel } from "./panel.js";
import { Refusals, sentence } from "./refusals.js";
import { Settings } from "./settings.js";
import { Sources } from "./sources.js";
import { say } from "./words.js";

const PAUSE = 150; // milliseconds without a key before the models are asked
const find = (id) => document.getElementById(id);

let served = [];
let panels = [];
let timer = null;
let settings = null;
let sources = null;
let typed = false; // whether somebody wrote an input: then it stays when another model is chosen
let made = 0; // panels, so that each has names of its own
const refusals = new Refusals(find("notice"));

const page = {
  get sources() { return sources; },
  settings: (model) => settings.value(model),
  /** The input is to be these texts, by a change of one unit. */
  texts(texts) {
    typed = true;
    panels.forEach((panel) => panel.follow());
    sources.set(texts);
    ask();
  },
  /** The input is to be what it was; what was chosen by hand in other panels belonged to the one of now. */
  restore(items, chosen) {
    typed = true;
    if (!sources.holds(items)) panels.filter((panel) => panel !== chosen).forEach((panel) => panel.release());
    sources.set(items);
    ask();
  },
  trouble(error, panel, isStale) {
    refusals.add(panel, error, isStale, [settings, sources], panels.length > 1);
    if (error.status === 401) askToken("token.wrong");
    panel.element.hidden = false;
  },
  calm(panel) {
    refusals.remove(panel, [settings, sources]);
    panel.element.hidden = false;
  },
  busy: (seconds, panel) => refusals.wait(panel, seconds),
};

/** Ask all models that are shown; with nothing to ask about, wait. */
function ask() {
  clearTimeout(timer);
  find("empty").hidden = !sources.isEmpty();
  find("empty").textContent = say(`empty.${sources.kind()}`);
  panels.forEach((panel) => (sources.isEmpty() ? panel.rest() : panel.run()));
}

/** Somebody typed, drew or chose an input: what was chosen by hand belonged to the input before. */
function changed(now) {
  panels.forEach((panel) => panel.release());
  soon(now ? 0 : PAUSE);
}

function soon(milliseconds) {
  panels.forEach((panel) => panel.expect());
  clearTimeout(timer);
  timer = setTimeout(ask, milliseconds);
}

/** Models with the same kinds of columns can be asked about the same input. */
function kinds(model) {
  return model.source.map((column) => column.kind).join();
}

/** Show the models that are chosen: the first, and perhaps another one that reads the same kind of input. */
function show() {
  const first = served.find((model) => model.name === find("model").value) ?? served[0];
  const wanted = find("second").value === first.name ? panels[0]?.model.name : find("second").value; // they change places
  const others = served.filter((model) => model !== first && kinds(model) === kinds(first));
  const second = others.find((model) => model.name === wanted);
  const named = others.map((model) => make("option", { value: model.name }, model.name));
  fill(find("second"), make("option", { value: "" }, say("second.none")), ...named);
  find("second").value = second?.name ?? "";
  find("choices").hidden = served.length < 2;
  find("second-choice").hidden = !others.length;
  const before = panels;
  panels = [first, second].filter(Boolean).map((model) =>
    before.find((panel) => panel.model === model) ?? new Panel(model, page, (made += 1)));
  before.filter((panel) => !panels.includes(panel)).forEach((panel) => panel.close());
  fill(find("panels"), ...panels.map((panel) => panel.element));
  find("panels").classList.toggle("two", panels.length > 1);
  if (sources.model !== first) give(first);
  settings.begin(first.search);
  ask();
}

/** The input's fields are for this model: with what somebody wrote, if it can read that, else with its example. */
function give(model) {
  const stays = typed && sources.model && kinds(sources.model) === kinds(model);
  sources.model = model;
  find("example").hidden = model.example === null && model.source.every((column) => column.kind !== "picture");
  if (stays) {
    sources.rename(model.source);
    return;
  }
  typed = false;
  sources.build(model.source, model.example);
  panels.forEach((panel) => { panel.release(); panel.unpin(); });
}

function askToken(word = null) {
  find("token-told").textContent = word === null ? "" : say(word);
  find("token").value = "";
  find("token-form").hidden = false;
  find("token").focus();
}

async function start() {
  find("notice").textContent = "";
  let told;
  const isFirst = find("token").value === "";
  try {
    told = await models((seconds) => { find("notice").textContent = say("busy", Math.ceil(seconds)); });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    find("notice").textContent = error.status === 401 ? "" : sentence(error);
    find("again").hidden = error.status === 401;
    if (error.status === 401) askToken(isFirst ? null : "token.wrong");
    return;
  }
  find("notice").textContent = "";
  const wasAsked = !find("token-form").hidden;
  find("again").hidden = find("token-form").hidden = true;
  find("token").value = "";
  served = told.models;
  find("version").textContent = `Heedful ${told.heedful}`;
  sources ??= new Sources(find("fields"), told.limits.max_body ?? Infinity,
    { onChange: (now) => { typed = true; changed(now); }, onAsk: ask });
  settings ??= new Settings(find("settings"), told.limits, () => soon(PAUSE));
  fill(find("model"), ...served.map((model) => make("option", { value: model.name }, model.name)));
  if (panels.length) find("model").value = panels[0].model.name;
  find("ask").hidden = false;
  show();
  if (wasAsked) sources.focus();
}

settle(find("scheme"), find("language"), () => {
  sources?.relabel();
  settings?.relabel();
  panels.forEach((panel) => panel.relabel());
  if (!served.length) return;
  find("second").options[0].textContent = say("second.none");
  find("empty").textContent = say(`empty.${sources.kind()}`);
});
find("ask").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
find("model").addEventListener("change", show);
find("second").addEventListener("change", show);
find("again").addEventListener("click", start);
find("example").addEventListener("click", () => {
  typed = false;
  sources.build(sources.columns, sources.model.example);
  changed(true);
});
find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isSendable(find("token").value)) {
    askToken("token.letters");
    return;
  }
  setToken(find("token").value);
  start();
});
document.addEventListener("keydown", (event) => {
  const isMeant = event.key === "/" && !event.ctrlKey && !event.altKey && !event.metaKey;
  if (!isMeant || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  sources?.focus();
});
start();
