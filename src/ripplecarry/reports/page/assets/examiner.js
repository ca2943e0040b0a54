// Puts rows of operands to a network, a piece at a time, and keeps the shortest that it answers wrongly.

import { Rows } from "./rows.js";

// Some 20 ms of the report's network; between pieces a worker hears what the page tells it.
const POSITIONS_AT_A_TIME = 40_000;
const SLICE_MS = 40;

/** Nobody wants the answer any more. */
export class GaveUp extends Error {}

export class Examiner {
  constructor({ network, task, isWanted, progress }) {
    Object.assign(this, { network, task, isWanted, progress });
    this.numTested = 0;
    this.wrong = null;
    this.heard = performance.now();
  }

  /** Whether each row, which has its extra positions, is answered right. */
  async areExact(rows, right) {
    const exact = new Uint8Array(rows.count);
    await this.examine(rows, right, (number, row) => { exact[number] = row.position < 0 ? 1 : 0; });
    return exact;
  }

  /** Each row's margin at its worst position. */
  async margins(rows) {
    const margins = new Float64Array(rows.count);
    await this.examine(rows, undefined, (number, row) => {
      margins[number] = smallestMargin(row.logits, row.right, this.task.outputs);
    });
    return margins;
  }

  /** Tests rows: calls `visit(number, row)` for each and keeps the shortest wrong one. */
  async examine(rows, right, visit) {
    await this.ask(rows, right, (number, row) => {
      this.#keep(row);
      visit(number, row);
    });
    this.numTested += rows.count;
  }

  /** Calls `visit(number, {digits, right, logits, position})` for each row; `position` is the first wrong one or -1. */
  async ask(rows, right, visit) {
    const { positions } = rows;
    const { outputs } = this.task;
    const size = positions * outputs;
    const atATime = Math.max(1, Math.floor(POSITIONS_AT_A_TIME / positions));
    for (let first = 0; first < rows.count; first += atATime) {
      await this.#listen();
      const part = rows.part(first, first + atATime);
      const logits = this.network.logits(part.digits, part.count, positions);
      part.all().forEach((digits, n) => {
        const number = first + n;
        const mine = right?.subarray(number * positions, (number + 1) * positions) ?? this.#solve(digits);
        const scores = logits.subarray(n * size, (n + 1) * size);
        visit(number, { digits, right: mine, logits: scores, position: firstWrong(scores, mine, outputs) });
      });
      this.progress(part.count * positions);
    }
  }

  /** The row that goes wrong at the lowest position, if any does. */
  async firstOf(rows) {
    let found = null;
    await this.ask(rows, undefined, (_, row) => {
      if (row.position >= 0 && (!found || row.position < found.position)) found = this.#written(row);
    });
    return found;
  }

  #keep(row) {
    if (row.position < 0) return;
    const length = numDigits(row.digits, this.task.operands);
    const size = Math.min(length, row.position + 1);
    const { wrong } = this;
    if (wrong && (wrong.size < size || (wrong.size === size && wrong.length <= length))) return;
    this.wrong = this.#written(row);
  }

  /** A wrong answer with arrays of its own; `given` is null where a logit is not a number. */
  #written({ digits, right, logits, position }) {
    const length = numDigits(digits, this.task.operands);
    return {
      digits: digits.slice(),
      right: right.slice(),
      given: logits.some(Number.isNaN) ? null : given(logits, this.task.outputs),
      position,
      length,
      size: Math.min(length, position + 1), // no digit after the first wrong one is needed
    };
  }

  #solve(digits) {
    return this.task.solve(new Rows(this.task.operands, 1, digits).all()).answers;
  }

  async #listen() {
    if (performance.now() - this.heard > SLICE_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      this.heard = performance.now();
    }
    if (!this.isWanted()) throw new GaveUp();
  }
}

/** Digits of the longest operand, without leading zeros; at least 1. */
export function numDigits(digits, operands) {
  let last = digits.length - 1;
  while (last >= operands && digits[last] === 0) last--;
  return Math.floor(last / operands) + 1;
}

/** The lowest position where the first of the largest logits is not the right one, or one is not a number; or -1. */
export function firstWrong(logits, right, outputs) {
  for (let position = 0, at = 0; position < right.length; position++, at += outputs) {
    const own = logits[at + right[position]];
    for (let output = 0; output < outputs; output++) {
      const other = logits[at + output];
      if (!(output < right[position] ? own > other : own >= other)) return position;
    }
  }
  return -1;
}

/** The right answer's logit minus the largest other one, at the worst position; -∞ where one is not a number. */
export function smallestMargin(logits, right, outputs) {
  let smallest = Infinity;
  for (let position = 0, at = 0; position < right.length; position++, at += outputs) {
    for (let output = 0; output < outputs; output++) {
      if (output === right[position]) continue;
      const margin = logits[at + right[position]] - logits[at + output];
      if (Number.isNaN(margin)) return -Infinity;
      if (margin < smallest) smallest = margin;
    }
  }
  return smallest;
}

function given(logits, outputs) {
  return Uint8Array.from({ length: logits.length / outputs }, (_, position) => {
    const scores = logits.subarray(position * outputs, (position + 1) * outputs);
    return scores.indexOf(Math.max(...scores));
  });
}
