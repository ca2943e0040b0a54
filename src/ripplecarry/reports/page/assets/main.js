// The page: what is chosen, and who draws it.

import { drawCloud, makeCloud } from "./cloud.js";
import { drawColumns, drawLogits, drawOverview, overviewPosition } from "./columns.js";
import { drawCurves, valueAt } from "./curves.js";
import { byId, make } from "./elements.js";
import { drawHeat, heatPosition } from "./heat.js";
import { Player } from "./player.js";
import { Run } from "./run.js";
import { TypedError, written } from "./task.js";
import { Trace, finish } from "./trace.js";
import { drawVerdict } from "./verdict.js";
import { count, percent, say, setLanguage } from "./words.js";

class Page {
  constructor(run) {
    this.run = run;
    this.checkpoint = run.lastCheckpoint;
    this.layer = run.content.network.layers - 1;
    this.position = 0;
    this.trace = null;
    this.problem = null;
    this.example = null;
    this.asked = 0;
    this.turns = { hardest: 0, failing: 0 };
    this.player = new Player((change) => this.move(change));
    this.#makeInputs();
    this.#listen();
  }

  /** Reads the typed numbers and computes their answer. */
  async compute({ toEnd = true } = {}) {
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
    const { network } = this.run.at(this.checkpoint);
    const trace = new Trace(network, task, task.align(digits, content.extraPositions));
    document.body.dataset.state = "computing";
    const progressed = (share) => { byId("outcome").textContent = say("computing", { done: percent(share) }); };
    if (!(await finish(trace, () => mine === this.asked, progressed))) return;
    this.trace = trace;
    this.position = toEnd ? trace.length - 1 : Math.min(this.position, trace.length - 1);
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
    const { content } = run;
    const { network } = content;
    byId("about").textContent = say("about", {
      id: content.run.id, cell: network.cell.toUpperCase(), layers: network.layers, hidden: network.hidden,
      digits: content.digits, base: run.task.base, steps: count(run.checkpoints.at(-1).step),
    });
    const settings = Object.entries(content.settings).map(([name, value]) => `${name} ${value}`).join(", ");
    byId("settings").textContent = say("settings", { settings, engine: content.run.engine, seed: content.run.seed });
    const task = say(`task.${run.task.kind}`, { factor: run.task.factor });
    byId("columns").setAttribute("aria-label", say("columns.label", { task }));
    this.inputs.forEach((input, k) => { input.previousElementSibling.textContent = say("operand", { n: k + 1 }); });
    this.player.speak();
    this.#sayProblem();
    this.#sayExample();
    drawVerdict(content.verdict);
    this.drawCheckpoint();
    if (this.trace) this.drawPosition();
  }

  /** Draws what depends on the checkpoint alone. */
  drawCheckpoint() {
    const { run, checkpoint } = this;
    const { step, probe } = run.checkpoints[checkpoint];
    const shown = (value, form) => (value === undefined ? say("unknown") : form(value));
    const words = say("training.words", {
      step: count(step),
      loss: shown(valueAt(run.curves.loss, step), (value) => value.toPrecision(3)),
      exact: shown(valueAt(run.curves.exact, step), percent),
      state: say(`state.${run.stateWord}`),
      accuracy: percent(probe.accuracy),
      samples: count(probe.samples),
      commonest: percent(probe.commonest),
    });
    const isLast = checkpoint === run.lastCheckpoint;
    byId("checkpoint-words").textContent = `${words} ${say(isLast ? "training.last" : "training.rounded")}`;
    byId("checkpoint").setAttribute("aria-valuetext", words);
    drawCurves(run.curves, step, run.checkpoints.at(-1).step);
  }

  /** Draws what depends on the position. */
  drawPosition() {
    const { trace, position, run, layer } = this;
    const { probe } = run.at(this.checkpoint);
    const read = (p) => probe.read(trace, p);
    const shown = drawColumns(trace, position, read, run.stateWord);
    drawOverview(trace, position, shown);
    drawLogits(trace, position);
    drawHeat(trace, layer, position);
    const key = `${this.checkpoint} ${layer}`;
    if (this.cloud?.key !== key) {
      this.cloud = { key, ...makeCloud(trace.network, run.task, run.sample, layer) };
    }
    const isLast = this.checkpoint === run.lastCheckpoint;
    drawCloud(this.cloud, trace, position, run.boxes, isLast, run.stateWord);
    this.#sayPosition(read(position));
    this.#sayOutcome();
  }

