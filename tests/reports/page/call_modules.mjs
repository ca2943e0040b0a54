// Calls the page's modules: `node call_modules.mjs FOLDER KERNEL < CALLS.json`, a list of [name, argument].
// Prints a list of what came back; of an error its key.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, library] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/${name}.js`));
const { addressOf, settingsOf } = await load("address");
const { rowsByRun } = await load("bars");
const { decode } = await load("decode");
const { Examiner } = await load("examiner");
const { explain } = await load("explain");
const { fitProbe } = await load("fit_probe");
const { hardCases } = await load("hard_cases");
const { gridLengths, gridPositions, gridRuns, longestRuns } = await load("hard_grid");
const { hardTest } = await load("hard_test");
const { wholeNumbers } = await load("random");
const { ResetFreeRuns } = await load("reset_free_runs");
const { shareInterval } = await load("interval");
const kernels = await load("kernel");
const { Rows } = await load("rows");
const settings = await load("settings");
const { shorten } = await load("shorten");
const { Task } = await load("task");
const files = await load("weights_file");

const taskOf = ({ nextState, output, ...content }) =>
  new Task({ ...content, nextState: decode(nextState), output: decode(output) }, Infinity);
const bytesOf = (base64) => Uint8Array.from(Buffer.from(base64, "base64")).buffer;

/** A network that answers as a function of a row's digits says, or with no number. */
class StandIn {
  constructor(network, answersOf, isNumber) {
    Object.assign(this, { network, answersOf, isNumber, numRows: 0, numCalls: 0, numMisdrawn: 0 });
  }

  draw(how) {
    const drawn = this.network.draw(how);
    const { task } = this.network;
    const kind = { [kernels.KINDS["carry run"]]: "carry", [kernels.KINDS["idle run"]]: "idle" }[how.kind];
    const isOther = (digits) => kind && longestRuns(digits, task.base)[kind] !== how.run;
    this.numMisdrawn += new Rows(task.operands, how.positions, drawn.operands).all().filter(isOther).length;
    return drawn;
  }

  logits(operands, batch, positions) {
    const { task } = this.network;
    this.numRows += batch;
    this.numCalls += 1;
    const logits = new Float32Array(batch * positions * task.outputs);
    new Rows(task.operands, positions, operands).all().forEach((digits, row) => {
      const first = row * positions * task.outputs;
      this.answersOf(task, digits).forEach((answer, position) => { logits[first + position * task.outputs + answer] = 1; });
      if (!this.isNumber) logits[first + task.outputs - 1] = NaN;
    });
    return logits;
  }
}

const right = (task, digits) => task.solve(new Rows(task.operands, 1, digits).all()).answers;

/** Drops the carry that has run through 7 positions. */
function forgetful({ base }, digits) {
  let [carry, run] = [0, 0];
  return Array.from({ length: digits.length / 2 }, (_, position) => {
    const sum = digits[2 * position] + digits[2 * position + 1];
    if (run === 7) carry = 0;
    const answer = (sum + carry) % base;
    run = sum >= base ? 1 : carry && sum === base - 1 ? run + 1 : 0;
    carry = run ? 1 : 0;
    return answer;
  });
}

/** One too many where the first operand has a 9 that it also had 4 positions before. */
const echoing = (task, digits) => right(task, digits).map((answer, position) =>
  (digits[2 * position] === 9 && digits[2 * position - 8] === 9 ? (answer + 1) % task.base : answer));

const STAND_INS = {
  right: (network) => new StandIn(network, right, true),
  forgetful: (network) => new StandIn(network, forgetful, true),
  "no number": (network) => new StandIn(network, right, false),
};

