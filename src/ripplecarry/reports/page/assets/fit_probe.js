// Fitting the linear probe, by ridge regression, as ripplecarry.evaluation.probe does.

const RIDGE = 1e-4; // times the number of samples

/**
 * A row of weights for each state, then a bias for each.
 * @param inputs an array of units for each sample
 * @param states the machine state of each
 */
export function fitProbe(inputs, states, numStates) {
  const [samples, units] = [inputs.length, inputs[0].length];
  const middle = new Float64Array(units);
  const level = new Float64Array(numStates);
  for (const row of inputs) for (let i = 0; i < units; i++) middle[i] += row[i] / samples;
  for (const state of states) level[state] += 1 / samples;
  const products = new Float64Array(units * units);
  const wanted = Array.from({ length: numStates }, () => new Float64Array(units));
  const centred = new Float64Array(units);
  inputs.forEach((row, sample) => {
    for (let i = 0; i < units; i++) centred[i] = row[i] - middle[i];
    for (let i = 0; i < units; i++) {
      const own = centred[i];
      for (let j = 0; j <= i; j++) products[i * units + j] += own * centred[j];
    }
    for (let state = 0; state < numStates; state++) {
      const aim = (states[sample] === state ? 1 : 0) - level[state];
      for (let i = 0; i < units; i++) wanted[state][i] += aim * centred[i];
    }
  });
  for (let i = 0; i < units; i++) products[i * units + i] += RIDGE * samples;
  factorise(products, units);
  const numbers = new Float32Array(numStates * (units + 1));
  wanted.forEach((column, state) => {
    solve(products, units, column);
    numbers.set(column, state * units);
    numbers[numStates * units + state] = column.reduce((rest, weight, i) => rest - weight * middle[i], level[state]);
  });
  return numbers;
}

/** Cholesky's factor in place of a positive definite matrix's lower half. */
function factorise(matrix, size) {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j];
      for (let k = 0; k < j; k++) sum -= matrix[i * size + k] * matrix[j * size + k];
      matrix[i * size + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * size + j];
    }
  }
}

/** Solves in place, with the factor. */
function solve(factor, size, column) {
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) column[i] -= factor[i * size + k] * column[k];
    column[i] /= factor[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) column[i] -= factor[k * size + i] * column[k];
    column[i] /= factor[i * size + i];
  }
}
