// The page: what is chosen, and who draws it.

import { drawCloud, makeCloud } from "./cloud.js";
import { drawColumns, drawLogits, drawOverview, overviewPosition } from "./columns.js";
import { drawCurves } from "./curves.js";
import { byId, make } from "./elements.js";
import { drawHeat, heatPosition } from "./heat.js";
import { Player } from "./player.js";
import { Run } from "./run.js";
import { saySnapshot, sayExample, sayOutcome, sayPosition, sayRun } from "./sentences.js";
import { TypedError } from "./task.js";
import { Trace, answerOf, finish } from "./trace.js";
import { drawVerdict } from "./verdict.js";
import { percent, say, setLanguage } from "./words.js";

class Page {
  constructor(run) {
    this.run = run;
    this.snapshot = run.lastSnapshot;
    this.layer = run.content.network.layers - 1;
    this.position = 0;
    this.trace = null;
    this.problem = null;
    this.example = null;
    this.asked = 0; // how often an answer was, so that an older one knows that it is not wanted any more
    this.turns = { hardest: 0, failing: 0 };
    this.player = new Player((change) => this.move(change));
    this.#makeInputs();
    this.#listen();
  }

  /** Reads the typed numbers and computes their answer. */
  async compute({ stand = "end" } = {}) {
    const mine = ++this.asked;
    this.player.pause();
    const { task, content } = this.run;
    this.problem = null;
    const digits = this.inputs.map((input) => {
      try {
        const parsed = task.parse(input.value);
        input.removeAttribute("aria-invalid");
        return parsed;
      } catch (error) {
        if (!(error instanceof TypedError)) throw error;
        input.setAttribute("aria-invalid", "true");
        this.problem ??= error;
        return null;
      }
    });
    this.#sayProblem();
    if (this.problem) return;
    const { network } = this.run.at(this.snapshot);
    const { snapshot } = this;
    const trace = new Trace(network, task, task.align(digits, content.extraPositions));
    document.body.dataset.state = "computing";
    const progressed = (share) => { byId("outcome").textContent = say("computing", { done: percent(share) }); };
    if (!(await finish(trace, () => mine === this.asked, progressed))) return;
    this.trace = trace;
    this.traced = snapshot;
    const places = { end: trace.length - 1, error: trace.wrongPositions()[0], here: this.position };
    this.position = Math.min(places[stand] ?? places.end, places.end);
    this.draw();
    document.body.dataset.state = "ready";
  }

  /** Changes the position; false where it was at that end already. */
  move(change) {
    if (!this.trace) return false;
    const to = Math.min(this.trace.length - 1, Math.max(0, this.position + change));
    if (to === this.position) return false;
    this.position = to;
    this.drawPosition();
    return true;
  }

  /** Draws all of it. */
  draw() {
    const { run } = this;
    sayRun(run);
    this.inputs.forEach((input, k) => { input.previousElementSibling.textContent = say("operand", { n: k + 1 }); });
    this.player.speak();
    this.#sayProblem();
    sayExample(run.content.examples, this.example);
    drawVerdict(run.content.verdict, run.task);
    this.drawSnapshot();
    if (this.trace) this.drawPosition();
  }

  /** Draws what depends on the snapshot alone. */
  drawSnapshot() {
    const { run, snapshot } = this;
    const { step } = run.snapshots[snapshot];
    saySnapshot(run, snapshot);
    drawCurves(run.curves, step, run.snapshots.at(-1).step);
  }

  /** Draws what depends on the position. */
  drawPosition() {
    // The trace's snapshot: another may be chosen already, whose answer is still being computed.
    const { trace, position, run, layer, traced } = this;
    const { probe } = run.at(traced);
    const read = (p) => probe.read(trace, p);
    const shown = drawColumns(trace, position, read, run.stateWord);
    drawOverview(trace, position, shown);
    drawLogits(trace, position);
    drawHeat(trace, layer, position);
    const key = `${traced} ${layer}`;
    if (this.cloud?.key !== key) {
      this.cloud = { key, ...makeCloud(trace.network, run.task, run.sample, layer) };
    }
    const isLast = traced === run.lastSnapshot;
    drawCloud(this.cloud, trace, position, run.boxes, isLast, run.stateWord);
    sayPosition(trace, position, read(position), run.stateWord);
    sayOutcome(trace);
  }

  show(name) {
    const examples = this.run.content.examples[name];
    const number = this.turns[name]++ % examples.length;
    this.example = { name, number };
    this.#type(examples[number].operands, "error");
  }

