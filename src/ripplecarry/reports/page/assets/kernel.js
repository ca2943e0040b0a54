// The kernel, compiled for WebAssembly: networks in it that draw, train and answer.

import { CELLS } from "./cells.js";

const CELL_NAMES = Object.keys(CELLS);
const OPTIMISERS = { adam: 0, momentum: 1, sgd: 2 };
export const KINDS = { uniform: 0, "carry-balanced": 1, "carry run": 2, "idle run": 3 };
export const STREAMS = { training: 1, evaluation: 2, evaluationByRun: 4 };

/** The kernel's functions. A worker makes its own from the file's bytes. */
export async function loadKernel(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  return instance.exports;
}

/** What gzip packed. */
export async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** The kernel was refused memory. */
export class NoMemory extends Error {}

/** Room in the kernel's memory, which moves as it grows: nobody keeps a view. */
class Room {
  constructor(kernel, Kind) {
    this.kernel = kernel;
    this.Kind = Kind;
    this.at = 0;
    this.count = 0;
  }

  /** The address of room for so many numbers. */
  of(count) {
    if (count > this.count) {
      this.free();
      this.at = this.kernel.malloc(count * this.Kind.BYTES_PER_ELEMENT);
      if (!this.at) throw new NoMemory();
      this.count = count;
    }
    return this.at;
  }

  put(values) {
    const at = this.of(values.length);
    this.view(values.length).set(values);
    return at;
  }

  view(count) {
    return new this.Kind(this.kernel.memory.buffer, this.at, count);
  }

  copy(count) {
    return this.view(count).slice();
  }

  free() {
    if (this.at) this.kernel.free(this.at);
    this.at = this.count = 0;
  }
}

export class KernelNetwork {
  /**
   * @param kernel of `loadKernel`
   * @param shape {cell, layers, hidden, embedding}
   * @param task with its machine's tables
   */
  constructor(kernel, shape, task) {
    this.kernel = kernel;
    this.shape = shape;
    this.task = task;
    const room = (Kind) => new Room(kernel, Kind);
    this.rooms = {
      numbers: room(Int32Array), table: room(Int32Array), outputs: room(Uint8Array), weights: room(Float32Array),
      first: room(Float32Array), second: room(Float32Array), losses: room(Float32Array), rates: room(Float64Array),
      operands: room(Uint8Array), answers: room(Uint8Array), logits: room(Float32Array),
    };
    const { cell, layers, hidden, embedding } = shape;
    const numbers = [CELL_NAMES.indexOf(cell), layers, hidden, embedding, task.base, task.operands, task.outputs];
    this.handle = kernel.rc_open(this.rooms.numbers.put(numbers), 0);
    if (!this.handle) throw new NoMemory();
    const { table, outputs } = this.rooms;
    if (!kernel.rc_set_machine(this.handle, task.states, task.symbols, table.put(task.nextState), outputs.put(task.output))) {
      throw new NoMemory();
    }
    this.count = Number(kernel.rc_num_parameters(this.handle));
    this.step = 0;
  }

  /** Starts anew from a seed's initial values. */
  begin(seed) {
    const { weights, first, second } = this.rooms;
    if (!this.kernel.rc_initial_values(this.handle, seed, weights.of(this.count))) throw new NoMemory();
    this.kernel.rc_set_parameters(this.handle, weights.at);
    for (const moments of [first, second]) {
      moments.of(this.count);
      moments.view(this.count).fill(0);
    }
    this.step = 0;
  }

  setWeights(values) {
    this.kernel.rc_set_parameters(this.handle, this.rooms.weights.put(values));
  }

  weights() {
    this.kernel.rc_get_parameters(this.handle, this.rooms.weights.of(this.count));
    return this.rooms.weights.copy(this.count);
  }

  /**
   * Trains for some steps. Returns the losses; after one that is not finite there are none.
   * @param how {seed, batch, digits, positions, kind, mixed, optimiser, rate}
   */
  train(how, steps) {
    const { rates, losses, first, second } = this.rooms;
    const done = this.kernel.rc_train(
      this.handle, how.seed, STREAMS.training, this.#batch(how), OPTIMISERS[how.optimiser],
      0, 0, rates.put(new Float64Array(steps).fill(how.rate)), BigInt(this.step), steps,
      first.at, second.at, losses.of(steps), 0, 0);
    if (done < 0) throw new NoMemory();
    const found = losses.copy(done);
    this.step += Number.isFinite(found.at(-1)) ? done : done - 1;
    return found;
  }

  /** Operand digits by row, position, operand, and answers by row, position. */
  draw({ seed, stream, step, ...how }) {
    const answers = how.batch * how.positions;
    const digits = answers * this.task.operands;
    const { operands: into, answers: right } = this.rooms;
    if (!this.kernel.rc_draw(this.handle, seed, stream, this.#batch(how), step, into.of(digits), right.of(answers))) {
      throw new NoMemory();
    }
    return { operands: into.copy(digits), answers: right.copy(answers) };
  }

  /** Logits by row, position, output. */
  logits(operands, batch, positions) {
    const { operands: from, logits } = this.rooms;
    const count = batch * positions * this.task.outputs;
    if (!this.kernel.rc_logits(this.handle, from.put(operands), batch, positions, 0, logits.of(count))) {
      throw new NoMemory();
    }
    return logits.copy(count);
  }

  close() {
    this.kernel.rc_close(this.handle);
    Object.values(this.rooms).forEach((room) => room.free());
  }

  #batch({ batch, digits, positions, kind, mixed, run }) {
    return this.rooms.numbers.put([batch, digits, positions, kind ?? 0, mixed ? 1 : 0, run ?? 0]);
  }
}
