// What a network is like inside: a probe of its hidden states, and their cloud.

import { makeCloud } from "./cloud_points.js";
import { KINDS, STREAMS } from "./kernel.js";
import { fitProbe } from "./fit_probe.js";
import { Network } from "./network.js";
import { parameters } from "./decode.js";
import { Trace } from "./trace.js";

const FITTED = 120; // random sums; a quarter as many again test the probe
const TESTED = 30;
const IN_CLOUD = 30;
const LAST_STEP = 2 ** 32 - 1; // of the evaluation's stream, which no reading comes to

/** Sums that the network is looked at with, each a list of digits by position. */
export function sampleSums(kernelNetwork, seed, { digits, positions }) {
  const batch = FITTED + TESTED;
  const { operands } = kernelNetwork.draw({ seed, stream: STREAMS.evaluation, step: LAST_STEP, batch, digits, positions, kind: KINDS.uniform });
  const { operands: each } = kernelNetwork.task;
  return Array.from({ length: batch }, (_, row) => Array.from({ length: positions }, (_, p) =>
    operands.subarray((row * positions + p) * each, (row * positions + p + 1) * each)));
}

/** {probe, accuracy, cloud} of weights in one array. */
export function lookInside(weights, shape, task, sums, layer) {
  const network = new Network(shape, parameters(weights, shape.shapes), task);
  const [inputs, states] = [[], []];
  for (const positions of sums) {
    const trace = new Trace(network, task, positions);
    trace.advance();
    for (let p = 0; p < trace.length; p++) {
      const row = new Float64Array(shape.layers * shape.hidden);
      for (let l = 0; l < shape.layers; l++) row.set(trace.hiddenAt(l, p), l * shape.hidden);
      inputs.push(row.map((value) => (Number.isFinite(value) ? value : 0)));
      states.push(trace.states[p + 1]);
    }
  }
  const fitted = FITTED * sums[0].length;
  const probe = fitProbe(inputs.slice(0, fitted), states.slice(0, fitted), task.states);
  return { probe, cloud: makeCloud(network, task, sums.slice(0, IN_CLOUD), layer) };
}
