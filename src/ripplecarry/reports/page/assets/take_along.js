// Networks as files: saving the page's, opening others.

import { addressOf, settingsOf } from "./address.js";
import { byId, make } from "./elements.js";
import { BadSetting, defaults, shapeOf, trialOf } from "./settings.js";
import { Task } from "./task.js";
import { BadFile, networkOf, readWeights, writeWeights } from "./weights_file.js";
import { say } from "./words.js";

const FORMAT = 1;
const KEPT_MS = 60_000; // that a saved file's address stays valid

export class TakeAlong {
  /** @param page with crew, settings, shape, curves, begin(), announce(), tableOf() */
  constructor(page) {
    this.page = page;
    byId("take").onclick = () => page.crew.weights(page.settings.seed);
    byId("file").onchange = (event) => event.target.files[0] && this.open(event.target.files[0]);
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.open(event.dataTransfer.files[0]);
    });
  }

  /** Saves a seed's network, with how it was trained. */
  save({ seed, step, outcome, weights }) {
    const { settings, shape, curves } = this.page;
    const training = {
      format: FORMAT, trial: trialOf(settings, step), seed: String(seed), steps_done: step,
      outcome: outcome === "diverged" ? outcome : "finished", exact_match: curves.exact.get(seed),
    };
    const name = `ripplecarry-${settings.cell}-${step}-${seed}.safetensors`;
    const file = writeWeights(weights, shape.shapes, { cell: settings.cell, training: JSON.stringify(training) });
    const link = make("a", { download: name, href: URL.createObjectURL(new Blob([file])) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
    byId("taken").textContent = say("taken", { name });
    byId("taken-command").textContent = `ripplecarry import ${name}`;
  }

  /** Shows a file's network; training starts from the beginning all the same. */
  async open(file) {
    const { page } = this;
    try {
      const read = readWeights(await file.arrayBuffer());
      const { settings, numbers } = networkOf(read, known(read.metadata), (found) => this.#shapes(found));
      page.begin(settingsOf(addressOf(settings)), { given: numbers });
      page.announce(() => say("file.shown"));
    } catch (error) {
      if (!(error instanceof BadFile || error instanceof BadSetting)) throw error;
      page.announce(() => say(error.key, error.values));
    }
  }

  #shapes(settings) {
    const table = this.page.tableOf(settings);
    if (!table) throw new BadFile("file.shapes", { task: settings.task });
    return shapeOf(settings, new Task(table, Infinity)).shapes;
  }
}

/** What a file says of its training; the defaults where it says nothing. */
function known({ training }) {
  const settings = defaults();
  if (!training) return settings;
  try {
    const { trial, seed } = JSON.parse(training);
    for (const name of Object.keys(settings)) if (trial[name] != null) settings[name] = trial[name];
    return { ...settings, seed: BigInt(seed) };
  } catch {
    throw new BadFile("file.kind");
  }
}
