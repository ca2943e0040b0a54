// Loss, exact match and probe accuracy over training, with a marker at the snapshot.

import { byId, draw, make } from "./elements.js";
import { count, say } from "./words.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [420, 168, 56, 40, 8];

/**
 * @param curves {loss, exact, probe}, each [[updates, value], …]
 * @param step updates done at the snapshot
 */
export function drawCurves(curves, step, lastStep) {
  // Updates on a logarithmic scale, as the snapshots are spaced; one more, so that 0 has a place.
  const across = (updates) => LEFT + (Math.log1p(updates) / (Math.log1p(lastStep) || 1)) * (WIDTH - LEFT - 8);
  const loss = [{ name: "loss", points: curves.loss }];
  const shares = ["exact", "probe"].map((name) => ({ name, points: curves[name] }));
  // A run that was trained elsewhere has no curves.
  const panels = [[loss, true], [shares, false]].filter(([lines]) => lines[0].points.length);
  byId("curves").replaceChildren(
    ...panels.map(([lines, isLogarithmic]) => panel(lines, across, step, lastStep, isLogarithmic)));
}

/** What was read last at or before so many updates, as [updates, value], or undefined. */
export function readingAt(points, step) {
  return points.findLast(([updates]) => updates <= step);
}

function panel(lines, across, step, lastStep, isLogarithmic) {
  const values = lines.flatMap((line) => line.points.map((point) => point[1])).filter((v) => Number.isFinite(v));
  const scaled = isLogarithmic ? (value) => Math.log10(Math.max(value, 1e-12)) : (value) => value;
  const low = isLogarithmic ? Math.min(...values.map(scaled)) : 0;
  const high = isLogarithmic ? Math.max(...values.map(scaled)) : 1;
  const up = (value) => HEIGHT - BOTTOM - ((scaled(value) - low) / (high - low || 1)) * (HEIGHT - BOTTOM - TOP);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const ticks = isLogarithmic
    ? Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i))
    : [0, 0.5, 1];
  for (const tick of ticks) {
    svg.append(draw("line", { x1: LEFT, x2: WIDTH - 8, y1: up(tick), y2: up(tick), class: "grid" }));
    svg.append(draw("text", { x: LEFT - 5, y: up(tick) + 4, class: "tick end" }, String(Number(tick.toPrecision(3)))));
  }
  const marks = [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000].filter((mark) => mark <= lastStep);
  for (const mark of marks) {
    svg.append(draw("text", { x: Math.min(across(mark), WIDTH - 18), y: HEIGHT - 24, class: "tick middle" }, count(mark)));
  }
  svg.append(draw("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 7, class: "tick middle" }, say("curve.updates")));
  const beside = `translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`;
  svg.append(draw("text", { transform: beside, class: "tick middle" }, say(isLogarithmic ? "curve.nats" : "curve.share")));
  for (const { name, points } of lines) {
    const finite = points.filter(([, value]) => Number.isFinite(value));
    const path = finite.map(([updates, value]) => `${across(updates).toFixed(1)},${up(value).toFixed(1)}`);
    svg.append(draw("polyline", { points: path.join(" "), class: `curve ${name}` }));
    const [, value] = readingAt(finite, step) ?? [];
    if (value !== undefined) svg.append(draw("circle", { cx: across(step), cy: up(value), r: 4, class: `curve ${name}` }));
  }
  svg.append(draw("line", { x1: across(step), x2: across(step), y1: TOP, y2: HEIGHT - BOTTOM, class: "marker" }));
  const names = lines.map(({ name }) => make("span", { class: name }, make("i"), say(`curve.${name}`)));
  return make("figure", {}, make("figcaption", { class: "legend soft" }, ...names), svg);
}
