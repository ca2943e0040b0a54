// States of a layer as points on a plane.

import { findAxes, place } from "./project.js";
import { Trace } from "./trace.js";

/** The preactivations of a layer over sample sums, with their axes: what one snapshot's picture stands on. */
export function makeCloud(network, task, sample, layer) {
  const points = [];
  const states = [];
  for (const positions of sample) {
    const trace = new Trace(network, task, positions);
    trace.advance();
    for (let p = 0; p < trace.length; p++) {
      points.push(network.preactivation(layer, trace.hiddenAt(layer, p)));
      states.push(trace.states[p + 1]);
    }
  }
  const axes = findAxes(points, states);
  return { layer, axes, states, places: points.map((point) => place(axes, point)) };
}
