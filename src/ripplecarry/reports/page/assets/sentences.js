// The page's sentences about what it shows.

import { readingAt } from "./curves.js";
import { byId, make } from "./elements.js";
import { digitsText, stateText } from "./state_text.js";
import { count, percent, say, sayOf } from "./words.js";

/** Which run this is. */
export function sayRun({ content, task, snapshots }) {
  const { network, run, settings } = content;
  byId("about").textContent = say(task.isOnNumbers ? "about" : "about.sequences", {
    id: run.id, cell: network.cell.toUpperCase(), layers: network.layers, hidden: network.hidden,
    digits: content.digits, base: task.base, steps: count(snapshots.at(-1).step),
  });
  const list = Object.entries(settings).map(([name, value]) => `${name} ${value}`).join(", ");
  byId("settings").textContent = say("settings", { settings: list, engine: run.engine, seed: run.seed });
  const name = say(`task.${task.kind}`, { factor: task.factor });
  byId("columns").setAttribute("aria-label", say("columns.label", { task: name }));
}

/** How far training is at a snapshot. */
export function saySnapshot(run, number) {
  const { step, probe } = run.snapshots[number];
  const shown = (points, form) => {
    const [updates, value] = readingAt(points, step) ?? [];
    return value === undefined ? say("unknown") : say("training.read", { value: form(value), step: count(updates) });
  };
  const words = say("training.words", {
    step: count(step),
    loss: shown(run.curves.loss, (value) => value.toPrecision(3)),
    exact: shown(run.curves.exact, percent),
    state: say(`state.${run.stateWord}`),
    accuracy: percent(probe.accuracy),
    samples: count(probe.samples),
    commonest: percent(probe.commonest),
  });
  const isLast = number === run.lastSnapshot;
  byId("snapshot-words").textContent = `${words} ${say(isLast ? "training.last" : "training.rounded")}`;
  byId("snapshot").setAttribute("aria-valuetext", words);
}

/** Which example is shown, or that none is known to fail. */
export function sayExample(examples, shown) {
  const none = examples.failing.length ? "" : say("example.none");
  byId("example").textContent = shown ? exampleWords(examples[shown.name], shown) : none;
}

function exampleWords(examples, { name, number }) {
  const example = examples[number];
  return say(`example.${name}`, {
    n: number + 1, total: examples.length, name: example.name, margin: example.margin.toPrecision(3),
  });
}

/** What happens at a position. */
export function sayPosition(trace, position, read, stateWord) {
  const { task } = trace;
  const right = task.write(trace.right[position]);
  byId("here").textContent = sayOf(task, "here", {
    position,
    digits: digitsText(task, trace.positions[position]),
    state: say(`state.${stateWord}`),
    before: stateText(task, trace.states[position]),
    given: task.write(trace.given[position]),
    judgement: trace.isWrong(position) ? say("here.wrong", { right }) : say("here.right"),
    after: stateText(task, trace.states[position + 1]),
    read: stateText(task, read),
  });
}

/** How the whole answer came out. */
export function sayOutcome(trace) {
  const wrong = trace.wrongPositions();
  const length = count(trace.length);
  byId("outcome").textContent = wrong.length
    ? sayOf(trace.task, "outcome.wrong", { wrong: count(wrong.length), length, first: wrong[0] })
    : sayOf(trace.task, "outcome", { length });
  byId("outcome").className = wrong.length ? "wrong" : "right";
  const rows = [["answer.given", trace.given], ["answer.right", trace.right]];
  byId("answer").replaceChildren(...rows.flatMap(([key, digits]) =>
    [make("dt", {}, say(key)), make("dd", {}, trace.task.writeAll(digits))]));
}
