// Testing a network where its task is hard: the grid, the hard cases, a search, and the wrong answer made short.

import { Examiner, GaveUp } from "./examiner.js";
import { gridLengths, gridPositions, testGrid } from "./hard_grid.js";
import { hardCases } from "./hard_cases.js";
import { MOST_SEARCHED, search } from "./search.js";
import { shorten } from "./shorten.js";
import { written } from "./task.js";

const LONGEST_SEARCHED = 100;
/** Tasks whose answers are numbers. */
const HAVE_NUMBERS = ["addition", "subtraction", "times"];

/**
 * What was tested, how much of it is right, and the shortest wrong answer; plain data, or `null` where it was given up.
 *
 * @param network `logits(operands, batch, positions)`, and `draw` of a batch's operands and answers
 * @param task a Task with its `kind`
 * @param digits the training length
 * @param longest the longest length to test
 * @param report told the share that is done
 * @param isWanted asked before each piece of work
 */
export async function hardTest({ network, task, digits, seed, longest, report = () => {}, isWanted = () => true }) {
  const lengths = gridLengths(digits, longest);
  const rows = Object.values(hardCases(task, 1)).reduce((sum, each) => sum + each.count, 0);
  const most = work(task, lengths, rows);
  let done = 0;
  const progress = (positions) => {
    done += positions;
    report(Math.min(done / most, 1));
  };
  const examiner = new Examiner({ network, task, isWanted, progress });
  try {
    const cells = await testGrid(examiner, seed, lengths);
    const hard = await testCases(examiner, lengths);
    const searched = await searchWhereRight(examiner, lengths, [...cells, ...hard], seed);
    const wrong = examiner.wrong && inWriting(task, await shorten(examiner, examiner.wrong));
    return { cells, hard, search: searched, wrong, numTested: examiner.numTested };
  } catch (error) {
    if (error instanceof GaveUp) return null;
    throw error;
  }
}

/** The most positions that are computed, not counting those that make a wrong answer short. */
function work(task, lengths, rows) {
  const positions = lengths.map((length) => gridPositions(task, length) + rows * (length + task.extraPositions));
  const searched = lengths.findLast((length) => length <= LONGEST_SEARCHED) ?? 0;
  return positions.reduce((sum, each) => sum + each, (rows + MOST_SEARCHED) * (searched + task.extraPositions));
}

async function testCases(examiner, lengths) {
  const counts = [];
  for (const length of lengths) {
    for (const [name, rows] of Object.entries(hardCases(examiner.task, length))) {
      const exact = await examiner.areExact(rows.padded(length + examiner.task.extraPositions));
      counts.push({ name, length, numPairs: rows.count, numExact: exact.filter((mark) => mark).length });
    }
  }
  return counts;
}

/** Searches the longest length at which nothing failed. The network reads the lowest digits first, so this searches
 * shorter numbers too. */
async function searchWhereRight(examiner, lengths, counts, seed) {
  const failing = new Set(counts.filter((each) => each.numExact < each.numPairs).map((each) => each.length));
  const length = lengths.findLast((each) => each <= LONGEST_SEARCHED && !failing.has(each));
  if (length === undefined) return null;
  const starts = Object.values(hardCases(examiner.task, length)).flatMap((rows) => rows.all());
  return search(examiner, length, starts, seed);
}

/** Operands and answers as they are written; `answer` is `null` where a logit was not a number. */
function inWriting(task, { digits, right, given, position, length }) {
  const shown = Math.max(length, position + 1);
  const operands = Array.from({ length: task.operands }, (_, k) => {
    const own = digits.filter((_, at) => at % task.operands === k);
    return task.extraPositions ? number(own) : task.writeOperand(own.subarray(0, shown));
  });
  const text = (answers) => (HAVE_NUMBERS.includes(task.kind) ? number(answers) : task.writeAll(answers.subarray(0, shown)));
  return { operands, answer: given && text(given), right: text(right), position };
}

/** A number without leading zeros, of digits from the least significant on. */
const number = (digits) => Array.from(digits, written).reverse().join("").replace(/^0+(?=.)/, "");
