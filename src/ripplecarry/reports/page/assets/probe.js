// The linear probe: the machine's state as it can be read off the hidden units.

export class Probe {
  /** @param numbers a row of weights for each state, then a bias for each */
  constructor(numbers, states) {
    this.numbers = numbers;
    this.states = states;
    this.units = numbers.length / states - 1;
  }

  /** The state that the hidden units behind a position look like. */
  read(trace, position) {
    const size = trace.network.shape.hidden;
    let best = 0;
    let highest = -Infinity;
    for (let state = 0; state < this.states; state++) {
      let score = this.numbers[this.states * this.units + state];
      for (let layer = 0; layer < trace.hidden.length; layer++) {
        const at = state * this.units + layer * size;
        const hidden = trace.hiddenAt(layer, position);
        for (let i = 0; i < size; i++) score += this.numbers[at + i] * hidden[i];
      }
      if (score > highest) [best, highest] = [state, score];
    }
    return best;
  }
}
