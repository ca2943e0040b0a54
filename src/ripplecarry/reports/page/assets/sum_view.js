// One's own numbers at a network: what is typed, the position, and who draws it.

import { drawCloud } from "./cloud.js";
import { drawColumns, drawLogits, drawOverview, overviewPosition } from "./columns.js";
import { byId, make } from "./elements.js";
import { drawHeat, heatPosition } from "./heat.js";
import { Player } from "./player.js";
import { sayOutcome, sayPosition } from "./sentences.js";
import { TypedError } from "./task.js";
import { Trace, finish } from "./trace.js";
import { percent, say, sayOf } from "./words.js";

const WAIT_MS = 150; // for the next key

export class SumView {
  /**
   * @param source what is shown: {task, layers, stateWord, boxes, shown: {network, probe, isLast},
   *   cloudOf(layer), isRunning where it trains}; all but the first may change between drawings
   * @param typed called when somebody types or draws other numbers
   */
  constructor(source, typed) {
    this.source = source;
    this.typed = typed;
    this.inputs = [];
    this.position = 0;
    this.trace = null;
    this.problem = null;
    this.asked = 0; // how often an answer was, so that an older one knows that it is not wanted any more
    this.player = new Player((change) => this.move(change), () => source.isRunning ?? false);
    this.#listen();
  }

  /** What is typed. */
  get texts() {
    return this.inputs.map((input) => input.value);
  }

  /** Begins with a task's operands. */
  begin(texts, digits) {
    const { task, layers } = this.source;
    let waiting; // one for all: the last key typed counts
    this.inputs = Array.from({ length: task.operands }, (_, k) => {
      const input = make("input", {
        id: `operand-${k + 1}`, autocomplete: "off", spellcheck: "false",
        inputmode: task.base > 10 ? "text" : "numeric", "aria-describedby": "problem",
      });
      input.value = texts[k];
      input.addEventListener("input", () => {
        this.typed();
        clearTimeout(waiting);
        waiting = setTimeout(() => this.compute(), WAIT_MS);
        document.body.dataset.state = "computing";
      });
      return input;
    });
    byId("operands").replaceChildren(...this.inputs.map((input) =>
      make("div", {}, make("label", { for: input.id }), input)));
    byId("random-digits").value = digits;
    byId("random-digits").max = task.longest;
    this.layer = layers - 1;
    byId("layer").replaceChildren(...Array.from({ length: layers }, (_, layer) =>
      make("option", { value: layer }, String(layer + 1))));
    byId("layer").value = this.layer;
    this.trace = null;
    this.position = Infinity; // the end, of whatever length
    this.speak();
  }

  /** Reads the typed numbers and computes their answer. */
  async compute({ stand = "end", goesOn = false } = {}) {
    const mine = ++this.asked;
    if (!goesOn) this.player.pause();
    const { task, shown } = this.source;
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
    const trace = new Trace(shown.network, task, task.align(digits));
    document.body.dataset.state = "computing";
    const progressed = (share) => { byId("outcome").textContent = say("computing", { done: percent(share) }); };
    if (!(await finish(trace, () => mine === this.asked, progressed))) return;
    this.trace = trace;
    this.traced = shown;
    const places = { end: trace.length - 1, error: trace.wrongPositions()[0], here: this.position };
    this.position = Math.min(places[stand] ?? places.end, places.end);
    this.drawPosition();
    document.body.dataset.state = "ready";
  }

  /** Puts numbers in; then it stands at the end, or at the first error if there is one. */
  type(texts, stand = "end") {
    this.inputs.forEach((input, k) => { input.value = texts[k]; });
    return this.compute({ stand });
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

  /** Puts the words of this language on what it shows. */
  speak() {
    this.inputs.forEach((input, k) => { input.previousElementSibling.textContent = sayOf(this.source.task, "operand", { n: k + 1 }); });
    byId("random-digits").previousElementSibling.textContent = sayOf(this.source.task, "random.digits");
    this.player.speak();
    this.#sayProblem();
    this.drawPosition();
  }

  /** Draws what depends on the position. */
  drawPosition() {
    if (!this.trace) return;
    // The trace's network: another may be chosen already, whose answer is still being computed.
    const { trace, position, layer, traced, source } = this;
    const read = (p) => traced.probe.read(trace, p);
    const columns = drawColumns(trace, position, read, source.stateWord);
    drawOverview(trace, position, columns);
    drawLogits(trace, position);
    drawHeat(trace, layer, position);
    const cloud = source.cloudOf(traced, layer);
    if (cloud) drawCloud(cloud, trace, position, source.boxes, traced.isLast, source.stateWord);
    sayPosition(trace, position, read(position), source.stateWord);
    sayOutcome(trace);
  }

  #listen() {
    byId("random").onclick = () => {
      const { task } = this.source;
      const wanted = Math.round(Number(byId("random-digits").value)) || 1;
      const length = Math.min(task.longest, Math.max(1, wanted));
      byId("random-digits").value = length;
      this.typed();
      this.type(this.inputs.map(() => task.random(length)));
    };
    byId("layer").onchange = (event) => {
      this.layer = Number(event.target.value);
      this.drawPosition();
    };
    byId("overview").onclick = (event) => this.#goTo(overviewPosition(this.trace, event));
    byId("heat").onclick = (event) => this.#goTo(heatPosition(event));
    byId("columns").onclick = (event) => {
      const cell = event.target.closest("[data-p]");
      if (cell) this.#goTo(Number(cell.dataset.p));
    };
    let width = document.body.clientWidth;
    new ResizeObserver(() => {
      if (document.body.clientWidth === width) return;
      width = document.body.clientWidth;
      this.drawPosition();
    }).observe(document.body);
  }

  #goTo(position) {
    this.player.step(position - this.position);
  }

  #sayProblem() {
    byId("problem").textContent = this.problem ? say(this.problem.key, this.problem.values) : "";
    if (this.problem) document.body.dataset.state = "problem";
  }
}
