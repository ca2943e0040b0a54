// Reset-free runs of a task, and operands by the longest one, as in ripplecarry.arithmetic.reset_free_runs.

import { Rows } from "./rows.js";

const RESCALED_BELOW = 1e-100;

export class ResetFreeRuns {
  /** @param task with its machine's tables and reachable states */
  constructor(task) {
    const { symbols, reachable, nextState } = task;
    this.task = task;
    this.isReset = Array.from({ length: symbols }, (_, symbol) =>
      new Set(reachable.map((state) => nextState[state * symbols + symbol])).size === 1);
    const all = Array.from(this.isReset.keys());
    this.resetting = all.filter((symbol) => this.isReset[symbol]);
    this.others = all.filter((symbol) => !this.isReset[symbol]);
    this.logReset = Math.log(this.resetting.length / symbols);
    this.logOther = Math.log(this.others.length / symbols);
  }

  /** Whether operands of a length can have such a longest run. */
  isPossible(length, run) {
    if (!this.resetting.length) return run === length;
    return run <= (this.others.length ? length : 0);
  }

  /** The longest run among a row's digits. */
  longest(digits) {
    const { base, operands } = this.task;
    let [longest, current] = [0, 0];
    for (let at = 0; at < digits.length; at += operands) {
      const symbol = digits.subarray(at, at + operands).reduceRight((rest, digit) => rest * base + digit, 0);
      current = this.isReset[symbol] ? 0 : current + 1;
      longest = Math.max(longest, current);
    }
    return longest;
  }

  /**
   * Rows of a length with exactly this longest run, uniform among all such, followed by zeros.
   * @param below random whole numbers below a bound
   */
  draw(count, length, run, positions, below) {
    const { base, operands } = this.task;
    const plan = this.#plan(length, run);
    const digits = new Uint8Array(count * positions * operands);
    for (let row = 0; row < count; row++) {
      let at = row * positions * operands;
      for (const resets of this.#resets(plan, () => (below(2 ** 32) + 0.5) / 2 ** 32)) {
        const symbols = resets ? this.resetting : this.others;
        for (let k = 0, rest = symbols[below(symbols.length)]; k < operands; k++, rest = Math.floor(rest / base)) {
          digits[at++] = rest % base;
        }
      }
    }
    return new Rows(operands, positions, digits);
  }

  /** The shares of stretches before and after the longest run, and of the places where it can begin. */
  #plan(length, run) {
    if (run === 0 || run === length) return { length, run };
    const [before, after] = [run - 1, run].map((bound) => this.#logShares(bound, length));
    // Nothing, or a stretch and the reset that ends it.
    const beside = (shares, size) => (size ? this.logReset + shares[size - 1] : 0);
    const places = Array.from({ length: length - run + 1 }, (_, start) =>
      beside(before, start) + beside(after, length - run - start));
    const most = Math.max(...places);
    let sum = 0;
    return { length, run, before, after, until: places.map((place) => (sum += Math.exp(place - most))) };
  }

  /** Which positions reset. */
  #resets({ length, run, before, after, until }, chance) {
    const found = new Uint8Array(length);
    if (run === 0) return found.fill(1);
    if (run === length) return found;
    const wanted = chance() * until.at(-1);
    const start = until.findIndex((sum) => wanted < sum);
    this.#fill(found.subarray(0, Math.max(start - 1, 0)), run - 1, before, chance);
    if (start) found[start - 1] = 1;
    if (start + run < length) found[start + run] = 1;
    this.#fill(found.subarray(start + run + 1), run, after, chance);
    return found;
  }

  /** Draws a stretch whose runs are at most as long as the bound. */
  #fill(found, bound, shares, chance) {
    let [current, share] = [0, 0];
    for (let at = 0; at < found.length; at++) {
      const left = found.length - at;
      if (!current) share = shares[left];
      const resets = Math.min(this.logReset + shares[left - 1] - share, 0);
      if (current >= bound || Math.log(chance()) < resets) {
        found[at] = 1;
        current = 0;
      } else {
        share += Math.log1p(-Math.exp(resets)) - this.logOther;
        current += 1;
      }
    }
  }

  /** Of the sequences of each length, the logarithm of the share without a run over the bound. */
  #logShares(bound, length) {
    const other = Math.exp(this.logOther);
    const shares = new Float64Array(length + 1).fill(1);
    const logs = new Float64Array(length + 1);
    let logScale = 0;
    for (let m = bound + 1; m <= length; m++) {
      shares[m] = 0;
      for (let run = 0; run <= bound; run++) shares[m] += (1 - other) * other ** run * shares[m - 1 - run];
      if (shares[m] < RESCALED_BELOW) {
        for (let k = m - bound; k <= m; k++) shares[k] /= RESCALED_BELOW;
        logScale += Math.log(RESCALED_BELOW);
      }
      logs[m] = Math.log(shares[m]) + logScale;
    }
    return logs;
  }
}
