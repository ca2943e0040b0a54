// One seed's network in training, in a worker.

import { ROWS_PER_BAR, rowsByRun } from "./bars.js";
import { firstWrong } from "./examiner.js";
import { KINDS, KernelNetwork, STREAMS } from "./kernel.js";
import { batchesOf } from "./settings.js";

export const READ_EVERY = 50; // the reading follows that step's update, as in the package
const NUM_PAIRS = 1000;

export class Training {
  constructor(kernel, shape, task, settings, seed) {
    this.settings = settings;
    this.seed = seed;
    this.batches = batchesOf(settings, task);
    const { optimiser, learning_rate: rate, operands } = settings;
    this.how = { ...this.batches, seed, kind: KINDS[operands], optimiser, rate };
    this.network = new KernelNetwork(kernel, shape, task);
    this.network.begin(seed);
    this.outcome = null;
    this.stepMs = 1;
  }

  get step() { return this.network.step; }

  get isDone() { return this.outcome !== null || this.step >= this.settings.steps; }

  /** Trains for about so long, to the next reading at most. Returns {losses, exact}, exact being [[updates, share]] or []. */
  advance(ms, most = Infinity) {
    const { network, settings } = this;
    const nextReading = Math.ceil(network.step / READ_EVERY) * READ_EVERY + 1;
    const steps = Math.max(1, Math.min(Math.round(ms / this.stepMs), most, nextReading - network.step, settings.steps - network.step));
    const began = performance.now();
    const losses = network.train(this.how, steps);
    this.stepMs = Math.max((performance.now() - began) / losses.length, 1e-3);
    if (!Number.isFinite(losses.at(-1))) this.outcome = "diverged";
    else if (network.step >= settings.steps) this.outcome = "finished";
    const isDue = this.outcome === "finished" || (this.outcome !== "diverged" && (network.step - 1) % READ_EVERY === 0);
    return { losses, exact: isDue ? [[network.step, this.#read(network.step - 1)]] : [] };
  }

  /** Exact match by what makes operands hard: {kind, bars: [{run, share, count}]}. */
  bars() {
    this.byRun ??= rowsByRun(this.network, this.seed, this.batches);
    const bars = this.byRun.rows.map(({ run, operands, answers }) =>
      ({ run, count: ROWS_PER_BAR, share: this.#share(operands, answers, ROWS_PER_BAR) }));
    return { kind: this.byRun.kind, bars };
  }

  close() { this.network.close(); }

  #read(step) {
    const { digits, positions } = this.batches;
    const how = { seed: this.seed, stream: STREAMS.evaluation, step, batch: NUM_PAIRS, digits, positions };
    const { operands, answers } = this.network.draw(how);
    return this.#share(operands, answers, NUM_PAIRS);
  }

  #share(operands, answers, batch) {
    const { outputs } = this.network.task;
    const positions = answers.length / batch;
    const logits = this.network.logits(operands, batch, positions);
    let right = 0;
    for (let at = 0; at < answers.length; at += positions) {
      const end = at + positions;
      if (firstWrong(logits.subarray(at * outputs, end * outputs), answers.subarray(at, end), outputs) < 0) right++;
    }
    return right / batch;
  }
}