async function testHard({ trial, task: content, weights, network: name, digits, longest, seed, pieces = Infinity }) {
  const kernel = await kernels.loadKernel(readFileSync(library));
  const task = taskOf(content);
  const inKernel = new kernels.KernelNetwork(kernel, settings.shapeOf(trial, task), task);
  if (weights) inKernel.setWeights(decode(weights));
  const network = STAND_INS[name]?.(inKernel) ?? inKernel;
  const shares = [];
  let left = pieces;
  const result = await hardTest({
    network, task, digits, longest, seed: BigInt(seed), report: (share) => shares.push(share), isWanted: () => left-- > 0,
  });
  const { numRows, numCalls, numMisdrawn } = network;
  return { result, explanation: result && explain(result.cells, result.hard, task.isOnNumbers ? "digit" : "symbol"), numRows, numCalls, numMisdrawn, shares };
}

const withSeed = (given) => ({ ...given, seed: BigInt(given.seed) });
const shapesOf = (task) => (found) => settings.shapeOf(found, taskOf(task)).shapes;

const CALLS = {
  hardCases: ({ task, length }) => Object.entries(hardCases(taskOf(task), length)).map(([name, rows]) =>
    [name, rows.count, rows.operands, Buffer.from(rows.digits).toString("hex")]),
  grid: ({ task, trained, longest }) => gridLengths(trained, longest).map((length) =>
    [length, gridRuns(length), gridPositions(taskOf(task), length)]),
  drawRuns: ({ task, count, length, run, seed }) =>
    Array.from(new ResetFreeRuns(taskOf(task)).draw(count, length, run, length, wholeNumbers(BigInt(seed))).digits),
  rowsByRun: ({ task: content, seed, digits }) => {
    const task = taskOf(content);
    const { kind, rows } = rowsByRun({ task }, BigInt(seed), { digits });
    return { kind, rows: rows.map(({ run, operands, answers }) => [run, Array.from(operands), Array.from(answers)]) };
  },
  interval: ([successes, trials]) => shareInterval(successes, trials),
  explain: ({ cells, hard }) => explain(cells, hard),
  testHard,
  margins: async ({ task, logits, digits, positions }) => {
    const network = { logits: () => Float32Array.from(logits, (each) => each ?? NaN) };
    const examiner = new Examiner({ network, task: taskOf(task), isWanted: () => true, progress: () => {} });
    return Array.from(await examiner.margins(new Rows(task.operands, positions, Uint8Array.from(digits))), String);
  },
  shorten: async ({ task: content, digits, positions }) => {
    const task = taskOf(content);
    const examiner = new Examiner({
      network: new StandIn({ task }, echoing, true), task, isWanted: () => true, progress: () => {},
    });
    const rows = new Rows(task.operands, positions, Uint8Array.from(digits));
    await examiner.areExact(rows);
    const first = await examiner.firstOf(rows);
    const short = [];
    for (const row of rows.all()) {
      const found = await shorten(examiner, await examiner.firstOf(new Rows(task.operands, positions, row)));
      short.push(Array.from(found.digits));
    }
    return { kept: Array.from(examiner.wrong.digits), first: Array.from(first.digits), short };
  },
  settings: () => settings.SETTINGS,
  settingsOf,
  addressOf: (given) => addressOf(withSeed(given)),
  shapesOf: ({ settings: given, task }) => shapesOf(task)(given),
  trialOf: ([given, steps]) => settings.trialOf(withSeed(given), steps),
  commandLine: ([given, steps]) => settings.commandLine(withSeed(given), steps),
  fitProbe: ({ inputs, states, numStates }) => Array.from(fitProbe(inputs, states, numStates)),
  writeWeights: ({ weights, shapes, metadata }) =>
    Buffer.from(files.writeWeights(decode(weights), shapes, metadata)).toString("base64"),
  readWeights: ({ file, task }) => {
    const read = files.readWeights(bytesOf(file));
    const { settings: found, numbers } = files.networkOf(read, settings.defaults(), shapesOf(task));
    return { settings: found, numbers: Buffer.from(numbers.buffer).toString("base64") };
  },
};

const answers = [];
for (const [name, argument] of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    answers.push(await CALLS[name](argument));
  } catch (error) {
    if (!error.key) throw error;
    answers.push({ key: error.key });
  }
}
console.log(JSON.stringify(answers, (_, value) => (typeof value === "bigint" ? String(value) : value)));
