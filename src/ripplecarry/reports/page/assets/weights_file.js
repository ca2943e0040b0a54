// Weights as a safetensors file: what Python writes and reads.

import { CELLS } from "./cells.js";

const TYPES = { F32: Float32Array, F64: Float64Array };

/** A file's bytes: parameters by name out of one array, with texts among its metadata. */
export function writeWeights(numbers, shapes, metadata) {
  const header = { __metadata__: metadata };
  let from = 0;
  for (const [name, shape] of shapes) {
    const to = from + 4 * shape.reduce((product, each) => product * each, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [from, to] };
    from = to;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + padded + numbers.byteLength).fill(32, 8, 8 + padded);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(text, 8);
  file.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), 8 + padded);
  return file;
}

/** A file was no weights of a network that the page can show. */
export class BadFile extends Error {
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/**
 * Arrays by name, each {shape, numbers}, and the metadata.
 * @throws {BadFile}
 */
export function readWeights(bytes) {
  try {
    const view = new DataView(bytes);
    const size = Number(view.getBigUint64(0, true));
    const { __metadata__: metadata = {}, ...entries } = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, size)));
    const arrays = {};
    for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries)) {
      const Kind = TYPES[dtype];
      if (!Kind) throw new BadFile("file.type", { name, type: dtype });
      const numbers = Float32Array.from(new Kind(bytes.slice(8 + size + from, 8 + size + to)));
      if (numbers.length !== shape.reduce((product, each) => product * each, 1)) throw new RangeError(name);
      arrays[name] = { shape, numbers };
    }
    return { arrays, metadata };
  } catch (error) {
    throw error instanceof BadFile ? error : new BadFile("file.kind");
  }
}

/**
 * The settings that a file's shapes imply, and its numbers in one array.
 * @param known settings for what shapes do not say
 * @throws {BadFile}
 */
export function networkOf({ arrays, metadata }, known, shapesOf) {
  const [embedding, first, dense] = ["embed_layer.weight", "rnn.weight_ih_l0", "dense.weight"].map((name) => arrays[name]);
  if (!embedding || !first || !dense) throw new BadFile("file.names");
  const hidden = dense.shape[1];
  const isOfPyTorch = ([, { gates, isRecurrent }]) => isRecurrent && gates * hidden === first.shape[0];
  const cell = metadata.cell ?? (arrays["rnn.weight_hh_l0"] && Object.entries(CELLS).find(isOfPyTorch)?.[0]);
  if (!Object.hasOwn(CELLS, cell)) throw new BadFile("file.cell", { given: String(cell ?? "?"), allowed: Object.keys(CELLS).join(", ") });
  const layers = Object.keys(arrays).filter((name) => name.startsWith("rnn.weight_ih_l")).length;
  const settings = {
    ...known, cell, layers, hidden_size: hidden, base: embedding.shape[0], embedding_size: embedding.shape[1],
  };
  const shapes = shapesOf(settings);
  const fits = shapes.length === Object.keys(arrays).length &&
    shapes.every(([name, shape]) => String(arrays[name]?.shape) === String(shape));
  if (!fits) throw new BadFile("file.shapes", { task: known.task });
  const numbers = new Float32Array(shapes.reduce((sum, [name]) => sum + arrays[name].numbers.length, 0));
  let at = 0;
  for (const [name] of shapes) {
    numbers.set(arrays[name].numbers, at);
    at += arrays[name].numbers.length;
  }
  if (!numbers.every(Number.isFinite)) throw new BadFile("file.finite");
  return { settings, numbers };
}
