/* Buttons that copy a map or save it, and how a page does either. */

import { wordsIn } from "./map_languages.js";
import { button, element } from "./map_nodes.js";

const MOST_LIGHTLY = 250_000; // numbers of a JSON file before its size is said
const LETTERS = 3, EXACT_LETTERS = 20; // of a number besides its decimals, and of one that was not rounded

/** Puts it onto the clipboard; false where the browser refuses, as it may for a file on the disk. */
export async function copy(blob) {
  try {
    if (blob.type === "image/png") await navigator.clipboard.write([new ClipboardItem({ [blob.type]: blob })]);
    else await navigator.clipboard.writeText(await blob.text());
    return true;
  } catch {
    return false;
  }
}

/** Hands it to the reader as a download. */
export function save(name, blob) {
  const link = element("a"), address = URL.createObjectURL(blob);
  [link.href, link.download] = [address, name];
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers fetch it only later
}

/** Buttons that copy the map, or save it; what the clipboard refuses is saved. They speak as the map does, unless told not to. */
export function saveButtons(host, map, { title = () => "", name = "attention", language = null } = {}) {
  const kinds = {
    SVG: async () => new Blob([map.svg(title())], { type: "image/svg+xml" }),
    PNG: () => map.png(title()),
    JSON: async () => new Blob([map.json()], { type: "application/json" }),
  };
  const made = element("div", "heatmap-save"), said = element("span", "heatmap-done"), note = element("span", "heatmap-note");
  said.setAttribute("role", "status");
  let words = wordsIn(language ?? map.language);
  const act = async (kind, copying) => {
    said.textContent = "";
    const blob = await kinds[kind](), file = `${name}.${kind.toLowerCase()}`;
    if (copying && (await copy(blob))) said.textContent = words.copied(kind);
    else {
      save(file, blob);
      said.textContent = copying ? words.closed(file) : words.saved(file);
    }
  };
  const group = (copying) => {
    const grouped = element("div", "heatmap-group"), head = element("span"), buttons = new Map();
    grouped.setAttribute("role", "group");
    for (const kind of Object.keys(kinds)) buttons.set(kind, button(kind, "", () => act(kind, copying)));
    grouped.append(head, ...buttons.values());
    const relabel = () => {
      head.textContent = copying ? words.copy : words.save;
      grouped.setAttribute("aria-label", copying ? words.copyMap : words.saveMap);
      buttons.forEach((each, kind) => each.setAttribute("aria-label", (copying ? words.copyAs : words.saveAs)(kind)));
    };
    return { grouped, relabel };
  };
  const groups = [group(true), group(false)];
  made.append(...groups.map((each) => each.grouped), said, note);
  host.append(made);
  map.follow(() => {
    if (wordsIn(language ?? map.language) !== words) said.textContent = "";
    words = wordsIn(language ?? map.language);
    for (const { relabel } of groups) relabel();
    note.textContent = sized(map.record, words);
  });
  return made;
}

/** What to know before the numbers of a large map are copied: how many there are, and whether they were rounded. */
function sized(record, words) {
  const count = record?.weights ? record.source.length * record.target.length : 0, decimals = record?.decimals ?? null;
  if (count <= MOST_LIGHTLY) return "";
  const letters = decimals === null ? EXACT_LETTERS : decimals + LETTERS;
  return words.many(count, decimals, Math.round((count * letters) / 1e6));
}
