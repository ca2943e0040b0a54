// Testing a network where it is hard: asking for it, and saying what came out.

import { byId } from "./elements.js";
import { explain } from "./explain.js";
import { applies } from "./settings.js";
import { count, percent, say } from "./words.js";

const LEAST_LONGEST = 40;
const TIMES_LONGER = 5;

export class TestView {
  /** @param page with crew, settings, table, task, shown, sum */
  constructor(page) {
    this.page = page;
    byId("test").onclick = () => this.start();
    byId("wrong").onclick = () => {
      this.page.sum.type(this.result.wrong.operands, "error");
      byId("columns").focus(); // the sum is far above
    };
  }

  begin() {
    this.page.crew.stopTest();
    this.share = null;
    this.result = null;
  }

  start() {
    const { crew, settings, table, shown, task } = this.page;
    if (this.share !== null) {
      crew.stopTest();
      this.share = null;
    } else {
      this.share = 0;
      this.result = null;
      const longest = Math.min(task.longest, Math.max(LEAST_LONGEST, TIMES_LONGER * settings.digits));
      crew.test(settings, table, shown.weights, longest);
    }
    this.draw();
  }

  progressed(share) { this.share = share; }

  finished(result) {
    this.page.crew.stopTest();
    this.share = null;
    this.result = result;
    this.page.announce(() => this.#words());
  }

  draw() {
    const { result } = this;
    byId("test").textContent = say(this.share === null ? "test.start" : "test.stop");
    byId("test").disabled = !this.page.shown;
    byId("tested").textContent = this.share === null ? (result ? this.#words() : "") : say("computing", { done: percent(this.share) });
    byId("tested").className = result ? (result.wrong ? "wrong" : "right") : "";
    byId("why").textContent = result ? explain(result.cells, result.hard, this.page.task.isOnNumbers ? "digit" : "symbol") : "";
    byId("wrong").hidden = !result?.wrong;
  }

  #words() {
    if (!this.result) return "";
    const { wrong, numTested } = this.result;
    if (!wrong) return say("tested.none", { count: count(numTested) });
    return say("tested.wrong", { sum: equation(this.page.settings, wrong), answer: wrong.answer ?? say("tested.nothing"), position: wrong.position });
  }
}

/** The right sum, as people write it. */
function equation(settings, { operands, right }) {
  const { task, factor, base } = settings;
  const tail = base === 10 || !applies("base", settings) ? "" : ` (${say("set.base")} ${base})`;
  if (task === "addition") return `${operands.join(" + ")} = ${right}${tail}`;
  if (task === "times") return `${operands[0]} × ${factor} = ${right}${tail}`;
  if (task !== "subtraction") return `${operands.join(", ")} → ${right}${tail}`;
  // there is no position for the last borrow of a negative difference
  const isNegative = right.length > Math.max(...operands.map((text) => text.length));
  return `${operands.join(" − ")}${isNegative ? ` mod ${base}^${right.length}` : ""} = ${right}${tail}`;
}
