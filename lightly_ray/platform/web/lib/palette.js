/**
 * Colours of values, for plot, legend, boxes and labels: ten classes and a scale of numbers, each in light and dark.
 *
 * The ten classes are the sequence of Petroff (Accessible Color Sequences for Data Visualization, 2021, arXiv:2107.02270),
 * moved by at most 9 CIEDE2000 so that each pair, and each with "other" and the page, stays at least 14.5 apart, as it
 * is and as people without one kind of cones see it (`tests/web/test_palette.py` measures it). The scale is viridis
 * (van der Walt and Smith 2015), of which the page's end is left out, where it would be lost on the page.
 */

export const CLASSES = 10;

const LIGHT = [
  "#3f90db",
  "#ffb83c",
  "#b51e00",
  "#8e9c9b",
  "#832db6",
  "#9c6a60",
  "#e36200",
  "#b0a67e",
  "#6a6f7c",
  "#58d8f5",
];
const DARK = [
  "#5194d4",
  "#ffb52b",
  "#b93607",
  "#94a29f",
  "#8f39c8",
  "#a46f60",
  "#e66300",
  "#b6ad7c",
  "#747683",
  "#93dbde",
];
const OTHER_LIGHT = "#d4d4d1";
const OTHER_DARK = "#4c5054";

const VIRIDIS = [
  "#440154",
  "#481a6c",
  "#472f7d",
  "#414487",
  "#39568c",
  "#31688e",
  "#2a788e",
  "#23888e",
  "#1f988b",
  "#22a884",
  "#35b779",
  "#54c568",
  "#7ad151",
  "#a5db36",
  "#d2e21b",
  "#fde725",
];

/** The shares of viridis that are used: yellow is lost on white, violet on black. */
const SPAN_LIGHT = [0, 0.92];
const SPAN_DARK = [0.2, 1];

/**
 * The colour of a category, as CSS that follows the theme.
 *
 * @param {number} code its place among the values, the most frequent first; what is beyond the tenth is "other"
 */
export const colourOf = (code) => `light-dark(${hexOf(code, false)}, ${hexOf(code, true)})`;

/**
 * The same for one theme, as `#rrggbb`.
 *
 * @param {number} code
 * @param {boolean} dark
 */
export function hexOf(code, dark) {
  const known = code >= 0 && code < CLASSES;
  if (dark) return known ? DARK[code] : OTHER_DARK;
  return known ? LIGHT[code] : OTHER_LIGHT;
}

/**
 * Red, green and blue, 0 to 255, of a number.
 *
 * @param {number} share 0 for the least, 1 for the greatest
 * @param {boolean} dark
 * @returns {[number, number, number]}
 */
export function scaleAt(share, dark) {
  const [from, to] = dark ? SPAN_DARK : SPAN_LIGHT;
  const place = (from + (to - from) * Math.min(1, Math.max(0, share))) * (VIRIDIS.length - 1);
  const low = rgb(VIRIDIS[Math.floor(place)]);
  const high = rgb(VIRIDIS[Math.ceil(place)]);
  const rest = place - Math.floor(place);
  const mixed = (/** @type {number} */ i) => Math.round(low[i] + (high[i] - low[i]) * rest);
  return [mixed(0), mixed(1), mixed(2)];
}

/** The scale from left to right, as a CSS image that follows the theme. */
export function scaleImage() {
  const stops = VIRIDIS.map((_, i) => {
    const css = (/** @type {boolean} */ dark) => `rgb(${scaleAt(i / (VIRIDIS.length - 1), dark).join(" ")})`;
    return `light-dark(${css(false)}, ${css(true)})`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/**
 * @param {string} hex `#rrggbb`
 * @returns {[number, number, number]}
 */
export function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
