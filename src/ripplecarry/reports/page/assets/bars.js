// Operands for the bars, a few for each longest run.

import { hasCarryRuns } from "./hard_cases.js";
import { KINDS, STREAMS } from "./kernel.js";
import { wholeNumbers } from "./random.js";
import { ResetFreeRuns } from "./reset_free_runs.js";
import { Rows } from "./rows.js";

export const ROWS_PER_BAR = 50;
const MOST_BARS = 12;

/** Some whole numbers from the first to the last, evenly spaced. */
function some(first, last) {
  const count = Math.min(last - first + 1, MOST_BARS);
  return Array.from({ length: count }, (_, i) => first + Math.round((i * (last - first)) / (count - 1 || 1)));
}

/**
 * {kind, rows: [{run, operands, answers}]}: by the longest carry run where there are any; by the longest reset-free run;
 * by length where nothing resets, since all of an operand is then one such run.
 * @param network of the kernel, which draws what has carry runs
 */
export function rowsByRun(network, seed, { digits, positions }) {
  const { task } = network;
  if (hasCarryRuns(task)) {
    const how = { seed, stream: STREAMS.evaluationByRun, batch: ROWS_PER_BAR, digits, positions, kind: KINDS["carry run"] };
    return { kind: "carry", rows: some(0, digits).map((run) => ({ run, ...network.draw({ ...how, step: run, run }) })) };
  }
  const known = new ResetFreeRuns(task);
  const below = wholeNumbers(seed);
  const draw = (length, run) => {
    const { digits: operands } = known.draw(ROWS_PER_BAR, length, run, length + task.extraPositions, below);
    const rows = new Rows(task.operands, length + task.extraPositions, operands).all();
    const answers = rows.map((row) => task.solve(new Rows(task.operands, 1, row).all()).answers);
    return { run, operands, answers: Uint8Array.from(answers.flatMap((each) => Array.from(each))) };
  };
  if (!known.resetting.length) return { kind: "length", rows: some(1, digits).map((length) => draw(length, length)) };
  const runs = some(0, digits).filter((run) => known.isPossible(digits, run));
  return { kind: "reset-free", rows: runs.map((run) => draw(digits, run)) };
}