  show(name) {
    const examples = this.run.content.examples[name];
    if (!examples.length) return;
    const number = this.turns[name]++ % examples.length;
    this.example = { name, number, total: examples.length, ...{ of: examples[number] } };
    this.#type(examples[number].operands);
  }

  #makeInputs() {
    const { task, content } = this.run;
    const first = content.examples.hardest[0] ?? content.examples.failing[0];
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
    byId("checkpoint").max = this.run.lastCheckpoint;
    byId("checkpoint").value = this.checkpoint;
    byId("checkpoint").disabled = this.run.lastCheckpoint === 0;
    byId("no-checkpoints").hidden = this.run.lastCheckpoint > 0;
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
      this.#toCheckpoint(this.run.lastCheckpoint);
      this.example = null;
      this.#type(this.run.content.verdict.operands);
      byId("columns").focus();
    };
    byId("checkpoint").oninput = (event) => {
      this.#toCheckpoint(Number(event.target.value));
      this.compute({ toEnd: false });
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
    addEventListener("resize", () => {
      if (document.body.clientWidth === width || !this.trace) return;
      width = document.body.clientWidth;
      this.drawPosition();
    });
  }

  #type(texts) {
    this.inputs.forEach((input, k) => { input.value = texts[k]; });
    this.#sayExample();
    this.compute();
  }

  #toCheckpoint(number) {
    this.checkpoint = number;
    byId("checkpoint").value = number;
    this.drawCheckpoint();
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

  #sayExample() {
    const { example } = this;
    const isKnown = this.run.content.examples.failing.length > 0;
    byId("example").textContent = !example ? (isKnown ? "" : say("example.none"))
      : say(`example.${example.name}`, {
          n: example.number + 1, total: example.total, name: example.of.name, margin: example.of.margin.toPrecision(3),
        });
  }

  #sayPosition(read) {
    const { trace, position } = this;
    const right = written(trace.right[position]);
    byId("here").textContent = say("here", {
      position,
      digits: Array.from(trace.positions[position], written).join(", "),
      state: say(`state.${this.run.stateWord}`),
      before: trace.states[position],
      given: written(trace.given[position]),
      judgement: trace.isWrong(position) ? say("here.wrong", { right }) : say("here.right"),
      after: trace.states[position + 1],
      read,
    });
  }

  #sayOutcome() {
    const { trace } = this;
    const wrong = trace.wrongPositions();
    const words = wrong.length
      ? say("outcome.wrong", { wrong: count(wrong.length), length: count(trace.length), first: wrong[0] })
      : say("outcome", { length: count(trace.length) });
    byId("outcome").textContent = words;
    byId("outcome").className = wrong.length ? "wrong" : "right";
    const rows = [["answer.given", trace.given], ["answer.right", trace.right]];
    byId("answer").replaceChildren(...rows.flatMap(([key, digits]) =>
      [make("dt", {}, say(key)), make("dd", {}, joined(digits))]));
  }
}

/** Answer digits, the most significant first; spaced where one may have several characters. */
function joined(digits) {
  const isWide = digits.some((digit) => digit > 35);
  return Array.from(digits, written).reverse().join(isWide ? " " : "");
}

/** For the console and for tests: the answer digits, most significant first, and the logits by position. */
function answerOf(page, texts) {
  const { run } = page;
  const digits = texts.map((text) => run.task.parse(String(text)));
  const positions = run.task.align(digits, run.content.extraPositions);
  const trace = new Trace(run.at(page.checkpoint).network, run.task, positions);
  trace.advance();
  const logits = Array.from({ length: trace.length }, (_, p) => Array.from(trace.logitsAt(p)));
  return { digits: joined(trace.given), right: joined(trace.right), logits };
}

export function start() {
  const run = new Run(JSON.parse(byId("content").textContent));
  const language = (navigator.language || "en").startsWith("zh") ? "zh" : "en";
  setLanguage(language);
  byId("language").value = language;
  const page = new Page(run);
  page.draw();
  page.compute();
  window.ripplecarry = { answer: (...texts) => answerOf(page, texts) };
}
