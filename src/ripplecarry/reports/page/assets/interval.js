// The Clopper-Pearson interval of a share.

const CONFIDENCE = 0.95;
const TAIL = (1 - CONFIDENCE) / 2;

/** The bounds of a share of successes in trials. */
export function shareInterval(successes, trials) {
  return [lowest(successes, trials), 1 - lowest(trials - successes, trials)];
}

/** The share that has so many successes or more with the probability `TAIL`. */
function lowest(successes, trials) {
  if (successes === 0) return 0;
  if (successes === trials) return TAIL ** (1 / trials);
  const coefficient = logBinomial(trials, successes);
  let [low, high] = [0, successes / trials];
  for (let share = high / 2; low < share && share < high; share = (low + high) / 2) {
    if (upperTail(successes, trials, share, coefficient) < TAIL) low = share;
    else high = share;
  }
  return low;
}

/** The probability of so many successes or more, at a share below theirs: the terms fall from the first one on. */
function upperTail(successes, trials, share, coefficient) {
  const odds = share / (1 - share);
  let sum = 1;
  let term = 1;
  for (let k = successes; k < trials && term > sum * Number.EPSILON; k++) {
    term *= ((trials - k) / (k + 1)) * odds;
    sum += term;
  }
  return sum * Math.exp(coefficient + successes * Math.log(share) + (trials - successes) * Math.log1p(-share));
}

function logBinomial(trials, successes) {
  let sum = 0;
  for (let i = 1; i <= Math.min(successes, trials - successes); i++) {
    sum += Math.log((trials + 1 - i) / i);
  }
  return sum;
}
