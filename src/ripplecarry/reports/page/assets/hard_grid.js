// Right answers by length and longest run, as in ripplecarry.evaluation.grid.

import { hasCarryRuns } from "./hard_cases.js";
import { KINDS, STREAMS } from "./kernel.js";
import { wholeNumbers } from "./random.js";
import { ResetFreeRuns } from "./reset_free_runs.js";
import { Rows } from "./rows.js";

const EVERY_LENGTH_UP_TO = 10;
const EVERY_RUN_UP_TO = 10;
const MULTIPLES = [2, 5, 10, 100];
const MOST_ROWS = 1000;
const FEWEST_ROWS = 20;
const DIGITS_OF_A_CELL = 60_000;
const MOST_IN_ALL = 10 * MOST_ROWS;

const DRAWN = { carry: KINDS["carry run"], idle: KINDS["idle run"] };

/** Lengths to test: all up to the training length, some multiples of it, powers of ten and the longest one. */
export function gridLengths(trained, longest) {
  const upTo = (last) => Array.from({ length: last }, (_, n) => n + 1);
  const most = EVERY_LENGTH_UP_TO;
  const between = trained > most ? upTo(6).map((n) => Math.round(most * (trained / most) ** ((n - 1) / 5))) : [];
  const powers = upTo(7).map((k) => 10 ** k).filter((power) => power > trained);
  const multiples = MULTIPLES.map((times) => trained * times);
  const lengths = [...upTo(Math.min(trained, most)), ...between, ...multiples, ...powers, longest];
  return sorted(lengths.filter((length) => length <= longest));
}

const sorted = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);

/** Longest runs to test: all up to a limit, then doubling, then the length itself. */
export function gridRuns(length) {
  const runs = Array.from({ length: EVERY_RUN_UP_TO + 1 }, (_, run) => run);
  for (let run = 2 * EVERY_RUN_UP_TO; run < length; run *= 2) runs.push(run);
  return sorted([...runs, length].filter((run) => run <= length));
}

/** The cells' plans of a length: which kind and longest run, or `null` for all operands there are. */
function plansOf(task, length) {
  if (task.base ** (task.operands * length) <= MOST_IN_ALL) return null;
  const runs = gridRuns(length);
  if (hasCarryRuns(task)) return ["carry", "idle"].flatMap((kind) => runs.map((run) => ({ kind, run })));
  const known = new ResetFreeRuns(task);
  return runs.filter((run) => known.isPossible(length, run)).map((run) => ({ kind: "reset-free", run }));
}

const rowsOfACell = (length) => Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, Math.floor(DIGITS_OF_A_CELL / length)));

/** How many positions are computed for a length. */
export function gridPositions(task, length) {
  const plans = plansOf(task, length);
  const rows = plans ? plans.length * rowsOfACell(length) : task.base ** (task.operands * length);
  return rows * (length + task.extraPositions);
}

/** Tests the cells of the lengths; the operands are a function of the seed and the task alone. */
export async function testGrid(examiner, seed, lengths) {
  const cells = [];
  const below = wholeNumbers(seed);
  let step = 0;
  for (const length of lengths) {
    const plans = plansOf(examiner.task, length);
    if (!plans) cells.push(...await testAll(examiner, length));
    for (const plan of plans ?? []) cells.push(await testSome(examiner, { seed, step: step++, length, below, ...plan }));
  }
  return cells;
}

async function testSome(examiner, { seed, step, length, below, kind, run }) {
  const { network, task } = examiner;
  const batch = rowsOfACell(length);
  const positions = length + task.extraPositions;
  let [rows, answers] = [];
  if (kind === "reset-free") {
    rows = new ResetFreeRuns(task).draw(batch, length, run, positions, below);
  } else {
    const how = { seed, stream: STREAMS.evaluationByRun, step, batch, digits: length, positions, kind: DRAWN[kind], run };
    const drawn = network.draw(how);
    [rows, answers] = [new Rows(task.operands, positions, drawn.operands), drawn.answers];
  }
  const exact = await examiner.areExact(rows, answers);
  return { kind, length, run, numPairs: batch, numExact: total(exact), isExhaustive: false };
}

const total = (marks) => marks.reduce((sum, mark) => sum + mark, 0);

async function testAll(examiner, length) {
  const { task } = examiner;
  const rows = allRows(task, length);
  const exact = await examiner.areExact(rows);
  const found = hasCarryRuns(task) ? { carry: [], idle: [] } : { "reset-free": [] };
  const known = new ResetFreeRuns(task);
  rows.all().forEach((digits, number) => {
    const used = digits.subarray(0, length * task.operands);
    const runs = hasCarryRuns(task) ? longestRuns(used, task.base) : { "reset-free": known.longest(used) };
    for (const [kind, cells] of Object.entries(found)) {
      const run = runs[kind];
      cells[run] ??= { kind, length, run, numPairs: 0, numExact: 0, isExhaustive: true };
      cells[run].numPairs += 1;
      cells[run].numExact += exact[number];
    }
  });
  return Object.values(found).flatMap((cells) => cells.filter(Boolean));
}

/** All operands of a length, with the extra positions. */
function allRows({ base, operands, extraPositions }, length) {
  const used = length * operands;
  const positions = length + extraPositions;
  const size = positions * operands;
  const digits = new Uint8Array(base ** used * size);
  for (let at = 0, number = 0; at < digits.length; at += size, number++) {
    for (let k = 0, rest = number; k < used; k++, rest = Math.floor(rest / base)) digits[at + k] = rest % base;
  }
  return new Rows(operands, positions, digits);
}

/** The longest carry run and the longest idle run of two operands. */
export function longestRuns(digits, base) {
  const longest = { carry: 0, idle: 0 };
  let hasCarry = false;
  let run = 0;
  for (let at = 0; at < digits.length; at += 2) {
    const sum = digits[at] + digits[at + 1];
    hasCarry = sum >= base || (sum === base - 1 && hasCarry);
    if (sum >= base) run = 1;
    else if (sum < base - 1) run = 0;
    else run += 1;
    const kind = hasCarry ? "carry" : "idle";
    if (run > longest[kind]) longest[kind] = run;
  }
  return longest;
}