  #makeInputs() {
    const { task, content } = this.run;
    const { verdict, examples } = content;
    const known = verdict.operands?.every((text) => text.length <= task.longest) ? verdict : null;
    const first = known ?? examples.failing[0] ?? examples.hardest[0];
    this.inputs = Array.from({ length: task.operands }, (_, k) => {
      const input = make("input", {
        id: `operand-${k + 1}`, autocomplete: "off", spellcheck: "false",
        inputmode: task.base > 10 ? "text" : "numeric", "aria-describedby": "problem",
      });
      input.value = first.operands[k];
      byId("operands").append(make("div", {}, make("label", { for: input.id }), input));
      return input;
    });
    byId("random-digits").value = content.digits;
    byId("random-digits").max = task.longest;
    byId("failing").disabled = !content.examples.failing.length;
    byId("hardest").disabled = !content.examples.hardest.length;
    byId("snapshot").max = this.run.lastSnapshot;
    byId("snapshot").value = this.snapshot;
    byId("snapshot").disabled = this.run.lastSnapshot === 0;
    byId("no-snapshots").hidden = this.run.lastSnapshot > 0;
    for (let layer = 0; layer <= this.layer; layer++) {
      byId("layer").append(make("option", { value: layer }, String(layer + 1)));
    }
    byId("layer").value = this.layer;
  }

  #listen() {
    let waiting;
    for (const input of this.inputs) {
      input.addEventListener("input", () => {
        this.example = null;
        clearTimeout(waiting);
        waiting = setTimeout(() => this.compute(), 150);
        document.body.dataset.state = "computing";
      });
    }
    byId("random").onclick = () => {
      const wanted = Math.round(Number(byId("random-digits").value)) || 1;
      const length = Math.min(this.run.task.longest, Math.max(1, wanted));
      byId("random-digits").value = length;
      this.example = null;
      this.#type(this.inputs.map(() => this.run.task.random(length)));
    };
    byId("hardest").onclick = () => this.show("hardest");
    byId("failing").onclick = () => this.show("failing");
    byId("counterexample").onclick = () => {
      this.#toSnapshot(this.run.lastSnapshot);
      this.example = null;
      this.#type(this.run.content.verdict.operands, "error");
      byId("columns").focus();
    };
    byId("snapshot").oninput = (event) => {
      this.#toSnapshot(Number(event.target.value));
      this.compute({ stand: "here" });
    };
    byId("layer").onchange = (event) => {
      this.layer = Number(event.target.value);
      this.drawPosition();
    };
    byId("language").onchange = (event) => {
      setLanguage(event.target.value);
      this.draw();
    };
    byId("theme").onchange = (event) => this.#toTheme(event.target.value);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    byId("overview").onclick = (event) => this.#goTo(overviewPosition(this.trace, event));
    byId("heat").onclick = (event) => this.#goTo(heatPosition(event));
    byId("columns").onclick = (event) => {
      const cell = event.target.closest("[data-p]");
      if (cell) this.#goTo(Number(cell.dataset.p));
    };
    let width = document.body.clientWidth;
    new ResizeObserver(() => {
      if (document.body.clientWidth === width || !this.trace) return;
      width = document.body.clientWidth;
      this.drawPosition();
    }).observe(document.body);
  }

  /** Puts numbers in; then it stands at the end, or at the first error if there is one. */
  #type(texts, stand = "end") {
    this.inputs.forEach((input, k) => { input.value = texts[k]; });
    sayExample(this.run.content.examples, this.example);
    this.compute({ stand });
  }

  #toSnapshot(number) {
    this.snapshot = number;
    byId("snapshot").value = number;
    this.drawSnapshot();
  }

  #toTheme(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    this.draw();
  }

  #goTo(position) {
    this.player.step(position - this.position);
  }

  #sayProblem() {
    byId("problem").textContent = this.problem ? say(this.problem.key, this.problem.values) : "";
    if (this.problem) document.body.dataset.state = "problem";
  }
}

export function start() {
  const run = new Run(JSON.parse(byId("content").textContent));
  const language = (navigator.language || "en").startsWith("zh") ? "zh" : "en";
  setLanguage(language);
  byId("language").value = language;
  const page = new Page(run);
  page.draw();
  page.compute({ stand: "error" });
  window.ripplecarry = { answer: (...texts) => answerOf(run, page.snapshot, texts) };
}
