// Operands that break networks which pass random tests; the very ones of ripplecarry.evaluation.hard_cases.

import { Rows } from "./rows.js";

const MOST_SYMBOLS = 256;
const NUM_ALTERNATED = 7;

/** Whether operands can be made by their longest carry run: for addition of two. */
export const hasCarryRuns = (task) => task.kind === "addition" && task.operands === 2;

/** The hard cases of a length by name; for addition of two operands also those about carries. */
export function hardCases(task, length) {
  const symbols = someSymbols(task);
  const zero = Array(task.operands).fill(0);
  const cases = {
    zero: [repeated(zero, length)],
    "one digit tuple repeated": symbols.map((symbol) => repeated(symbol, length)),
    "two digit tuples alternating": alternating(symbols, length),
    "the first digit only": symbols.map((symbol) => [symbol, ...repeated(zero, length - 1)]),
  };
  if (hasCarryRuns(task)) Object.assign(cases, casesOfCarries(task.base, length));
  return Object.fromEntries(Object.entries(cases).map(([name, rows]) =>
    [name, Rows.of(task.operands, length, rows.map((row) => Uint8Array.from(row.flat())))]));
}

const repeated = (symbol, times) => Array(times).fill(symbol);

/** Whole numbers from 0 to `last`, evenly spaced, each once. */
export function spaced(last, count) {
  if (count < 2) return [0];
  const step = last / (count - 1);
  return [...new Set(Array.from({ length: count }, (_, i) => (i === count - 1 ? last : Math.trunc(i * step))))];
}

/** Digit tuples: all, or evenly spaced ones where there are many. */
function someSymbols({ base, operands }) {
  const count = base ** operands;
  return spaced(count - 1, Math.min(count, MOST_SYMBOLS)).map((symbol) =>
    Array.from({ length: operands }, (_, k) => Math.floor(symbol / base ** k) % base));
}

function alternating(symbols, length) {
  const few = spaced(symbols.length - 1, NUM_ALTERNATED).map((place) => symbols[place]);
  return few.flatMap((even) => few.filter((odd) => odd !== even).map((odd) =>
    Array.from({ length }, (_, position) => (position % 2 ? odd : even))));
}

function casesOfCarries(base, length) {
  const top = base - 1;
  const middle = Math.floor(base / 2);
  const passing = Array.from({ length: base }, (_, digit) => [digit, top - digit]);
  const generating = unique([[top, 1], [1, top], [top, top], [base - middle, middle]]);
  const ending = [[0, 0], [top - 1, 0], [0, top - 1]];
  const half = Math.floor(length / 2);

  const number = (digit) => Array.from({ length }, (_, position) => digit(position));
  const single = (first) => number((position) => (position ? 0 : first));
  const pair = (a, b) => a.map((digit, position) => [digit, b[position]]);
  const zero = single(0);
  const one = single(1);
  const nines = number(() => top);
  const lower = number((position) => (position < length - half ? top : 0));
  const highest = number((position) => (position === length - 1 ? 1 : 0));

  return {
    one: [pair(zero, one), pair(one, zero), pair(one, one)],
    "all nines": [pair(nines, one), pair(one, nines), pair(nines, nines), pair(nines, zero), pair(zero, nines)],
    "a carry run of one digit pair": generating.flatMap((start) =>
      passing.map((pass) => [start, ...repeated(pass, length - 1)])),
    "an idle run of one digit pair": passing.flatMap((pass) => [
      repeated(pass, length),
      ...ending.map((start) => [start, ...repeated(pass, length - 1)]),
      [...repeated(pass, half), ...repeated([top, 1], length - half)],
      [...repeated(pass, length - 1), [top, top]],
    ]),
    "very unequal lengths": [nines, lower, highest].flatMap((long) =>
      [1, top, middle].flatMap((short) => [pair(long, single(short)), pair(single(short), long)])),
  };
}

const unique = (pairs) => [...new Map(pairs.map((pair) => [String(pair), pair])).values()];
