// How training goes, in a line.

import { count, percent, say } from "./words.js";

/** @param page with progress, curves, settings, steps, rate, isRunning */
export function statusOf(page) {
  const { settings, curves, rate } = page;
  const progress = [...page.progress.values()];
  const diverged = progress.filter(({ outcome }) => outcome === "diverged").length;
  const exact = curves.exactBand().at(-1);
  const words = [say("status.step", { step: count(Math.min(...progress.map(({ step }) => step))), of: count(settings.steps) })];
  if (page.isRunning && rate) {
    const left = settings.steps * progress.length - page.steps;
    words.push(say("status.rate", { rate: count(Math.round(rate)), left: count(Math.ceil(left / rate)) }));
  }
  if (exact) words.push(say("status.exact", { share: percent(exact[1]), pairs: count(1000 * progress.length) }));
  if (diverged) words.push(say("status.diverged", { number: diverged, of: progress.length }));
  return words.join(" · ");
}
