/** How a score is spread over the samples that may be selected, and below over those that were. */

import { h } from "../lib/dom.js";
import { counted, number } from "../lib/format.js";

const BINS = 48;
const SPACE = "http://www.w3.org/2000/svg";

/**
 * @param {object} given
 * @param {string} given.title of the score
 * @param {Float32Array} given.values by row, NaN where there is none
 * @param {ArrayLike<number>} given.rows that may be selected
 * @param {ArrayLike<number> | null} given.chosen
 */
export function scoreHistogram({ title, values, rows, chosen }) {
  const numbers = present(values, rows);
  if (!numbers.length) return h("p", { class: "note" }, `None of these samples has a value of ${title}.`);
  const [min, max] = limits(numbers);
  const pool = binned(numbers, min, max);
  const picks = chosen ? binned(present(values, chosen), min, max) : null;
  const svg = element("svg", {
    viewBox: `0 0 ${BINS} 100`,
    preserveAspectRatio: "none",
    class: "score-bars",
    role: "img",
  });
  svg.setAttribute(
    "aria-label",
    `${title} of ${counted(numbers.length, "sample")}, from ${number(min)} to ${number(max)}`,
  );
  svg.append(...bars(pool, "pool", 66, -64));
  // On a scale of their own: a hundred choices of a million would not be seen.
  if (picks) svg.append(...bars(picks, "picks", 67, 33));
  return h(
    "figure",
    { class: "score-histogram" },
    svg,
    h(
      "div",
      { class: "score-axis" },
      h("span", {}, number(min)),
      h("span", {}, number((min + max) / 2)),
      h("span", {}, number(max)),
    ),
    h(
      "figcaption",
      {},
      h("span", { class: "key pool" }, `${counted(numbers.length, "sample")}, mean ${number(mean(numbers))}`),
      chosen &&
        h(
          "span",
          { class: "key picks" },
          `${counted(chosen.length, "chosen", "chosen")}, mean ${number(mean(present(values, chosen)))}`,
        ),
    ),
  );
}

/**
 * @param {number[]} counts
 * @param {string} name
 * @param {number} base
 * @param {number} length of the longest
 */
function bars(counts, name, base, length) {
  const most = Math.max(1, ...counts);
  return counts.map((value, i) => {
    const size = Math.abs(length) * (value ? Math.max(0.02, value / most) : 0);
    return element("rect", { class: name, x: i + 0.06, width: 0.88, y: length < 0 ? base - size : base, height: size });
  });
}

/**
 * @param {Float32Array} values
 * @param {ArrayLike<number>} rows
 */
function present(values, rows) {
  return Float32Array.from(rows, (row) => values[row]).filter((value) => !Number.isNaN(value));
}

/** @param {Float32Array} numbers */
function limits(numbers) {
  let [min, max] = [Infinity, -Infinity];
  for (const value of numbers) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/** @param {Float32Array} numbers */
function mean(numbers) {
  let sum = 0;
  for (const value of numbers) sum += value;
  return numbers.length ? sum / numbers.length : NaN;
}

/**
 * @param {Float32Array} numbers
 * @param {number} min
 * @param {number} max
 */
function binned(numbers, min, max) {
  const counts = Array.from({ length: BINS }, () => 0);
  const width = max > min ? BINS / (max - min) : 0;
  for (const value of numbers) counts[Math.min(BINS - 1, Math.floor((value - min) * width))] += 1;
  return counts;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function element(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
