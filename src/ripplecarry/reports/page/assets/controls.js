// The controls of the settings, made from their table.

import { byId, make } from "./elements.js";
import { BadSetting, SETTINGS, allowedWords, applies, checkTogether, parseSetting } from "./settings.js";
import { say } from "./words.js";

/** Settings that stand beside the start button; the others have a section of their own. */
const FIRST = ["task", "cell", "learning_rate"];
const RATES = ["0.0001", "0.0003", "0.001", "0.003", "0.01", "0.02", "0.05", "0.1"];

export class Controls {
  /** @param changed called with the settings when somebody changes one */
  constructor(changed) {
    this.changed = changed;
    this.inputs = {};
    const box = ([name, setting]) => {
      const id = `set-${name}`;
      const input = setting.kind === "choice"
        ? make("select", { id }, ...setting.allowed.map((value) => make("option", { value })))
        : make("input", { id, autocomplete: "off", spellcheck: "false", inputmode: setting.kind === "number" ? "decimal" : "numeric", "aria-describedby": "settings-problem" });
      if (setting.kind === "number") input.setAttribute("list", "rates");
      input.addEventListener("change", () => this.#read(name));
      this.inputs[name] = input;
      return make("label", { "data-setting": name }, make("span", {}), input);
    };
    byId("first-controls").replaceChildren(...FIRST.map((name) => box([name, SETTINGS[name]])));
    const others = Object.entries(SETTINGS).filter(([name]) => !FIRST.includes(name));
    byId("controls").replaceChildren(...others.map(box), make("datalist", { id: "rates" }, ...RATES.map((value) => make("option", { value }))));
  }

  /** Shows settings. */
  show(settings) {
    this.settings = settings;
    for (const [name, input] of Object.entries(this.inputs)) {
      input.value = String(settings[name]);
      input.parentElement.hidden = !applies(name, settings);
      input.removeAttribute("aria-invalid");
    }
    this.#sayLength();
    this.say(null);
  }

  /** Puts the words of this language on the controls. */
  speak() {
    for (const [name, input] of Object.entries(this.inputs)) {
      input.previousElementSibling.textContent = say(`set.${name}`);
      if (SETTINGS[name].kind !== "choice") input.title = allowedWords(name);
      for (const option of input.options ?? []) option.textContent = say(`set.${name}.${option.value}`);
    }
    this.#sayLength();
    this.say(this.problem);
  }

  /** What the length counts: where no base applies, symbols. */
  #sayLength() {
    this.inputs.digits.previousElementSibling.textContent = say(applies("base", this.settings) ? "set.digits" : "set.digits.symbols");
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
      this.inputs[changed].closest("#beginning, #controls").after(byId("settings-problem"));
      this.say(error);
      return;
    }
    this.changed(settings);
  }
}
