// Making a wrong answer as plain as it stays wrong, as in ripplecarry.evaluation.simplification.

import { spaced } from "./hard_cases.js";
import { Rows } from "./rows.js";

const MOST_PLACES = 64;

/** A wrong answer at least as short: cut after the first wrong digit, moved down, with zeros where they leave it wrong. */
export async function shorten(examiner, found) {
  const { operands, extraPositions } = examiner.task;
  const tryAll = async (candidates) => {
    if (!candidates.length) return null;
    const longest = Math.max(...candidates.map((digits) => digits.length)) / operands;
    return examiner.firstOf(Rows.of(operands, longest + extraPositions, candidates));
  };
  const upTo = (digits, length) => digits.subarray(0, length * operands);

  let best = await tryAll([upTo(found.digits, found.position + 1)]) ?? found;
  for (let left = 2 * best.digits.length / operands; left > 0; left--) {
    const digits = upTo(best.digits, best.length);
    const shorter = best.length > 1 ? [upTo(digits, best.length - 1), ...movedDown(digits, operands)] : [];
    const plainer = await tryAll(shorter) ?? await tryAll(withZeros(digits, operands));
    if (!plainer) break;
    best = plainer;
  }
  return await tryAll([upTo(best.digits, Math.max(best.length, best.position + 1))]) ?? best;
}

/** Without the lowest 1, 2, 4 … positions, so that a long number becomes short in a few steps. */
function movedDown(digits, operands) {
  const moved = [];
  for (let by = operands; by < digits.length; by *= 2) moved.push(digits.subarray(by));
  return moved;
}

/** One digit tuple set to zero, from the lowest on; long operands are tried in a few places. */
function withZeros(digits, operands) {
  const length = digits.length / operands;
  const changed = [];
  for (const place of spaced(length - 1, Math.min(length, MOST_PLACES))) {
    const [first, end] = [place * operands, (place + 1) * operands];
    if (digits.subarray(first, end).some((digit) => digit)) changed.push(digits.slice().fill(0, first, end));
  }
  return changed;
}
