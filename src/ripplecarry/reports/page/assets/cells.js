// Recurrent cells: one position of one layer.
//
// `below` is W_ih x + b_ih, `before` is W_hh h + b_hh, gates stacked as in PyTorch. A cell writes the new
// hidden state (and LSTM and diagonal recurrences their memory) over the old one. Values are float32 wherever they are kept.

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

function mingru(below, _, hidden) {
  const n = hidden.length;
  for (let i = 0; i < n; i++) hidden[i] += sigmoid(below[i]) * (below[n + i] - hidden[i]);
}

/** log(1 + e^x), which neither overflows nor vanishes. */
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

function minlstm(below, _, hidden) {
  const n = hidden.length;
  for (let i = 0; i < n; i++) {
    const keep = sigmoid(softplus(-below[i]) - softplus(-below[n + i]));
    hidden[i] = below[2 * n + i] + keep * (hidden[i] - below[2 * n + i]);
  }
}

/** A diagonal recurrence, given what a gate's sigmoid makes of the memory. */
const diagonal = (eigenvalue) => (below, _, hidden, memory) => {
  const n = hidden.length;
  for (let i = 0; i < n; i++) {
    memory[i] = eigenvalue(sigmoid(below[i])) * memory[i] + below[n + i];
    hidden[i] = memory[i] * below[2 * n + i] * sigmoid(below[2 * n + i]);
  }
};

/** Where `isRecurrent`, gates see the hidden state too. In the kernel's order. */
export const CELLS = {
  rnn: { gates: 1, isRecurrent: true, step: rnn },
  gru: { gates: 3, isRecurrent: true, step: gru },
  lstm: { gates: 4, isRecurrent: true, step: lstm },
  mingru: { gates: 2, step: mingru },
  minlstm: { gates: 3, step: minlstm },
  diagonal: { gates: 3, step: diagonal((share) => share) },
  diagonal_signed: { gates: 3, step: diagonal((share) => 2 * share - 1) },
};
