// The settings of a network in training: one table for controls, addresses and their checks.
//
// Names, defaults and meanings are those of `ripplecarry train`.

import { EXTRA_POSITIONS } from "./task.js";

const choice = (...allowed) => ({ kind: "choice", allowed });
const whole = (least, most) => ({ kind: "whole", least, most });

export const SETTINGS = {
  cell: { ...choice("rnn", "gru", "lstm"), initial: "rnn" },
  layers: { ...whole(1, 4), initial: 2 },
  hidden_size: { ...whole(8, 128), initial: 64 },
  embedding_size: { ...whole(1, 64), initial: 32 },
  task: { ...choice("addition", "subtraction", "comparison", "times", "counter"), initial: "addition" },
  factor: { ...whole(2, 9), initial: 2, belongsTo: "times" },
  modulus: { ...whole(2, 10), initial: 3, belongsTo: "counter" },
  base: { ...whole(2, 16), initial: 10 },
  digits: { ...whole(1, 200), initial: 9 },
  operands: { ...choice("uniform", "carry-balanced"), initial: "uniform" },
  lengths: { ...choice("fixed", "mixed"), initial: "fixed" },
  batch_size: { ...whole(1, 1000), initial: 200 },
  optimiser: { ...choice("adam", "momentum", "sgd"), initial: "adam" },
  learning_rate: { kind: "number", most: 100, initial: 0.001 },
  steps: { ...whole(1, 1_000_000), initial: 1000 },
  seed: { kind: "seed", initial: 0n },
  seeds: { ...whole(1, 8), initial: 1 },
};

const LONGEST_TOLD = 80;
const MOST_SEED = 2n ** 64n - 1n;

export const defaults = () =>
  Object.fromEntries(Object.entries(SETTINGS).map(([name, { initial }]) => [name, initial]));

/** What came from outside, so that it fits a line. */
const shortened = (text) => (text.length > LONGEST_TOLD ? `${text.slice(0, LONGEST_TOLD)}…` : text || "∅");

/** A setting's value was not one of its values. */
export class BadSetting extends Error {
  /** @param key of the words; `values` fill their gaps */
  constructor(key, values) {
    super(key);
    this.key = key;
    this.values = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shortened(value)]));
  }
}

/** A typed value, as itself: never rounded or guessed. */
export function parseSetting(name, text) {
  const setting = SETTINGS[name];
  if (!Object.hasOwn(SETTINGS, name)) throw new BadSetting("bad.name", { name });
  const refuse = () => {
    throw new BadSetting("bad.value", { name, given: text, allowed: allowedWords(name) });
  };
  if (setting.kind === "choice") return setting.allowed.includes(text) ? text : refuse();
  if (setting.kind === "seed") {
    if (!/^[0-9]{1,20}$/.test(text) || BigInt(text) > MOST_SEED) refuse();
    return BigInt(text);
  }
  const pattern = setting.kind === "whole" ? /^[0-9]{1,9}$/ : /^([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?$/i;
  const value = Number(text);
  if (!pattern.test(text) || !(value <= setting.most) || !(setting.least ? value >= setting.least : value > 0)) refuse();
  return value;
}

/** What a setting can be, in writing. */
export function allowedWords(name) {
  const { kind, allowed, least, most } = SETTINGS[name];
  if (kind === "choice") return allowed.join(", ");
  if (kind === "seed") return `0–${MOST_SEED}`;
  return kind === "whole" ? `${least}–${most}` : `> 0, ≤ ${most}`;
}

/** Refuses values that do not go together. */
export function checkTogether(settings) {
  if (settings.operands === "carry-balanced" && settings.task !== "addition") {
    throw new BadSetting("bad.balanced", {});
  }
  return settings;
}

/** Whether a setting has a meaning beside the others. */
export const applies = (name, settings) =>
  !SETTINGS[name].belongsTo || SETTINGS[name].belongsTo === settings.task;

/** The settings that differ from the defaults, in writing. */
export function changed(settings) {
  return Object.entries(settings)
    .filter(([name, value]) => applies(name, settings) && (value !== SETTINGS[name].initial || SETTINGS[name].belongsTo))
    .map(([name, value]) => [name, String(value)]);
}

/** What `ripplecarry train` is told for the same network. */
export function commandLine(settings, steps) {
  const given = changed({ ...settings, seeds: 1, steps }).map(([name, value]) => ` --${name.replaceAll("_", "-")} ${value}`);
  return `ripplecarry train${given.join("")} --engine native`;
}

/** A trial as the package reads it. */
export function trialOf(settings, steps) {
  const { seed, seeds, ...rest } = { ...settings, steps };
  return Object.fromEntries(Object.entries(rest).filter(([name]) => applies(name, settings)));
}

/** What a network's numbers are, and the parameters' shapes by name, in the package's order. */
export function shapeOf(settings, task) {
  const { cell, layers, hidden_size: hidden, embedding_size: embedding } = settings;
  const rows = { rnn: 1, gru: 3, lstm: 4 }[cell] * hidden;
  const shapes = [["embed_layer.weight", [task.base, embedding]]];
  for (let layer = 0; layer < layers; layer++) {
    shapes.push([`rnn.weight_ih_l${layer}`, [rows, layer ? hidden : task.operands * embedding]]);
    shapes.push([`rnn.weight_hh_l${layer}`, [rows, hidden]], [`rnn.bias_ih_l${layer}`, [rows]], [`rnn.bias_hh_l${layer}`, [rows]]);
  }
  shapes.push(["dense.weight", [task.outputs, hidden]], ["dense.bias", [task.outputs]]);
  return { cell, layers, hidden, embedding, shapes };
}

/** The batches of training. */
export const batchesOf = (settings) => ({
  batch: settings.batch_size,
  digits: settings.digits,
  positions: settings.digits + EXTRA_POSITIONS,
  mixed: settings.lengths === "mixed",
});

/** The task's name among the page's tables. */
export function taskName({ task, base, factor, modulus }) {
  const part = { times: factor, counter: modulus }[task];
  return `${task}${part ? ` ${part}` : ""}/${base}`;
}
