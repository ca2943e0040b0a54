// What the page writes for a machine's state, and for its symbol.

import { say } from "./words.js";

/** A state's number, and its name where it has one. */
export function stateText(task, state) {
  const name = task.kind === "comparison" ? say(`compared.${state}`) : task.stateNames?.[state];
  return name === undefined ? String(state) : say("state.named", { state, name });
}

/** The digits at a position, and the symbol's name where it has one. */
export function digitsText(task, digits) {
  const text = Array.from(digits, (digit) => task.writeDigit(digit)).join(", ");
  const symbol = digits.reduceRight((rest, digit) => rest * task.base + digit, 0);
  return task.symbolNames ? say("state.named", { state: text, name: task.symbolNames[symbol] }) : text;
}
