// The report's figures as settings, its own curves beside those of the page.

import { byId, make } from "./elements.js";
import { defaults, parseSetting } from "./settings.js";
import { say } from "./words.js";

const SEEDS = 3;

export class Presets {
  /**
   * @param figures [{figure, trials: [{label, settings, loss, exact}]}], curves as [[updates, value], …]
   * @param chosen called with the settings of one
   */
  constructor(figures, chosen) {
    this.figures = figures;
    this.chosen = chosen;
    this.queue = [];
    this.current = null;
    byId("preset").onchange = (event) => this.#choose(event.target.value);
  }

  speak() {
    const options = this.figures.map(({ figure, trials }, i) => make("optgroup", { label: say("preset.figure", { figure }) },
      ...trials.map(({ label }, k) => make("option", { value: `${i} ${k}` }, say("preset.trial", { figure, label }))),
      ...(trials.length > 1 ? [make("option", { value: `${i} all` }, say("preset.all", { figure }))] : [])));
    const chosen = byId("preset").value;
    byId("preset").replaceChildren(make("option", { value: "" }, say("preset.none")), ...options);
    byId("preset").value = chosen;
  }

  forget() {
    this.current = null;
    this.queue = [];
    byId("preset").value = "";
  }

  /** The report's curves, dashed. */
  lines() {
    if (!this.current) return [];
    const { label, loss, exact } = this.current;
    return [{ name: "report", words: say("chart.report", { label }), loss, exact, dashed: true }];
  }

  /** One of a figure's trials is finished: the next one follows. */
  finished(page) {
    if (!this.queue.length) return;
    page.pin();
    this.#next();
    page.start();
  }

  #choose(value) {
    const [figure, trial] = value.split(" ");
    const trials = this.figures[figure]?.trials ?? [];
    this.queue = trial === "all" ? [...trials] : trials.slice(Number(trial), Number(trial) + 1);
    if (this.queue.length) this.#next();
  }

  #next() {
    this.current = this.queue.shift();
    const settings = defaults();
    for (const [name, text] of Object.entries(this.current.settings)) settings[name] = parseSetting(name, text);
    this.chosen({ ...settings, seeds: SEEDS });
  }
}
