/** Polygons that are drawn by hand: made simple, and rounded, so that they fit into an address. */

const VERTICES = 64;
const DIGITS = 4;

/** @typedef {[number, number]} Point */

/**
 * At most 64 vertices of a closed path: those that matter most for its form (Douglas and Peucker 1973).
 *
 * @param {Point[]} path in pixels
 * @returns {Point[]}
 */
export function simplified(path) {
  for (let tolerance = 0.75; ; tolerance *= 1.4) {
    const kept = thinned(path, tolerance);
    if (kept.length <= VERTICES) return kept;
  }
}

/**
 * @param {Point[]} path
 * @param {number} tolerance how far a vertex that goes lies from the line that replaces it
 */
function thinned(path, tolerance) {
  const kept = new Uint8Array(path.length);
  kept[0] = kept[path.length - 1] = 1;
  const open = [[0, path.length - 1]];
  for (let part = open.pop(); part; part = open.pop()) {
    const [from, to] = part;
    let [farthest, place] = [tolerance, -1];
    for (let i = from + 1; i < to; i += 1) {
      const distance = toSegment(path[i], path[from], path[to]);
      if (distance > farthest) [farthest, place] = [distance, i];
    }
    if (place < 0) continue;
    kept[place] = 1;
    open.push([from, place], [place, to]);
  }
  return path.filter((_, i) => kept[i]);
}

/**
 * @param {Point} point
 * @param {Point} a
 * @param {Point} b
 */
function toSegment([x, y], a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const share = length ? Math.max(0, Math.min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / length)) : 0;
  return Math.hypot(x - a[0] - share * dx, y - a[1] - share * dy);
}

/**
 * Coordinates to four digits of the polygon's own size, however far from zero it lies.
 *
 * @param {Point[]} polygon
 * @returns {Point[]}
 */
export function rounded(polygon) {
  const sides = [0, 1].map((axis) => {
    const values = polygon.map((point) => point[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  const decimals = DIGITS - 1 - Math.floor(Math.log10(Math.max(...sides) || 1));
  const round = (/** @type {number} */ value) => {
    const step = 10 ** Math.abs(decimals);
    const near = decimals < 0 ? Math.round(value / step) * step : Math.round(value * step) / step;
    return near || 0; // no -0 in an address
  };
  return polygon.map(([x, y]) => [round(x), round(y)]);
}

/**
 * The rectangle between two corners.
 *
 * @param {Point} a
 * @param {Point} b
 * @returns {Point[]}
 */
export const rectangle = (a, b) => [a, [b[0], a[1]], b, [a[0], b[1]]];

/**
 * Whether something was drawn, rather than the hand having trembled.
 *
 * @param {Point[]} path in pixels
 */
export function large(path) {
  const sides = [0, 1].map((axis) => {
    const values = path.map((point) => point[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  return path.length > 2 && Math.min(...sides) >= 3;
}
