// The page of a run: what is chosen, and who draws it.

import { chooseAppearance } from "./appearance.js";
import { makeCloud } from "./cloud_points.js";
import { drawCurves } from "./curves.js";
import { byId } from "./elements.js";
import { Run } from "./run.js";
import { sayExample, sayRun, saySnapshot } from "./sentences.js";
import { SumView } from "./sum_view.js";
import { answerOf } from "./trace.js";
import { drawVerdict } from "./verdict.js";

class Page {
  constructor(run) {
    this.run = run;
    this.snapshot = run.lastSnapshot;
    this.example = null;
    this.turns = { hardest: 0, failing: 0 };
    this.clouds = new Map();
    this.sum = new SumView(this, () => this.#forgetExample());
    this.#begin();
    this.#listen();
  }

  // What the sum is shown of.

  get task() { return this.run.task; }
  get layers() { return this.run.content.network.layers; }
  get stateWord() { return this.run.stateWord; }
  get boxes() { return this.run.boxes; }
  get shown() { return this.run.at(this.snapshot); }

  cloudOf({ network }, layer) {
    if (this.clouds.network !== network) this.clouds = Object.assign(new Map(), { network });
    if (!this.clouds.has(layer)) this.clouds.set(layer, makeCloud(network, this.task, this.run.sample, layer));
    return this.clouds.get(layer);
  }

  /** Draws all of it. */
  draw() {
    const { run } = this;
    sayRun(run);
    sayExample(run.content.examples, this.example);
    drawVerdict(run.content.verdict, run.task);
    this.drawSnapshot();
    this.sum.speak();
  }

  /** Draws what depends on the snapshot alone. */
  drawSnapshot() {
    const { run, snapshot } = this;
    const { step } = run.snapshots[snapshot];
    saySnapshot(run, snapshot);
    drawCurves(run.curves, step, run.snapshots.at(-1).step);
  }

  #begin() {
    const { verdict, examples, digits } = this.run.content;
    const known = verdict.operands?.every((text) => text.length <= this.task.longest) ? verdict : null;
    const first = known ?? examples.failing[0] ?? examples.hardest[0];
    this.sum.begin(first.operands, digits);
    byId("failing").disabled = !examples.failing.length;
    byId("hardest").disabled = !examples.hardest.length;
    byId("snapshot").max = this.run.lastSnapshot;
    byId("snapshot").value = this.snapshot;
    byId("snapshot").disabled = this.run.lastSnapshot === 0;
    byId("no-snapshots").hidden = this.run.lastSnapshot > 0;
  }

  #listen() {
    byId("hardest").onclick = () => this.#show("hardest");
    byId("failing").onclick = () => this.#show("failing");
    byId("counterexample").onclick = () => {
      this.#toSnapshot(this.run.lastSnapshot);
      this.#forgetExample();
      this.sum.type(this.run.content.verdict.operands, "error");
      byId("columns").focus();
    };
    byId("snapshot").oninput = (event) => {
      this.#toSnapshot(Number(event.target.value));
      this.sum.compute({ stand: "here" });
    };
  }

  #show(name) {
    const examples = this.run.content.examples[name];
    const number = this.turns[name]++ % examples.length;
    this.example = { name, number };
    sayExample(this.run.content.examples, this.example);
    this.sum.type(examples[number].operands, "error");
  }

  #forgetExample() {
    this.example = null;
    sayExample(this.run.content.examples, null);
  }

  #toSnapshot(number) {
    this.snapshot = number;
    byId("snapshot").value = number;
    this.drawSnapshot();
  }
}

export function start() {
  const run = new Run(JSON.parse(byId("content").textContent));
  let page = null;
  chooseAppearance(() => page.draw());
  page = new Page(run);
  page.draw();
  page.sum.compute({ stand: "error" });
  window.ripplecarry = { answer: (...texts) => answerOf(run, page.snapshot, texts) };
}
