// Trains a network in the kernel's WebAssembly build: `node train_in_wasm.mjs LIBRARY < TRAINING.json`.
// Prints the weights' SHA-256 and the losses.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const [library, training] = [readFileSync(process.argv[2]), JSON.parse(readFileSync(0, "utf8"))];
const kernel = new WebAssembly.Instance(new WebAssembly.Module(library), {}).exports;

// Memory moves when it grows, so nobody keeps a view.
const room = (bytes) => kernel.malloc(bytes);
const numbers = (Kind, at, count) => new Kind(kernel.memory.buffer, at, count);
const put = (Kind, values) => {
  const at = room(values.length * Kind.BYTES_PER_ELEMENT);
  numbers(Kind, at, values.length).set(values);
  return at;
};

const { shape, weights, machine, seed, stream, batch, digits, positions, rates } = training;
const handle = kernel.rc_open(put(Int32Array, shape), 0);
const count = Number(kernel.rc_num_parameters(handle));
kernel.rc_set_parameters(handle, put(Float32Array, weights));
kernel.rc_set_machine(
  handle,
  machine.num_states,
  machine.num_symbols,
  put(Int32Array, machine.next_state),
  put(Uint8Array, machine.output),
);
const moments = [put(Float32Array, new Float32Array(count)), put(Float32Array, new Float32Array(count))];
const losses = put(Float32Array, new Float32Array(rates.length));
const done = kernel.rc_train(
  handle,
  BigInt(seed),
  stream,
  put(Int32Array, [batch, digits, positions, 0, 0, 0]), // uniform operands
  0, // Adam
  0, // no weight decay
  0, // no clipping
  put(Float64Array, rates),
  0n,
  rates.length,
  ...moments,
  losses,
  0,
  0,
);
const trained = room(4 * count);
kernel.rc_get_parameters(handle, trained);
const hash = createHash("sha256").update(new Uint8Array(kernel.memory.buffer, trained, 4 * count)).digest("hex");
console.log(JSON.stringify({ weights: hash, losses: [...numbers(Float32Array, losses, done)] }));
