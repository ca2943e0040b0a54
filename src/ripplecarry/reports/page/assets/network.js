// The network: a digit embedding, layers of cells, a readout; one position at a time.

import { CELLS } from "./cells.js";

/** target = matrix · vector + bias, summed in double precision, kept in float32. */
function affine(matrix, vector, bias, target) {
  const columns = vector.length;
  for (let row = 0, at = 0; row < target.length; row++) {
    let sum = bias ? bias[row] : 0;
    for (let column = 0; column < columns; column++) sum += matrix[at++] * vector[column];
    target[row] = sum;
  }
}

export class Network {
  /**
   * @param shape {cell, layers, hidden, embedding}
   * @param weights parameters by PyTorch's names, row-major
   * @param task {base, operands, outputs}
   */
  constructor(shape, weights, task) {
    this.shape = shape;
    this.task = task;
    this.weights = weights;
    this.cell = CELLS[shape.cell];
    this.rows = this.cell.gates * shape.hidden;
    this.below = new Float32Array(this.rows);
    this.before = new Float32Array(this.rows);
    this.products = this.#digitProducts();
  }

  /** What enters the first position. */
  zeroState() {
    const zeros = () => Array.from({ length: this.shape.layers }, () => new Float32Array(this.shape.hidden));
    return { hidden: zeros(), memory: zeros() };
  }

  /** Takes one digit of each operand: changes the state, writes the logits. */
  step(state, digits, logits) {
    const { weights, below, before } = this;
    for (let layer = 0; layer < this.shape.layers; layer++) {
      const inputBias = weights[`rnn.bias_ih_l${layer}`];
      if (layer) affine(weights[`rnn.weight_ih_l${layer}`], state.hidden[layer - 1], inputBias, below);
      else this.#firstBelow(digits, inputBias);
      if (this.cell.isRecurrent) affine(weights[`rnn.weight_hh_l${layer}`], state.hidden[layer], weights[`rnn.bias_hh_l${layer}`], before);
      this.cell.step(below, before, state.hidden[layer], state.memory[layer]);
    }
    affine(weights["dense.weight"], state.hidden.at(-1), weights["dense.bias"], logits);
  }

  /** A layer's preactivation: what its hidden state shows of itself to the next position, W_hh h; where gates see the
   * input alone, the hidden state. */
  preactivation(layer, hidden) {
    if (!this.cell.isRecurrent) return hidden;
    const preactivation = new Float32Array(this.rows);
    affine(this.weights[`rnn.weight_hh_l${layer}`], hidden, null, preactivation);
    return preactivation;
  }

  #firstBelow(digits, bias) {
    const { below, products, rows } = this;
    for (let row = 0; row < rows; row++) {
      let sum = bias[row];
      for (let k = 0; k < digits.length; k++) sum += products[k][digits[k] * rows + row];
      below[row] = sum;
    }
  }

  /** For each operand and digit the digit's share of the first layer's W_ih x. */
  #digitProducts() {
    const { embedding } = this.shape;
    const { base, operands } = this.task;
    const table = this.weights["embed_layer.weight"];
    const matrix = this.weights["rnn.weight_ih_l0"];
    return Array.from({ length: operands }, (_, k) => {
      const products = new Float64Array(base * this.rows);
      for (let digit = 0; digit < base; digit++) {
        for (let row = 0; row < this.rows; row++) {
          let sum = 0;
          for (let i = 0; i < embedding; i++) {
            sum += matrix[(row * operands + k) * embedding + i] * table[digit * embedding + i];
          }
          products[digit * this.rows + row] = sum;
        }
      }
      return products;
    });
  }
}
