// Random numbers.

/** Whole numbers below a bound, a function of the seed. Source: Steele et al. 2014, SplitMix, in 32 bits. */
export function wholeNumbers(seed) {
  let state = Number(BigInt.asUintN(32, BigInt(seed)));
  return (bound) => {
    state = (state + 0x9e3779b9) >>> 0;
    let word = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return Math.floor((((word ^ (word >>> 16)) >>> 0) / 2 ** 32) * bound);
  };
}
