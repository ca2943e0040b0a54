// What is known of the network's answers.

import { byId, make } from "./elements.js";
import { count, percent, say } from "./words.js";

const MOST_ROWS = 4;

export function drawVerdict(verdict, task) {
  byId("verdict").className = verdict.kind;
  byId("verdict-kind").textContent = say(`verdict.${verdict.kind}`);
  byId("verdict-words").textContent = say(`verdict.${verdict.kind}.words`, {
    margin: verdict.margin?.toPrecision(4),
    equation: verdict.equation ?? `${verdict.operands?.map(shortened).join(", ")}: ${shortened(verdict.right ?? "")}`,
    position: verdict.first_wrong_position,
    answer: shortened(verdict.answer ?? ""),
  });
  byId("explanation").hidden = !verdict.explanation;
  byId("explanation").textContent = verdict.explanation;
  const fits = verdict.operands?.every((text) => text.length <= task.longest);
  byId("counterexample").hidden = !fits;
  byId("statement").hidden = verdict.kind !== "proved";
  byId("statement").textContent = verdict.statement ?? "";
  const note = verdict.kind === "proved"
    ? say("verdict.page")
    : verdict.refusal && say("verdict.refused", { why: verdict.refusal });
  byId("verdict-note").hidden = !note;
  byId("verdict-note").textContent = note ?? "";
  byId("forgetting").hidden = !verdict.forgetting;
  byId("forgetting").textContent = verdict.forgetting ? forgettingWords(verdict.forgetting) : "";
  byId("tests").replaceChildren(...testTables(verdict.tests));
}

/** @param ratios by how much 1, 2, … positions multiply a small difference between states */
function forgettingWords(ratios) {
  const factor = ratios.at(-1);
  const values = { factor: factor.toPrecision(2), positions: ratios.length };
  return say(factor < 1 ? "forgetting.yes" : "forgetting.no", values);
}

/** A number with its middle left out where it is long. */
function shortened(text) {
  return text.length > 40 ? `${text.slice(0, 12)}…${text.slice(-12)} (${count(text.length)})` : text;
}

/** The tests; where there are many the least certain one in front, and all behind a click. */
function testTables(tests) {
  if (!tests.length) return [];
  if (tests.length <= MOST_ROWS) return [testTable(tests)];
  const worst = tests.reduce((a, b) => (b.low < a.low ? b : a));
  const all = make("details", {}, make("summary", {}, say("tests.all", { number: tests.length })), testTable(tests));
  return [testTable([worst]), all];
}

function testTable(tests) {
  const heads = ["what", "pairs", "exact", "interval"].map((name) => make("th", { scope: "col" }, say(`test.${name}`)));
  const rows = tests.map((test) => {
    const words = say(`test.${test.what}`, test);
    const interval = test.isAll ? say("test.every") : `${percent(test.low)} – ${percent(test.high)}`;
    return make("tr", {},
      make("th", { scope: "row" }, words),
      make("td", {}, count(test.pairs)),
      make("td", {}, count(test.exact)),
      make("td", {}, interval));
  });
  return make("table", { class: "plain" },
    make("caption", {}, say("tests.caption")),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows));
}
