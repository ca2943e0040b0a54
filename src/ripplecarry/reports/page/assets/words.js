// Every word on the page, in English and Chinese; `{gaps}` are filled in.

import { EN } from "./words_en.js";
import { ZH } from "./words_zh.js";

export const LANGUAGES = { en: EN, zh: ZH };

let language = "en";

/** A page's own words besides. */
export function addWords(words) {
  for (const [name, own] of Object.entries(words)) Object.assign(LANGUAGES[name], own);
}

export function setLanguage(name) {
  language = name in LANGUAGES ? name : "en";
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-w]")) element.textContent = say(element.dataset.w);
  for (const element of document.querySelectorAll("[data-w-label]")) {
    element.setAttribute("aria-label", say(element.dataset.wLabel));
    if (element.tagName === "BUTTON") element.title = say(element.dataset.wLabel);
  }
}

export function say(key, values = {}) {
  const words = LANGUAGES[language][key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (_, name) => {
    if (!(name in values)) throw new Error(`nothing for the gap ${name} of ${key}`);
    return values[name];
  });
}

/** The words for a task: of one on sequences its own where there are any, which speak of symbols. */
export function sayOf(task, key, values) {
  const own = `${key}.sequence`;
  return say(!task.isOnNumbers && own in LANGUAGES[language] ? own : key, values);
}

/** A share as a percentage that never rounds up to 100 nor down to 0. */
export function percent(share) {
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${Math.min(Math.max(share * 100, 0.01), 99.99).toFixed(2)} %`;
}

/** A whole number with its thousands apart, as the language does it. */
export const count = (number) => number.toLocaleString(language);
