// The report's RNN as one writes it for TensorFlow.js: embedding, two tanh layers, readout, Adam.

const [BATCH, POSITIONS, DIGITS, EMBEDDING, HIDDEN, RATE] = [200, 11, 10, 32, 64, 0.001];

/** Starts on a backend of TensorFlow.js; why not, if it does not. */
async function beginTensorFlow(backend) {
  try {
    if (backend === "wasm") tf.wasm.setWasmPaths(new URL("tfjs-backend-wasm/package/dist/", location.href).href);
    if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) return "the browser has none";
    window.tensorFlow = rnn();
    await tensorFlowTurn(2);
    return null;
  } catch (error) {
    return String(error).split("\n")[0];
  }
}

/** Milliseconds a step, and the last loss. */
async function tensorFlowTurn(steps) {
  const began = performance.now();
  let loss;
  for (let step = 0; step < steps; step++) {
    loss?.dispose();
    loss = window.tensorFlow();
  }
  const [value] = await loss.data();
  return { ms: (performance.now() - began) / steps, loss: value };
}

function rnn() {
  const bound = 1 / Math.sqrt(HIDDEN);
  const uniform = (...shape) => tf.variable(tf.randomUniform(shape, -bound, bound));
  const embedding = tf.variable(tf.randomNormal([DIGITS, EMBEDDING]));
  const layers = [2 * EMBEDDING, HIDDEN].map((inputs) => ({
    input: uniform(inputs, HIDDEN), hidden: uniform(HIDDEN, HIDDEN), bias: uniform(HIDDEN),
  }));
  const readout = { weight: uniform(HIDDEN, DIGITS), bias: uniform(DIGITS) };
  const optimizer = tf.train.adam(RATE);
  return () => {
    const { first, second, right } = sums();
    const loss = optimizer.minimize(() => {
      const embedded = [first, second].map((digits) => tf.oneHot(digits, DIGITS).toFloat().matMul(embedding));
      let inputs = tf.concat(embedded, 1);
      for (const layer of layers) {
        // the input's products of all positions at once
        const drives = tf.split(inputs.matMul(layer.input).add(layer.bias), POSITIONS);
        const states = [];
        let hidden = tf.zeros([BATCH, HIDDEN]);
        for (const drive of drives) states.push(hidden = drive.add(hidden.matMul(layer.hidden)).tanh());
        inputs = tf.concat(states);
      }
      const logits = inputs.matMul(readout.weight).add(readout.bias);
      return tf.losses.softmaxCrossEntropy(tf.oneHot(right, DIGITS), logits);
    }, true);
    tf.dispose([first, second, right]);
    return loss;
  };
}

/** Random sums of nine digits, by position and row. */
function sums() {
  const [first, second, right] = [0, 1, 2].map(() => new Int32Array(POSITIONS * BATCH));
  for (let row = 0; row < BATCH; row++) {
    let carry = 0;
    for (let position = 0; position < POSITIONS; position++) {
      const at = position * BATCH + row;
      if (position < POSITIONS - 2) {
        first[at] = Math.random() * DIGITS;
        second[at] = Math.random() * DIGITS;
      }
      const sum = first[at] + second[at] + carry;
      right[at] = sum % DIGITS;
      carry = sum >= DIGITS ? 1 : 0;
    }
  }
  return { first: tf.tensor1d(first, "int32"), second: tf.tensor1d(second, "int32"), right: tf.tensor1d(right, "int32") };
}
