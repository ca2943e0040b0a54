// Searching for a wrong answer by descending the smallest margin, as in ripplecarry.evaluation.search.

import { wholeNumbers } from "./random.js";
import { Rows } from "./rows.js";

const NUM_ROUNDS = 40;
const NUM_BEST = 32;
const NUM_CHILDREN = 128;

/** The most rows that a search asks for beside those it starts from. */
export const MOST_SEARCHED = NUM_ROUNDS * NUM_CHILDREN;

/** Changes the operands with the smallest margins, round after round, until a margin is gone. */
export async function search(examiner, length, starts, seed) {
  const { task } = examiner;
  const below = wholeNumbers(seed);
  const marginsOf = (pool) => examiner.margins(Rows.of(task.operands, length + task.extraPositions, pool));
  let pool = starts;
  let margins = await marginsOf(pool);
  let numPairs = pool.length;
  for (let round = 0; round < NUM_ROUNDS && Math.min(...margins) > 0; round++) {
    const best = Array.from(pool.keys()).sort((a, b) => margins[a] - margins[b]).slice(0, NUM_BEST);
    const parents = best.map((place) => pool[place]);
    const children = Array.from({ length: NUM_CHILDREN }, () => changed(parents, task, below));
    margins = [...best.map((place) => margins[place]), ...await marginsOf(children)];
    pool = [...parents, ...children];
    numPairs += children.length;
  }
  return { length, numPairs, smallestMargin: Math.min(...margins) };
}

/** A row with one digit changed, a digit tuple repeated, a stretch of another row put in, or all moved up by one. */
function changed(pool, { base, operands }, below) {
  const row = pool[below(pool.length)].slice();
  const length = row.length / operands;
  const [first, last] = [below(length), below(length)].sort((a, b) => a - b);
  const [from, end] = [first * operands, (last + 1) * operands];
  const change = below(4);
  if (change === 0) {
    row[from + below(operands)] = below(base);
  } else if (change === 1) {
    for (let at = from + operands; at < end; at++) row[at] = row[at - operands];
  } else if (change === 2) {
    row.set(pool[below(pool.length)].subarray(from, end), from);
  } else {
    row.copyWithin(operands, 0, row.length - operands);
    for (let k = 0; k < operands; k++) row[k] = below(base);
  }
  return row;
}
