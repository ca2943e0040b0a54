// Training steps of the playground's kernel, in a worker made of the page's own modules.

import { loadKernel } from "./kernel.js";
import { shapeOf } from "./settings.js";
import { Task } from "./task.js";
import { Training } from "./training.js";

export function start() {
  const trainings = new Map();
  self.onmessage = async ({ data: { bytes, settings, table, steps } }) => {
    const { cell } = settings;
    if (!trainings.has(cell)) {
      const task = new Task(table, Infinity);
      trainings.set(cell, new Training(await loadKernel(bytes), shapeOf(settings, task), task, settings, 0n));
    }
    const { network, how } = trainings.get(cell);
    const began = performance.now();
    network.train(how, steps);
    self.postMessage((performance.now() - began) / steps);
  };
}
