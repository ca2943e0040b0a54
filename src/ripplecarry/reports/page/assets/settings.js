// The settings of a network in training: one table for controls, addresses and their checks.
//
// Names, defaults and meanings are those of `ripplecarry train`.

import { CELLS } from "./cells.js";

const choice = (...allowed) => ({ kind: "choice", allowed });
const whole = (least, most) => ({ kind: "whole", least, most });

/** Tasks that read symbols of their own. */
const ON_SEQUENCES = ["parity", "cycle_navigation", "group", "dyck", "flip_flop"];
const TASKS = ["addition", "subtraction", "comparison", "times", "counter", "remainder", ...ON_SEQUENCES];

/** `belongsTo` names the only tasks that a setting is for, `notFor` those that it is not for. */
export const SETTINGS = {
  cell: { ...choice(...Object.keys(CELLS)), initial: "rnn" },
  layers: { ...whole(1, 4), initial: 2 },
  hidden_size: { ...whole(8, 128), initial: 64 },
  embedding_size: { ...whole(1, 64), initial: 32 },
  task: { ...choice(...TASKS), initial: "addition" },
  factor: { ...whole(2, 9), initial: 2, belongsTo: ["times"] },
  modulus: { ...whole(2, 10), initial: 3, belongsTo: ["counter", "remainder", "cycle_navigation"] },
  group: { ...choice("s3", "a5"), initial: "s3", belongsTo: ["group"] },
  depth: { ...whole(1, 4), initial: 2, belongsTo: ["dyck"] },
  kinds: { ...whole(1, 2), initial: 2, belongsTo: ["dyck"] },
  base: { ...whole(2, 16), initial: 10, notFor: ON_SEQUENCES },
  digits: { ...whole(1, 200), initial: 9 },
  operands: { ...choice("uniform", "carry-balanced"), initial: "uniform", notFor: TASKS.filter((task) => task !== "addition") },
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
export function applies(name, { task }) {
  const { belongsTo, notFor } = SETTINGS[name];
  return belongsTo ? belongsTo.includes(task) : !notFor?.includes(task);
}

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
  const { gates, isRecurrent } = CELLS[cell];
  const rows = gates * hidden;
  const shapes = [["embed_layer.weight", [task.base, embedding]]];
  for (let layer = 0; layer < layers; layer++) {
    const own = { weight_ih: [rows, layer ? hidden : task.operands * embedding], weight_hh: [rows, hidden], bias_ih: [rows], bias_hh: [rows] };
    const parts = Object.entries(own).filter(([name]) => isRecurrent || name.endsWith("_ih"));
    shapes.push(...parts.map(([name, shape]) => [`rnn.${name}_l${layer}`, shape]));
  }
  shapes.push(["dense.weight", [task.outputs, hidden]], ["dense.bias", [task.outputs]]);
  return { cell, layers, hidden, embedding, shapes };
}

/** The batches of training. */
export const batchesOf = (settings, task) => ({
  batch: settings.batch_size,
  digits: settings.digits,
  positions: settings.digits + task.extraPositions,
  mixed: settings.lengths === "mixed",
});

/** The task's name among the page's tables. */
export function taskName(settings) {
  const { task, base } = settings;
  const parts = Object.keys(SETTINGS).filter((name) => SETTINGS[name].belongsTo?.includes(task)).map((name) => settings[name]);
  return [task, ...parts].join(" ") + (applies("base", settings) ? `/${base}` : "");
}
