// The hidden state as a heat map: a column a position, the least significant on the right; a row a unit.

import { byId, colour, context } from "./elements.js";
import { say } from "./words.js";

const MAP_HEIGHT_PX = 256;
const LEAST_COLUMN_PX = 4;

export function drawHeat(trace, layer, position) {
  const canvas = byId("heat");
  const width = Math.max(canvas.parentElement.clientWidth, LEAST_COLUMN_PX); // 0 before it is laid out
  const units = trace.network.shape.hidden;
  const size = Math.min(trace.length, Math.floor(width / LEAST_COLUMN_PX));
  const from = Math.max(0, Math.min(position - Math.floor(size / 2), trace.length - size));
  const to = from + size - 1;
  const rows = Math.min(units, MAP_HEIGHT_PX);
  const pixels = new ImageData(size, units);
  const scale = [colour("cold"), colour("middle"), colour("warm")].map(channels);
  for (let p = from; p <= Math.min(to, position); p++) {
    const hidden = trace.hiddenAt(layer, p);
    for (let unit = 0; unit < units; unit++) {
      const at = 4 * (unit * size + (to - p));
      pixels.data.set(mixed(scale, hidden[unit]), at);
    }
  }
  const height = Math.max(MAP_HEIGHT_PX, rows);
  const drawing = context(canvas, width, height);
  const small = new OffscreenCanvas(size, units);
  small.getContext("2d").putImageData(pixels, 0, 0);
  drawing.imageSmoothingEnabled = false;
  drawing.drawImage(small, 0, 0, width, height);
  const column = width / size;
  drawing.strokeStyle = colour("ink");
  drawing.lineWidth = 1.5;
  drawing.strokeRect((to - position) * column + 0.75, 0.75, Math.max(column - 1.5, 2), height - 1.5);
  canvas.dataset.from = from;
  canvas.dataset.to = to;
  canvas.setAttribute("aria-label", say("heat.label", { units, layer: layer + 1, from, to }));
}

/** The position under a click. */
export function heatPosition(event) {
  const canvas = byId("heat");
  const { left, width } = canvas.getBoundingClientRect();
  const [from, to] = [Number(canvas.dataset.from), Number(canvas.dataset.to)];
  const place = Math.floor(((event.clientX - left) / width) * (to - from + 1));
  return Math.min(to, Math.max(from, to - place));
}

/** Red, green and blue of a colour written #rrggbb. */
function channels(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

/** The colour of a value from -1 to 1 on a scale of three; grey where it is no number. */
function mixed([cold, middle, warm], value) {
  if (!Number.isFinite(value)) return [128, 128, 128, 255];
  const share = Math.min(1, Math.abs(value));
  const end = value < 0 ? cold : warm;
  return [...middle.map((from, i) => Math.round(from + (end[i] - from) * share)), 255];
}
