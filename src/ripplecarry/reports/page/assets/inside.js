// What a network is like inside: a probe of its hidden states, and their cloud.

import { makeCloud } from "./cloud_points.js";
import { KINDS, STREAMS } from "./kernel.js";
import { fitProbe } from "./fit_probe.js";
import { Network } from "./network.js";
import { parameters } from "./decode.js";
import { Trace } from "./trace.js";

const FITTED = 1320; // positions of random sums, for the probe
const IN_CLOUD = 330;
const LEAST_SUMS = 4;
const LAST_STEP = 2 ** 32 - 1; // of the evaluation's stream, which no reading comes to

/** How many sums have so many positions together. */
const numSums = (positions, each) => Math.max(LEAST_SUMS, Math.round(positions / each));

/** Sums that the network is looked at with, each a list of digits by position. */
export function sampleSums(kernelNetwork, seed, { digits, positions }) {
  const batch = numSums(FITTED, positions);
  const { operands } = kernelNetwork.draw({ seed, stream: STREAMS.evaluation, step: LAST_STEP, batch, digits, positions, kind: KINDS.uniform });
  const { operands: each } = kernelNetwork.task;
  return Array.from({ length: batch }, (_, row) => Array.from({ length: positions }, (_, p) =>
    operands.subarray((row * positions + p) * each, (row * positions + p + 1) * each)));
}

/** {probe, cloud} of weights in one array. */
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
  return { probe: fitProbe(inputs, states, task.states), cloud: makeCloud(network, task, sums.slice(0, numSums(IN_CLOUD, sums[0].length)), layer) };
}
