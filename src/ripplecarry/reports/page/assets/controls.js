// The controls of the settings, made from their table.

import { byId, make } from "./elements.js";
import { BadSetting, SETTINGS, allowedWords, applies, checkTogether, parseSetting } from "./settings.js";
import { say } from "./words.js";

const RATES = ["0.0001", "0.0003", "0.001", "0.003", "0.01", "0.02", "0.05", "0.1"];

export class Controls {
  /** @param changed called with the settings when somebody changes one */
  constructor(changed) {
    this.changed = changed;
    this.inputs = {};
    const boxes = Object.entries(SETTINGS).map(([name, setting]) => {
      const id = `set-${name}`;
      const input = setting.kind === "choice"
        ? make("select", { id }, ...setting.allowed.map((value) => make("option", { value })))
        : make("input", { id, autocomplete: "off", spellcheck: "false", inputmode: setting.kind === "number" ? "decimal" : "numeric", "aria-describedby": "settings-problem" });
      if (setting.kind === "number") input.setAttribute("list", "rates");
      input.addEventListener("change", () => this.#read(name));
      this.inputs[name] = input;
      return make("label", { "data-setting": name }, make("span", {}), input);
    });
    byId("controls").replaceChildren(...boxes, make("datalist", { id: "rates" }, ...RATES.map((value) => make("option", { value }))));
  }

  /** Shows settings. */
  show(settings) {
    this.settings = settings;
    for (const [name, input] of Object.entries(this.inputs)) {
      input.value = String(settings[name]);
      input.parentElement.hidden = !applies(name, settings);
      input.removeAttribute("aria-invalid");
    }
    this.say(null);
  }

  /** Puts the words of this language on the controls. */
  speak() {
    for (const [name, input] of Object.entries(this.inputs)) {
      input.previousElementSibling.textContent = say(`set.${name}`);
      if (SETTINGS[name].kind !== "choice") input.title = allowedWords(name);
      for (const option of input.options ?? []) option.textContent = say(`set.${name}.${option.value}`);
    }
    this.say(this.problem);
  }

  /** Says what is wrong with a setting, or nothing. */
  say(problem) {
    this.problem = problem;
    const { key, values } = problem ?? {};
    byId("settings-problem").textContent = key ? say(key, key === "bad.value" ? { ...values, name: say(`set.${values.name}`) } : values) : "";
  }

  #read(changed) {
    const settings = { ...this.settings };
    try {
      settings[changed] = parseSetting(changed, this.inputs[changed].value.trim());
      checkTogether(settings);
    } catch (error) {
      if (!(error instanceof BadSetting)) throw error;
      this.inputs[changed].setAttribute("aria-invalid", "true");
      this.say(error);
      return;
    }
    this.changed(settings);
  }
}
