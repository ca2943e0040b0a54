// A sum from the first position to the last: everything that the network computed on the way.

const SLICE_MS = 24;

/** Position by position: logits, answers, hidden states of every layer, beside the right ones. */
export class Trace {
  constructor(network, task, positions) {
    const { hidden, layers } = network.shape;
    this.network = network;
    this.task = task;
    this.positions = positions;
    this.length = positions.length;
    this.logits = new Float32Array(this.length * task.outputs);
    this.hidden = Array.from({ length: layers }, () => new Float32Array(this.length * hidden));
    this.given = new Uint8Array(this.length);
    const { answers, states } = task.solve(positions);
    this.right = answers;
    this.states = states;
    this.done = 0;
    this.state = network.zeroState();
  }

  /** Computes on until all is done or the time is over; returns whether all is done. */
  advance(untilMs = Infinity) {
    const { network, task, state } = this;
    const size = network.shape.hidden;
    while (this.done < this.length) {
      const p = this.done++;
      const logits = this.logitsAt(p);
      network.step(state, this.positions[p], logits);
      state.hidden.forEach((values, layer) => this.hidden[layer].set(values, p * size));
      let best = 0;
      for (let i = 1; i < task.outputs; i++) if (logits[i] > logits[best]) best = i;
      this.given[p] = best;
      if (p % 16 === 15 && performance.now() > untilMs) return this.done === this.length;
    }
    return true;
  }

  logitsAt(position) {
    const { outputs } = this.task;
    return this.logits.subarray(position * outputs, (position + 1) * outputs);
  }

  hiddenAt(layer, position) {
    const size = this.network.shape.hidden;
    return this.hidden[layer].subarray(position * size, (position + 1) * size);
  }

  isWrong(position) {
    return this.given[position] !== this.right[position];
  }

  /** Where the network errs. */
  wrongPositions() {
    return Array.from(this.given.keys()).filter((p) => this.isWrong(p));
  }
}

/** Computes a trace in slices, so that the page stays alive; false where it was given up for another. */
export async function finish(trace, isWanted, progressed) {
  while (!trace.advance(performance.now() + SLICE_MS)) {
    progressed(trace.done / trace.length);
    await new Promise((resume) => setTimeout(resume));
    if (!isWanted()) return false;
  }
  return true;
}

/** For the console and for tests: the answer digits, most significant first, and the logits by position. */
export function answerOf(run, snapshot, texts) {
  const digits = texts.map((text) => run.task.parse(String(text)));
  const positions = run.task.align(digits);
  const trace = new Trace(run.at(snapshot).network, run.task, positions);
  trace.advance();
  const logits = Array.from({ length: trace.length }, (_, p) => Array.from(trace.logitsAt(p)));
  return { digits: run.task.writeAll(trace.given), right: run.task.writeAll(trace.right), logits };
}
