// What is seen of training: curves, buttons, how far it is.

import { addressOf } from "./address.js";
import { drawCharts } from "./charts.js";
import { byId } from "./elements.js";
import { sayLessons } from "./lessons.js";
import { commandLine } from "./settings.js";
import { statusOf } from "./status.js";
import { count, say } from "./words.js";

/** @param page of playground_page.js */
export function drawLearning(page) {
  const own = { name: "own", words: say("chart.own"), loss: page.curves.lossBand(), exact: page.curves.exactBand() };
  const lines = [...page.pinned.map((pin, i) => ({ ...pin, name: `pin-${i}` })), ...page.presets.lines(), own];
  drawCharts(lines, page.settings.steps);
  const isOver = page.isDone && !page.isRunning;
  byId("start").textContent = say(isOver ? "over" : page.isRunning ? "pause" : page.steps ? "resume" : "start");
  byId("start").disabled = isOver;
  byId("start").title = isOver ? say("said.finished") : "";
  byId("one").disabled = page.isDone || page.isRunning;
  byId("pin").disabled = !page.steps;
  byId("unpin").hidden = !page.pinned.length;
  byId("take").disabled = !page.steps;
  byId("status").textContent = page.trouble ? "" : statusOf(page);
  byId("snapshot").max = Math.max(0, page.snapshots.all.length - 1);
  byId("snapshot").disabled = page.snapshots.all.length < 2 || page.isRunning;
  if (page.isLive) byId("snapshot").value = page.snapshots.all.length - 1;
  byId("snapshot-words").textContent = page.given ? say("file.shown") : say("snapshot.words", { step: count(page.shown?.step ?? 0) });
  byId("command").textContent = commandLine(page.settings, Math.max(1, page.progress.get(page.settings.seed).step || page.settings.steps));
  sayLessons(addressOf(page.settings));
  sayTask(page.settings.task === "addition", page.task.isOnNumbers);
}

/** What the page is about with this task. */
function sayTask(isAddition, isOnNumbers) {
  for (const part of ["title", "about"]) byId(`play-${part}`).textContent = say(isAddition ? `play.${part}` : `play.${part}.task`);
  byId("sum-title").textContent = say(isOnNumbers ? "play.sum" : "play.sequence");
}
