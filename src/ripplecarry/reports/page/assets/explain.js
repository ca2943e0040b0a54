// Where a network goes wrong, in a sentence; in English the one of ripplecarry.evaluation.explanation.

import { shareInterval } from "./interval.js";
import { count, say } from "./words.js";

const KINDS = ["carry", "idle", "reset-free"];

/** Up to which length and longest runs all is right, and from where on it is wrong; nothing where nothing was tested.
 * @param lengthWord what a length counts: digit or symbol */
export function explain(cells, hard = [], lengthWord = "digit") {
  if (!cells.length) return "";
  const byKind = KINDS.map((kind) => cells.filter((cell) => cell.kind === kind)).filter((mine) => mine.length);
  const byLength = byKind.flatMap((mine) => countsBy(mine, "length"));
  const parts = [say("explain.length", { where: along(worst(byLength), lengthWord) })];
  for (const mine of byKind) {
    parts.push(say(`explain.${mine[0].kind}`, { where: along(countsBy(mine, "run"), "position") }));
  }
  if (hard.length) parts.push(sayHard(hard));
  const whose = cells[0].kind === "reset-free" ? "answers" : "sums";
  return say(`explain.${whose}`, { parts: parts.join(say("explain.between")) });
}

function sayHard(hard) {
  const names = [...new Set(hard.map((each) => each.name))];
  const failing = new Set(hard.filter((each) => each.numExact < each.numPairs).map((each) => each.name));
  const wrong = names.filter((name) => failing.has(name)).map((name) => say(`hard.${name}`));
  if (!wrong.length) return say("explain.hard.right");
  const last = wrong.pop();
  const all = wrong.length ? say("explain.list", { names: wrong.join(say("explain.comma")), last }) : last;
  return say("explain.hard.wrong", { names: all });
}

/** Counts of answers by a size, a length or a longest run. */
function countsBy(cells, size) {
  const found = new Map();
  for (const cell of cells) {
    const mine = found.get(cell[size]) ?? { size: cell[size], numPairs: 0, numExact: 0, isExhaustive: true };
    mine.numPairs += cell.numPairs;
    mine.numExact += cell.numExact;
    mine.isExhaustive &&= cell.isExhaustive;
    found.set(cell[size], mine);
  }
  return inOrder(found);
}

const inOrder = (bySize) => [...bySize.values()].sort((a, b) => a.size - b.size);

/** Of each size the count with the smallest share; kinds of runs sort the same pairs anew. */
function worst(counts) {
  const found = new Map();
  const share = (each) => each.numExact / each.numPairs;
  for (const each of counts) {
    if (!found.has(each.size) || share(each) < share(found.get(each.size))) found.set(each.size, each);
  }
  return inOrder(found);
}

function along(counts, unit) {
  const failing = counts.filter((each) => each.numExact < each.numPairs);
  if (!failing.length) return say("explain.right", { size: saySize(counts.at(-1), unit) });
  const [first] = failing;
  const place = counts.indexOf(first);
  const longer = counts.length - place - 1;
  const others = failing.length - 1;
  const at = place ? count(first.size) : saySize(first, unit);
  const wrong = say(first.size ? shapeOf(others, longer) : `${shapeOf(others, longer)}.none`, { at, others, longer, share: sayShare(first) });
  return place ? say("explain.up-to", { size: saySize(counts[place - 1], unit), wrong }) : wrong;
}

/** The words for a size that fails, by how many of the longer ones do. */
function shapeOf(others, longer) {
  if (!others) return longer ? "explain.alone" : "explain.at";
  return others === longer ? "explain.from" : "explain.some";
}

function sayShare({ numExact, numPairs, isExhaustive }) {
  const [low, high] = shareInterval(numExact, numPairs).map((bound) => bound.toFixed(3));
  const values = { exact: count(numExact), pairs: count(numPairs), low, high };
  return say(isExhaustive ? "explain.share.all" : "explain.share", values);
}

const saySize = ({ size }, unit) => say(size === 1 ? `explain.${unit}` : `explain.${unit}s`, { n: count(size) });
