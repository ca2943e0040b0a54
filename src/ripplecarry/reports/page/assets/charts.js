// Loss and exact match while training, with a range over seeds; pinned ones and the report's own beside them.

import { byId, draw, make } from "./elements.js";
import { count, say } from "./words.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [420, 190, 52, 38, 8, 10];
const MOST_POINTS = 200;
const FLOOR = 1e-4; // of the loss that is drawn

/** A curve over updates for each seed, kept at a bounded number of points: means of equal stretches. */
export class SeedCurves {
  constructor(seeds) {
    this.losses = new Map(seeds.map((seed) => [seed, { width: 1, points: [], sum: 0, held: 0 }]));
    this.exact = new Map(seeds.map((seed) => [seed, []]));
  }

  add(seed, losses, exact) {
    const curve = this.losses.get(seed);
    for (const loss of losses) {
      curve.sum += loss;
      if (++curve.held < curve.width) continue;
      curve.points.push(curve.sum / curve.width);
      curve.sum = curve.held = 0;
      if (curve.points.length >= 2 * MOST_POINTS) this.#halve(curve);
    }
    this.exact.get(seed).push(...exact);
  }

  /** [[updates, mean, least, most], …] over the seeds that have come so far. */
  lossBand() {
    const all = [...this.losses.values()];
    const width = Math.max(...all.map((curve) => curve.width));
    const even = all.map(({ width: own, points }) => {
      const each = width / own;
      return Array.from({ length: Math.floor(points.length / each) }, (_, i) => mean(points.slice(i * each, (i + 1) * each)));
    });
    const length = Math.max(0, ...even.map((points) => points.length));
    return Array.from({ length }, (_, i) => summary((i + 0.5) * width, even.map((points) => points[i])));
  }

  exactBand() {
    const all = [...this.exact.values()];
    const longest = all.reduce((a, b) => (b.length > a.length ? b : a), []);
    return longest.map(([updates], i) => summary(updates, all.map((points) => points[i]?.[1])));
  }

  #halve(curve) {
    curve.points = Array.from({ length: curve.points.length / 2 }, (_, i) => (curve.points[2 * i] + curve.points[2 * i + 1]) / 2);
    curve.width *= 2;
  }
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function summary(updates, values) {
  const there = values.filter((value) => value !== undefined);
  return [updates, mean(there), Math.min(...there), Math.max(...there)];
}

/**
 * @param lines [{name, words, loss, exact, dashed}], bands or [[updates, value], …]; name is a style's class
 * @param steps where the axis ends
 */
export function drawCharts(lines, steps) {
  const last = Math.max(steps, ...lines.filter((line) => !line.dashed).flatMap(({ loss }) => loss.at(-1)?.[0] ?? 0));
  byId("charts").replaceChildren(
    chart(lines, "loss", last, true), chart(lines, "exact", last, false), legend(lines));
}

function chart(lines, metric, last, isLogarithmic) {
  const values = lines.flatMap((line) => line[metric].flatMap(([, ...each]) => each)).filter(Number.isFinite);
  const scaled = isLogarithmic ? (value) => Math.log10(Math.max(value, FLOOR)) : (value) => value;
  const low = isLogarithmic ? Math.floor(Math.min(-1, ...values.map(scaled))) : 0;
  const high = isLogarithmic ? Math.max(0.5, ...values.map(scaled)) : 1;
  const across = (updates) => LEFT + (Math.min(updates, last) / last) * (WIDTH - LEFT - RIGHT);
  const up = (value) => HEIGHT - BOTTOM - ((scaled(value) - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const ticks = isLogarithmic ? Array.from({ length: Math.floor(high) - low + 1 }, (_, i) => 10 ** (low + i)) : [0, 0.5, 1];
  for (const tick of ticks) {
    svg.append(draw("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: up(tick), y2: up(tick), class: "grid" }));
    svg.append(draw("text", { x: LEFT - 5, y: up(tick) + 4, class: "tick end" }, String(Number(tick.toPrecision(3)))));
  }
  for (const share of [0, 0.5, 1]) {
    const anchor = share === 1 ? "end" : "middle";
    svg.append(draw("text", { x: across(share * last), y: HEIGHT - 22, class: `tick ${anchor}` }, count(Math.round(share * last))));
  }
  svg.append(draw("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 6, class: "tick middle" }, say("chart.updates")));
  const beside = `translate(12 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`;
  svg.append(draw("text", { transform: beside, class: "tick middle" }, say(`chart.${metric}`)));
  const text = (points) => points.map(([x, y]) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`).join(" ");
  for (const { name, dashed, [metric]: given } of lines) {
    const points = given.filter(([updates, value]) => Number.isFinite(value) && updates <= last);
    if (points[0]?.length === 4) {
      const outline = [...points.map(([x, , , top]) => [x, top]), ...points.toReversed().map(([x, , bottom]) => [x, bottom])];
      svg.append(draw("polygon", { points: text(outline), class: `range ${name}` }));
    }
    svg.append(draw("polyline", { points: text(points), class: `curve ${name} ${dashed ? "dashed" : ""}` }));
  }
  return make("figure", {}, svg);
}

function legend(lines) {
  const names = lines.map(({ name, words, dashed }) => make("span", { class: `${name} ${dashed ? "dashed" : ""}` }, make("i"), words));
  return make("p", { class: "legend soft" }, ...names);
}

/** Bars of exact match by longest run or length, that fill from the left. */
export function drawBars({ kind, bars }) {
  byId("bars-title").textContent = say(byId("bars-title").dataset.w = `bars.${kind}`);
  byId("bars").replaceChildren(...bars.map(({ run, share, count: pairs }) => make("div", { class: share === 1 ? "full" : "" },
    make("span", {}, String(run)), make("meter", { min: 0, max: 1, value: share, "aria-label": say(`bar.${kind}`, { run }) }),
    make("span", {}, `${Math.round(share * pairs)}/${pairs}`))));
}
