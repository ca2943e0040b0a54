// The sum set out as on paper: the least significant digit on the right, carries above their columns.

import { byId, colour, context, make } from "./elements.js";
import { count, say, sayOf } from "./words.js";

const COLUMN_PX = 28;

/** Which positions are shown: as many as fit, around the current one. */
export function shownPositions(trace, position, width) {
  const fits = Math.max(4, Math.floor(width / COLUMN_PX));
  const size = Math.min(fits, trace.length);
  const from = Math.max(0, Math.min(position - Math.floor(size / 2), trace.length - size));
  return { from, to: from + size - 1 };
}

/**
 * Draws the columns up to the current position; further ones show operands only.
 * @param read the machine state that the probe reads behind a position
 */
export function drawColumns(trace, position, read, stateWord) {
  const box = byId("columns");
  const narrow = box.clientWidth < 480;
  const { from, to } = shownPositions(trace, position, box.clientWidth - (narrow ? 84 : 130));
  const columns = Array.from({ length: to - from + 1 }, (_, i) => to - i);
  const isKnown = (p) => p <= position;
  const state = say(`state.${stateWord}`);
  const row = (name, words, cell) => {
    const cells = columns.map((p) => {
      const { text, kind = "" } = cell(p);
      const found = make("td", { class: `${kind} ${p === position ? "here" : ""}`, "data-p": p }, text);
      return found;
    });
    return make("tr", { class: name }, make("th", { scope: "row" }, words), ...cells);
  };
  // Long numbers of positions overlap their neighbours.
  const hasRoom = (p) => p === position || p < 1000 || (p % 5 === 0 && Math.abs(p - position) > 1);
  const operands = Array.from({ length: trace.task.operands }, (_, k) =>
    row("operand", sayOf(trace.task, "operand", { n: k + 1 }), (p) => ({ text: trace.task.writeDigit(trace.positions[p][k]) })));
  const entering = (p, value) => {
    const kind = `state state-${Math.min(trace.states[p], 2)}`;
    return isKnown(p - 1) || p === 0 ? { text: String(value), kind } : { text: "" };
  };
  const table = make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "row" }, say("row.position")),
      ...columns.map((p) => make("th", {
        scope: "col", "data-p": p, "aria-label": p, class: p === position ? "here" : "",
      }, hasRoom(p) ? String(p) : "")))),
    make("tbody", {},
      row("true-state", say("row.state", { state }), (p) => entering(p, trace.states[p])),
      row("probe", say("row.probe", { state }), (p) => {
        if (p === 0 || !isKnown(p - 1)) return { text: "" };
        const value = read(p - 1);
        const cell = entering(p, value);
        return value === trace.states[p] ? cell : { text: cell.text, kind: "wrong" };
      }),
      ...operands,
      row("given", say("row.given"), (p) =>
        isKnown(p) ? { text: trace.task.write(trace.given[p]), kind: trace.isWrong(p) ? "wrong" : "" } : { text: "" }),
      row("right", say("row.right"), (p) =>
        isKnown(p) && trace.isWrong(p) ? { text: trace.task.write(trace.right[p]) } : { text: "" }),
    ));
  box.replaceChildren(table);
  return { from, to };
}

/** Draws all positions as one strip: wrong ones marked, what is shown above framed. */
export function drawOverview(trace, position, shown) {
  const canvas = byId("overview");
  const width = byId("columns").clientWidth;
  const drawing = context(canvas, width, 14);
  const at = (p) => ((trace.length - 1 - p) / trace.length) * width;
  const each = width / trace.length;
  drawing.fillStyle = colour("line");
  drawing.fillRect(0, 3, width, 8);
  drawing.fillStyle = colour("accent");
  drawing.fillRect(at(position), 3, width - at(position), 8);
  const wrong = trace.wrongPositions().filter((p) => p <= position);
  drawing.fillStyle = colour("wrong");
  for (const p of wrong) drawing.fillRect(at(p), 1, Math.max(each, 2), 12);
  drawing.strokeStyle = colour("ink");
  drawing.strokeRect(at(shown.to) + 0.5, 0.5, Math.max(3, at(shown.from) + each - at(shown.to) - 1), 13);
  canvas.setAttribute("aria-label", say("overview.label", {
    length: count(trace.length), wrong: count(wrong.length), shown: `${shown.from}–${shown.to}`,
  }));
}

/** The position under a click in the overview. */
export function overviewPosition(trace, event) {
  const { left, width } = byId("overview").getBoundingClientRect();
  const share = 1 - (event.clientX - left) / width;
  return Math.min(trace.length - 1, Math.max(0, Math.floor(share * trace.length)));
}

/** Bars for the current position's logits, the right digit and the answer marked. */
export function drawLogits(trace, position) {
  const logits = Array.from(trace.logitsAt(position));
  const least = Math.min(...logits);
  const span = Math.max(...logits) - least || 1;
  const bars = logits.map((logit, digit) => {
    const bar = make("i", { style: `height:${(4 + ((logit - least) / span) * 44).toFixed(1)}px` });
    const kind = digit === trace.right[position] ? "right" : digit === trace.given[position] ? "wrong" : "";
    return make("span", { class: kind, title: logit.toFixed(4) }, bar, make("b", {}, trace.task.write(digit)));
  });
  const box = byId("logits");
  box.replaceChildren(...bars);
  const list = logits.map((logit, digit) => `${trace.task.write(digit)} ${logit.toFixed(2)}`).join(", ");
  box.setAttribute("aria-label", say("logits.label", { list }));
}
