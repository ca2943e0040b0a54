// Recurrent cells: one position of one layer.
//
// `below` is W_ih x + b_ih, `before` is W_hh h + b_hh, gates stacked as in PyTorch. A cell writes the new
// hidden state (and LSTM its memory) over the old one. Values are float32 wherever they are kept.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

function rnn(below, before, hidden) {
  for (let i = 0; i < hidden.length; i++) hidden[i] = Math.tanh(below[i] + before[i]);
}

function gru(below, before, hidden) {
  const n = hidden.length;
  for (let i = 0; i < n; i++) {
    const reset = sigmoid(below[i] + before[i]);
    const update = sigmoid(below[n + i] + before[n + i]);
    const fresh = Math.tanh(below[2 * n + i] + reset * before[2 * n + i]);
    hidden[i] = (1 - update) * fresh + update * hidden[i];
  }
}

function lstm(below, before, hidden, memory) {
  const n = hidden.length;
  for (let i = 0; i < n; i++) {
    const entry = sigmoid(below[i] + before[i]);
    const forget = sigmoid(below[n + i] + before[n + i]);
    const fresh = Math.tanh(below[2 * n + i] + before[2 * n + i]);
    const output = sigmoid(below[3 * n + i] + before[3 * n + i]);
    memory[i] = forget * memory[i] + entry * fresh;
    hidden[i] = output * Math.tanh(memory[i]);
  }
}

export const CELLS = {
  rnn: { gates: 1, step: rnn },
  gru: { gates: 3, step: gru },
  lstm: { gates: 4, step: lstm },
};
