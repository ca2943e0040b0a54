// Language and theme, which every page lets one choose.

import { byId } from "./elements.js";
import { setLanguage } from "./words.js";

/** @param changed called after each change, to draw anew */
export function chooseAppearance(changed) {
  const language = (navigator.language || "en").startsWith("zh") ? "zh" : "en";
  setLanguage(language);
  byId("language").value = language;
  byId("language").onchange = (event) => {
    setLanguage(event.target.value);
    changed();
  };
  byId("theme").onchange = (event) => {
    if (event.target.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = event.target.value;
    changed();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
