// Projecting states onto a plane, and the boxes of an invariant with them.

const ROUNDS = 60;

/**
 * Two directions: the one along which the means of the states lie widest apart, and of what it leaves
 * the one in which the points do.
 * @param points arrays of one length
 * @param states the machine state of each
 */
export function findAxes(points, states) {
  const origin = mean(points);
  const groups = new Map();
  points.forEach((point, i) => {
    if (!groups.has(states[i])) groups.set(states[i], []);
    groups.get(states[i]).push(point);
  });
  const means = [...groups.values()].map((group) => minus(mean(group), origin));
  const centred = points.map((point) => minus(point, origin));
  const x = widest(means.length > 1 ? means : centred);
  const y = widest(centred.map((point) => without(point, x)));
  return { origin, x, y };
}

/** A point's place on the plane. */
export function place({ origin, x, y }, point) {
  const from = minus(point, origin);
  return [dot(from, x), dot(from, y)];
}

/** The outline of a box's shadow on the plane: a polygon with two parallel sides for each direction. */
export function shadow(axes, low, high) {
  const middle = low.map((end, i) => (end + high[i]) / 2);
  const sides = [];
  for (let i = 0; i < low.length; i++) {
    const radius = (high[i] - low[i]) / 2;
    const [dx, dy] = [axes.x[i] * radius, axes.y[i] * radius];
    // Each direction once, pointing up, so that walking along them by angle goes around one half.
    sides.push(dy < 0 || (dy === 0 && dx < 0) ? [-dx, -dy] : [dx, dy]);
  }
  sides.sort((a, b) => Math.atan2(a[1], a[0]) - Math.atan2(b[1], b[0]));
  let [px, py] = place(axes, middle);
  for (const [dx, dy] of sides) [px, py] = [px - dx, py - dy];
  const outline = [];
  for (const sign of [1, -1]) {
    for (const [dx, dy] of sides) {
      outline.push([px, py]);
      [px, py] = [px + 2 * sign * dx, py + 2 * sign * dy];
    }
  }
  return outline;
}

/** The unit direction of the largest sum of squares, by the power method from a fixed start. */
function widest(points) {
  let direction = Float64Array.from(points[0], (_, i) => 1 + ((i * 7919) % 13) / 13);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(direction.length);
    for (const point of points) {
      const share = dot(point, direction);
      for (let i = 0; i < next.length; i++) next[i] += share * point[i];
    }
    const length = Math.hypot(...next);
    if (!(length > 1e-30)) break;
    direction = next.map((value) => value / length);
  }
  const length = Math.hypot(...direction);
  const largest = direction.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  return direction.map((value) => (value / length) * Math.sign(largest));
}

function mean(points) {
  const sum = new Float64Array(points[0].length);
  for (const point of points) for (let i = 0; i < sum.length; i++) sum[i] += point[i];
  return sum.map((value) => value / points.length);
}

const minus = (a, b) => Float64Array.from(a, (value, i) => value - b[i]);
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const without = (point, direction) => {
  const share = dot(point, direction);
  return point.map((value, i) => value - share * direction[i]);
};
