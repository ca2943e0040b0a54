// A worker: trains networks by turns, looks inside them, tests them; tells the page of it.

import { hardTest } from "./hard_test.js";
import { lookInside, sampleSums } from "./inside.js";
import { KernelNetwork, NoMemory, loadKernel } from "./kernel.js";
import { batchesOf, shapeOf } from "./settings.js";
import { Task } from "./task.js";
import { Training } from "./training.js";

const CHUNK_MS = 25;
const LEAST_MS_BETWEEN_VIEWS = 300;
const MOST_MS_BETWEEN_VIEWS = 1500;
const VIEWS_SHARE = 12; // of a worker's time, views take at most one part in so many, unless they would come too rarely

class Trainers {
  async open({ id, bytes, table, settings, seeds, layer, viewed }) {
    this.trainings?.forEach((training) => training.close());
    Object.assign(this, { id, settings, layer, viewed, isRunning: false, lastView: 0, viewMs: 0 });
    this.trainings = [];
    this.kernel ??= await loadKernel(bytes);
    if (this.id !== id) return; // other settings have come meanwhile
    this.task = new Task(table, Infinity);
    this.shape = shapeOf(settings, this.task);
    this.trainings = seeds.map((seed) => new Training(this.kernel, this.shape, this.task, settings, seed));
    const own = this.trainings.find(({ seed }) => seed === viewed);
    if (own) this.sums = sampleSums(own.network, viewed, batchesOf(settings, this.task));
    this.#view();
  }

  async run() {
    if (this.isRunning) return;
    this.isRunning = true;
    while (this.isRunning && this.trainings.some((training) => !training.isDone)) {
      for (const training of this.trainings) if (!training.isDone) this.#advance(training, CHUNK_MS);
      if (performance.now() - this.lastView > this.#waitMs()) this.#view();
      await nextTask();
    }
    if (this.isRunning) this.#view();
    this.isRunning = false;
  }

  pause() {
    this.isRunning = false;
    this.#view();
  }

  step() {
    this.isRunning = false;
    for (const training of this.trainings) if (!training.isDone) this.#advance(training, 0, 1);
    this.#view();
  }

  /** The cloud of other weights, or of another layer. */
  look({ weights, layer, step }) {
    this.layer = layer;
    if (weights) this.#tell({ about: "look", step, layer, ...lookInside(weights, this.shape, this.task, this.sums, layer) });
    else this.#view();
  }

  weights({ seed }) {
    const training = this.trainings.find((each) => each.seed === seed);
    this.#tell({ about: "weights", seed, step: training.step, outcome: training.outcome, weights: training.network.weights() });
  }

  /** Tests weights where it is hard; the page ends this worker where it wants no answer any more. */
  async test({ id, bytes, table, settings, weights, longest }) {
    this.id = id;
    this.kernel ??= await loadKernel(bytes);
    const task = new Task(table, Infinity);
    const network = new KernelNetwork(this.kernel, shapeOf(settings, task), task);
    network.setWeights(weights);
    const report = (share) => this.#tell({ about: "testing", share });
    const result = await hardTest({ network, task, digits: settings.digits, seed: settings.seed, longest, report });
    this.#tell({ about: "tested", result });
  }

  #advance(training, ms, most) {
    const { losses, exact } = training.advance(ms, most);
    const { seed, step, outcome } = training;
    this.#tell({ about: "progress", seed, step, losses, exact, outcome });
  }

  #waitMs() {
    return Math.min(MOST_MS_BETWEEN_VIEWS, Math.max(LEAST_MS_BETWEEN_VIEWS, VIEWS_SHARE * this.viewMs));
  }

  #view() {
    const training = this.trainings.find(({ seed }) => seed === this.viewed);
    if (!training) return;
    const began = performance.now();
    const weights = training.network.weights();
    const inside = lookInside(weights, this.shape, this.task, this.sums, this.layer);
    this.#tell({ about: "view", step: training.step, weights, layer: this.layer, bars: training.bars(), ...inside });
    this.lastView = performance.now();
    this.viewMs = this.lastView - began;
  }

  #tell(message) {
    self.postMessage({ id: this.id, ...message });
  }
}

/** Lets messages in, without the delay of a timer. */
const channel = new MessageChannel();
const nextTask = () => new Promise((resume) => {
  channel.port1.onmessage = resume;
  channel.port2.postMessage(null);
});

const trainers = new Trainers();
let opened = null; // settles once the networks are there: the kernel takes a moment to load, and nobody waits to click
self.onmessage = async ({ data: { call, ...given } }) => {
  try {
    if (call === "open") opened = trainers.open(given);
    await opened;
    if (call !== "open") await trainers[call](given);
  } catch (error) {
    if (error instanceof NoMemory) trainers.kernel = null; // it keeps what it had until then
    self.postMessage({ id: given.id ?? trainers.id, about: "trouble", key: error instanceof NoMemory ? "trouble.memory" : "trouble.other", words: String(error) });
  }
};
