/* Light or dark, and in which language: kept on this computer where the browser allows it. Nothing else is kept. */

import { choose, language, languages, say } from "./words.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Let the button turn light and dark, and the list choose the language; `onLanguage()` is called after a change. */
export function settle(schemeButton, languageList, onLanguage) {
  const root = document.documentElement;
  const kept = recall("heedful scheme");
  if (kept === "light" || kept === "dark") root.dataset.scheme = kept;
  const isDark = () => (root.dataset.scheme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => {
    schemeButton.textContent = isDark() ? "☀" : "☾";
    schemeButton.setAttribute("aria-label", say(isDark() ? "scheme.light" : "scheme.dark"));
    schemeButton.title = say(isDark() ? "scheme.light" : "scheme.dark");
  };
  schemeButton.addEventListener("click", () => {
    root.dataset.scheme = isDark() ? "light" : "dark";
    remember("heedful scheme", root.dataset.scheme);
    label();
  });
  dark.addEventListener("change", label);
  for (const [code, name] of languages()) {
    const option = document.createElement("option");
    [option.value, option.textContent, option.lang] = [code, name, code];
    languageList.append(option);
  }
  const wanted = recall("heedful language") ?? navigator.language;
  const turn = (code) => {
    choose(code);
    languageList.value = language();
    root.lang = language();
    for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
    label();
  };
  languageList.addEventListener("change", () => {
    remember("heedful language", languageList.value);
    turn(languageList.value);
    onLanguage();
  });
  turn(wanted);
}

function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // then it lasts until the page is closed
  }
}
