/* The page: which models are asked about which input, when, and what is said when no answer comes. */

import { models, setToken } from "./api.js";
import { fill, make } from "./elements.js";
import { settle } from "./looks.js";
import { Panel } from "./panel.js";
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

const page = {
  get sources() { return sources; },
  settings: () => settings.value(),
  /** The input is to be these texts; where no position moved, attention stays where it is held. */
  texts(texts, keeps) {
    panels.forEach((panel) => {
      panel.pin();
      panel.asked = { ...panel.asked, hold: keeps ? panel.asked.hold : [] };
    });
    sources.set(texts);
    ask();
  },
  restore(items) {
    sources.set(items);
    ask();
  },
  /** Says what went wrong, beside the field that is meant. */
  trouble(error, panel) {
    const message = sentence(error);
    panel.element.classList.add("stale");
    const beside = settings.refuse(error.field, message) || sources.refuse(error.field, message);
    if (error.status === 401) askToken();
    else if (!beside) panel.room.trouble.textContent = message;
    panel.element.hidden = false;
    find("notice").textContent = "";
  },
  calm(panel) {
    panel.element.classList.remove("stale");
    sources.refuse(null, null);
    settings.refuse(null, null);
    panel.room.trouble.textContent = "";
    panel.element.hidden = false;
    find("notice").textContent = "";
  },
  busy(seconds) {
    find("notice").textContent = say("busy", Math.ceil(seconds));
  },
};

function sentence(error) {
  if (error.code === "unreachable") return say("unreachable");
  if (error.code === "cut_off") return say("cutOff");
  if (error.status === 503) return say("stillBusy");
  return error.message ? say("refused", error.message) : say("unknownError");
}

/** Ask all models that are shown; with nothing to ask about, wait. */
function ask() {
  clearTimeout(timer);
  find("empty").hidden = !sources.isEmpty();
  panels.forEach((panel) => (sources.isEmpty() ? panel.rest() : panel.run()));
}

/** Somebody typed: what was chosen by hand belonged to the input before. */
function changed(now) {
  panels.forEach((panel) => panel.release());
  soon(now ? 0 : PAUSE);
}

function soon(milliseconds) {
  panels.forEach((panel) => panel.element.setAttribute("aria-busy", "true"));
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
  const wanted = find("second").value;
  const others = served.filter((model) => model !== first && kinds(model) === kinds(first));
  const named = others.map((model) => make("option", { value: model.name }, model.name));
  fill(find("second"), make("option", { value: "" }, say("second.none")), ...named);
  find("second").value = others.some((model) => model.name === wanted) ? wanted : "";
  find("choices").hidden = served.length < 2;
  find("second-choice").hidden = !others.length;
  const chosen = [first, ...others.filter((model) => model.name === find("second").value)];
  const before = panels;
  panels = chosen.map((model) => before.find((panel) => panel.model === model) ?? new Panel(model, page, (made += 1)));
  before.filter((panel) => !panels.includes(panel)).forEach((panel) => panel.close());
  fill(find("panels"), ...panels.map((panel) => panel.element));
  find("panels").classList.toggle("two", panels.length > 1);
  if (sources.model !== first) {
    const stays = typed && sources.model && kinds(sources.model) === kinds(first);
    if (stays) sources.rename(first.source);
    else sources.build(first.source, first.example);
    sources.model = first;
  }
  settings.begin(first.search);
  ask();
}

function askToken() {
  find("token-told").textContent = find("token").value === "" ? "" : say("token.wrong");
  find("token").value = "";
  find("token-form").hidden = false;
  find("token").focus();
}

async function start() {
  find("notice").textContent = "";
  let told;
  try {
    told = await models();
  } catch (error) {
    if (error.status === 401) askToken();
    else find("notice").textContent = sentence(error);
    find("again").hidden = error.status === 401;
    return;
  }
  find("again").hidden = find("token-form").hidden = true;
  find("token").value = "";
  served = told.models;
  find("version").textContent = `Heedful ${told.heedful}`;
  sources ??= new Sources(find("fields"), told.limits.max_body ?? Infinity, (now) => { typed = true; changed(now); });
  settings ??= new Settings(find("settings"), told.limits, () => soon(PAUSE));
  fill(find("model"), ...served.map((model) => make("option", { value: model.name }, model.name)));
  find("ask").hidden = false;
  show();
}

settle(find("scheme"), find("language"), () => {
  sources?.relabel();
  settings?.relabel();
  panels.forEach((panel) => panel.relabel());
  if (served.length) find("second").options[0].textContent = say("second.none");
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
  setToken(find("token").value);
  start();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  sources?.fields[0].control.focus();
});
start();
