// The run that the page holds: its networks by snapshot, probes, curves, boxes.

import { decode, parameters } from "./decode.js";
import { Network } from "./network.js";
import { Probe } from "./probe.js";
import { Task, stateWordOf } from "./task.js";

export class Run {
  constructor(content) {
    this.content = content;
    const { nextState, output } = content.task;
    const tables = { nextState: decode(nextState), output: decode(output) };
    this.task = new Task({ ...content.task, ...tables }, content.longest);
    this.snapshots = content.snapshots;
    this.lastSnapshot = this.snapshots.length - 1;
    this.curves = this.#curves();
    this.boxes = content.boxes && this.#boxes();
    this.networks = new Map();
  }

  /** The network of a snapshot with its probe, decoded when first asked for. */
  at(number) {
    if (!this.networks.has(number)) {
      const { weights, probe } = this.snapshots[number];
      const named = parameters(decode(weights), this.content.network.shapes);
      this.networks.set(number, {
        network: new Network(this.content.network, named, this.task),
        probe: new Probe(decode(probe.numbers), this.task.states),
        isLast: number === this.lastSnapshot,
      });
    }
    return this.networks.get(number);
  }

  /** What the machine's state is called. */
  get stateWord() {
    return stateWordOf(this.task.kind);
  }

  /** Sums for the cloud, each a list of digits by position. */
  get sample() {
    const { shape: [rows, length, operands], digits } = this.content.sample;
    const numbers = decode(digits);
    return Array.from({ length: rows }, (_, row) =>
      Array.from({ length }, (_, p) => numbers.subarray((row * length + p) * operands, (row * length + p + 1) * operands)));
  }

  #curves() {
    const points = (curve) => {
      if (!curve) return [];
      const values = decode(curve.values);
      return Array.from(decode(curve.steps), (step, i) => [step, values[i]]);
    };
    const { loss, exact_match: exact } = this.content.curves;
    const probe = this.snapshots.map(({ step, probe }) => [step, probe.accuracy]);
    return { loss: points(loss), exact: points(exact), probe };
  }

  #boxes() {
    const decoded = (layers) => layers.map(({ low, high }) => ({ low: decode(low), high: decode(high) }));
    return Object.fromEntries(Object.entries(this.content.boxes).map(([state, layers]) => [state, decoded(layers)]));
  }
}
