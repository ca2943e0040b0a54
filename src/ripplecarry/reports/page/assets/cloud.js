// Drawing the states of a layer on a plane, coloured by the true state, with the invariant's boxes.

import { byId, draw, stateColour } from "./elements.js";
import { place, shadow } from "./project.js";
import { stateText } from "./state_text.js";
import { count, say } from "./words.js";

const [WIDTH, HEIGHT, MARGIN, AXIS] = [420, 310, 12, 14]; // AXIS: room for an axis's name
const LONGEST_PATH = 60;

/**
 * @param boxes by machine state [{low, high}] a layer, or null
 * @param isLast whether the boxes are of these weights
 */
export function drawCloud(cloud, trace, position, boxes, isLast, stateWord) {
  const { layer, axes, places, states } = cloud;
  const outlines = boxes && isLast
    ? Object.entries(boxes).map(([state, layers]) =>
        [Number(state), shadow(axes, layers[layer].low, layers[layer].high)])
    : [];
  const start = Math.max(0, position - LONGEST_PATH);
  const path = Array.from({ length: position - start + 1 }, (_, i) =>
    place(axes, trace.network.preactivation(layer, trace.hiddenAt(layer, start + i))));
  const scale = fitting([...places, ...path, ...outlines.flatMap(([, outline]) => outline)]);
  const line = (points) => points.map((point) => scale(point).map((v) => v.toFixed(1)).join()).join(" ");
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  for (const [state, outline] of outlines) {
    const paint = stateColour(state);
    svg.append(draw("polygon", { points: line(outline), stroke: paint, fill: paint, class: "box" }));
  }
  places.forEach((point, i) => {
    const [cx, cy] = scale(point).map((value) => value.toFixed(1));
    svg.append(draw(states[i] % 2 ? "rect" : "circle", states[i] % 2
      ? { x: cx - 2, y: cy - 2, width: 4, height: 4, fill: stateColour(states[i]), class: "point" }
      : { cx, cy, r: 2.2, fill: stateColour(states[i]), class: "point" }));
  });
  svg.append(draw("polyline", { points: line(path), class: "path" }));
  svg.append(draw("text", { x: WIDTH / 2, y: HEIGHT - 5, class: "tick middle" }, say("cloud.across")));
  const beside = `translate(13 ${HEIGHT / 2}) rotate(-90)`;
  svg.append(draw("text", { transform: beside, class: "tick middle" }, say("cloud.up")));
  const [cx, cy] = scale(path.at(-1));
  svg.append(draw("circle", { cx, cy, r: 6, class: "now", fill: stateColour(trace.states[position + 1]) }));
  const hint = !boxes ? "cloud.no-boxes" : isLast ? "cloud.boxes" : "cloud.only-last";
  const values = { layer: layer + 1, points: count(places.length) };
  svg.setAttribute("aria-label", say("cloud.label", { ...values, boxes: say(hint) }));
  byId("cloud").replaceChildren(svg, legend(trace.task, stateWord));
  const caption = say(trace.network.cell.isRecurrent ? "cloud.caption" : "cloud.caption.hidden", { ...values, state: say(`state.${stateWord}`) });
  byId("cloud-caption").textContent = boxes ? `${caption} ${say(hint)}` : caption;
}

function legend(task, stateWord) {
  const items = task.reachable.slice(0, 12).map((state) => {
    const item = document.createElement("span");
    const mark = document.createElement("i");
    mark.style.background = stateColour(state);
    if (state % 2 === 0) mark.style.borderRadius = "50%";
    item.append(mark, `${say(`state.${stateWord}`)} ${stateText(task, state)}`);
    return item;
  });
  const box = document.createElement("p");
  box.className = "legend soft";
  box.append(...items);
  return box;
}

/** Takes places on the plane to the picture, all of them inside. */
function fitting(points) {
  const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const ends = (axis) => {
    const values = finite.map((point) => point[axis]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return [low, high > low ? high - low : 1];
  };
  const [[left, width], [bottom, height]] = [ends(0), ends(1)];
  return ([x, y]) => [
    MARGIN + AXIS + ((x - left) / width) * (WIDTH - 2 * MARGIN - AXIS),
    HEIGHT - MARGIN - AXIS - ((y - bottom) / height) * (HEIGHT - 2 * MARGIN - AXIS),
  ];
}
