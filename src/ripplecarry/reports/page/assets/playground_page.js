// The playground's state, in this one place, and what follows when something happens.

import { addressOf, settingsOf } from "./address.js";
import { SeedCurves, drawBars } from "./charts.js";
import { Controls } from "./controls.js";
import { Crew } from "./crew.js";
import { decode, parameters } from "./decode.js";
import { byId } from "./elements.js";
import { drawLearning } from "./learning.js";
import { drawLessons } from "./lessons.js";
import { Network } from "./network.js";
import { Presets } from "./presets.js";
import { Probe } from "./probe.js";
import { BadSetting, changed, defaults, shapeOf, taskName } from "./settings.js";
import { Snapshots } from "./snapshots.js";
import { SumView } from "./sum_view.js";
import { Task, stateWordOf } from "./task.js";
import { TestView } from "./test_view.js";
import { TakeAlong } from "./take_along.js";
import { say } from "./words.js";

const LONGEST_TYPED = 1000;
const MOST_PINNED = 8;
const DRAW_EVERY_MS = 100;

export class Playground {
  constructor(content, address, bytes) {
    this.content = content;
    this.crew = new Crew(address, bytes, (message) => this.#hear(message));
    this.controls = new Controls((settings) => this.begin(settings));
    this.presets = new Presets(content.figures, (settings) => this.begin(settings, { keepsPreset: true }));
    this.test = new TestView(this);
    this.takeAlong = new TakeAlong(this);
    this.pinned = [];
    this.boxes = null;
    this.sum = new SumView(this, () => {});
    this.#listen();
  }

  // What the sum is shown of.

  get layers() { return this.settings.layers; }
  get stateWord() { return stateWordOf(this.settings.task); }
  cloudOf(shown, layer) {
    if (shown.layer === layer) return shown.cloud;
    this.crew.look({ layer, weights: shown.isLive ? null : shown.weights, step: shown.step });
    return shown.cloud;
  }

  /** Starts anew with these settings, untrained. */
  begin(settings, { keepsPreset = false, given = null } = {}) {
    if (this.settings) this.announce(() => say("said.anew"));
    const isSameTask = this.settings && taskName(this.settings) === taskName(settings);
    const isSameView = isSameTask && this.settings.layers === settings.layers;
    this.settings = settings;
    if (!keepsPreset) this.presets.forget();
    this.table = this.tableOf(settings);
    this.task = new Task(this.table, LONGEST_TYPED);
    this.shape = shapeOf(settings, this.task);
    history.replaceState(null, "", addressOf(settings));
    this.isRunning = false;
    this.trouble = false;
    this.given = given;
    this.snapshots = new Snapshots();
    this.isLive = true;
    this.shown = null;
    this.controls.show(settings);
    this.test.begin();
    const numbers = () => Array.from({ length: this.task.operands }, () => this.task.random(settings.digits));
    if (!isSameView) this.sum.begin(isSameTask ? this.sum.texts : numbers(), settings.digits);
    const seeds = this.crew.open(settings, this.table, this.sum.layer);
    this.progress = new Map(seeds.map((seed) => [seed, { step: 0, outcome: null }]));
    this.curves = new SeedCurves(seeds);
    this.rate = null;
    if (given) this.crew.look({ weights: given, layer: this.sum.layer, step: null });
    this.draw();
  }

  start() {
    if (this.isDone) return;
    this.given = null;
    this.isLive = true;
    this.isRunning = true;
    this.began = { ms: performance.now(), steps: this.steps };
    this.crew.run();
    this.announce(() => say("said.started"));
    this.draw();
  }

  pause() {
    this.isRunning = false;
    this.crew.pause();
    this.announce(() => say("said.paused"));
    this.draw();
  }

  /** Updates done by all seeds together. */
  get steps() {
    return [...this.progress.values()].reduce((sum, { step }) => sum + step, 0);
  }

  get isDone() {
    return [...this.progress.values()].every(({ step, outcome }) => outcome || step >= this.settings.steps);
  }

  /** Keeps the curves beside those of other settings. */
  pin() {
    if (!this.steps) return;
    const words = changed({ ...this.settings, seed: 0n }).map(([name, value]) => `${say(`set.${name}`)} ${value}`).join(", ") || say("pin.defaults");
    this.pinned.push({ words, loss: this.curves.lossBand(), exact: this.curves.exactBand() });
    if (this.pinned.length > MOST_PINNED) this.pinned.shift();
    this.draw();
  }

  /** Draws everything but the sum. */
  draw() {
    this.#drawn = performance.now();
    drawLearning(this);
    this.sum.player.speak();
    this.test.draw();
  }

  /** Puts the words of this language on everything. */
  speak() {
    this.controls.speak();
    this.presets.speak();
    drawLessons();
    if (this.said) this.announce(this.said);
    this.draw();
    this.sum.speak();
  }

  /** Opens an address, or the defaults where it is wrong, which is told. */
  open(address) {
    try {
      this.begin(settingsOf(address));
    } catch (error) {
      if (!(error instanceof BadSetting)) throw error;
      this.begin(defaults());
      this.controls.say({ key: "bad.address", values: { why: say(error.key, error.values) } });
    }
    this.speak();
  }

  #drawn = 0;

  /** The task's tables, decoded; undefined for one that the page has not. */
  tableOf(settings) {
    const table = this.content.tasks[taskName(settings)];
    return table && { ...table, nextState: decode(table.nextState), output: decode(table.output) };
  }

  #hear(message) {
    this[`hear_${message.about}`](message);
    const isFrequent = message.about === "progress" && !message.outcome;
    if (!isFrequent || performance.now() - this.#drawn > DRAW_EVERY_MS) this.#soon();
  }

  hear_progress({ seed, step, losses, exact, outcome }) {
    this.progress.set(seed, { step, outcome });
    this.curves.add(seed, losses, exact);
    if (this.isRunning) this.rate = ((this.steps - this.began.steps) / (performance.now() - this.began.ms)) * 1000;
    if (!this.isRunning || !this.isDone) return;
    this.isRunning = false;
    this.announce(() => say("said.finished"));
    this.presets.finished(this);
  }

  hear_view({ step, weights, bars, ...inside }) {
    if (this.given) return;
    this.snapshots.add(step, weights);
    drawBars(bars);
    if (this.isLive) this.#show({ step, weights, isLive: true, ...inside });
  }

  hear_look({ step, layer, ...inside }) {
    const weights = this.given ?? this.snapshots.of(step)?.weights;
    if (weights) this.#show({ step, weights, layer, isLive: false, ...inside });
  }

  hear_weights(message) { this.takeAlong.save(message); }
  hear_testing({ share }) { this.test.progressed(share); }
  hear_tested({ result }) { this.test.finished(result); }

  hear_trouble({ key, words, isOfTest }) {
    if (isOfTest) this.test.begin();
    else {
      this.isRunning = false;
      this.trouble = true;
      this.crew.breakOff();
    }
    this.announce(() => say(isOfTest && key === "trouble.other" ? "trouble.test" : key, { words }));
  }

  #show({ step, weights, layer, cloud, probe, isLive }) {
    this.shown = {
      step, weights, layer, cloud, isLive, isLast: false,
      network: new Network(this.shape, parameters(weights, this.shape.shapes), this.task),
      probe: new Probe(probe, this.task.states),
    };
    this.sum.compute({ stand: "here", goesOn: true });
  }

  /** Draws with the next frame. */
  #soon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.draw();
    });
  }

  /** Says it once, to a screen reader too. @param words gives the text in the language at hand */
  announce(words) {
    this.said = words;
    byId("announcement").textContent = words();
  }

  #listen() {
    byId("start").onclick = () => (this.isRunning ? this.pause() : this.start());
    byId("one").onclick = () => {
      this.given = null;
      this.isLive = true;
      this.crew.step();
    };
    byId("reset").onclick = () => this.begin(this.settings, { keepsPreset: true });
    byId("pin").onclick = () => this.pin();
    byId("unpin").onclick = () => {
      this.pinned = [];
      this.draw();
    };
    byId("snapshot").oninput = (event) => {
      const number = Number(event.target.value);
      const { step, weights } = this.snapshots.all[number];
      this.isLive = number === this.snapshots.all.length - 1;
      this.crew.look({ weights, layer: this.sum.layer, step });
    };
    byId("large").onclick = () => {
      const isLarge = document.documentElement.toggleAttribute("data-large");
      byId("large").setAttribute("aria-pressed", isLarge);
      this.sum.drawPosition();
    };
    window.addEventListener("hashchange", () => {
      if (location.hash !== addressOf(this.settings)) this.open(location.hash);
    });
  }
}
