/** Filters of samples: as the address spells them, as a person reads them, and the set of rows that each keeps. */

import { number } from "./format.js";
import { Mask, maskOf } from "./masks.js";

/** @typedef {import("./dataset.js").Dataset} Dataset */

/**
 * @typedef {{kind: "in" | "any" | "not", tag: string}} TagFilter
 * @typedef {{kind: "name", text: string}} NameFilter
 * @typedef {{kind: "range", key: string, low: number | null, high: number | null}} RangeFilter
 * @typedef {{kind: "value", key: string, values: string[]}} ValueFilter
 * @typedef {{kind: "lasso", embedding: string, method: string, points: [number, number][]}} LassoFilter
 * @typedef {TagFilter | NameFilter | RangeFilter | ValueFilter | LassoFilter} Filter
 */

const MISSING = 65535;
const BANDS = 512; // of a lasso
const KINDS = ["in", "any", "not", "name", "range", "value", "lasso"];

/**
 * The filters of an address; what cannot be read is left out.
 *
 * @param {URLSearchParams} query
 * @returns {Filter[]}
 */
export function read(query) {
  return [...query]
    .filter(([kind]) => KINDS.includes(kind))
    .map(([kind, text]) => one(kind, text))
    .filter((filter) => filter !== null);
}

/**
 * @param {string} kind
 * @param {string} text
 * @returns {Filter | null}
 */
function one(kind, text) {
  const parts = text.split("~").map((part) => part.replaceAll("%7E", "~"));
  switch (kind) {
    case "in":
    case "any":
    case "not":
      return { kind, tag: text };
    case "name":
      return text ? { kind, text } : null;
    case "range":
      return { kind, key: parts[0], low: bound(parts[1]), high: bound(parts[2]) };
    case "value":
      return { kind, key: parts[0], values: parts.slice(1) };
    default: {
      const points = (parts[2] ?? "").split(";").map((pair) => pair.split(",").map(Number));
      const good = points.length > 2 && points.every((pair) => pair.length === 2 && pair.every(Number.isFinite));
      return good
        ? { kind: "lasso", embedding: parts[0], method: parts[1], points: /** @type {any} */ (points) }
        : null;
    }
  }
}

/** @param {string | undefined} text */
const bound = (text) => (text && Number.isFinite(Number(text)) ? Number(text) : null);

/**
 * A filter as [name, value] of the address.
 *
 * @param {Filter} filter
 * @returns {[string, string]}
 */
export function write(filter) {
  const joined = (/** @type {(string | number | null)[]} */ ...parts) =>
    parts.map((part) => String(part ?? "").replaceAll("~", "%7E")).join("~");
  switch (filter.kind) {
    case "name":
      return ["name", filter.text];
    case "range":
      return ["range", joined(filter.key, filter.low, filter.high)];
    case "value":
      return ["value", joined(filter.key, ...filter.values)];
    case "lasso":
      return ["lasso", joined(filter.embedding, filter.method, filter.points.map((pair) => pair.join(",")).join(";"))];
    default:
      return [filter.kind, filter.tag];
  }
}

/**
 * A filter in words, for its chip.
 *
 * @param {Filter} filter
 * @param {Dataset} dataset
 * @param {import("./dataset.js").Column[]} columns as far as they are known
 */
export function words(filter, dataset, columns) {
  const title = (/** @type {string} */ key) =>
    columns.find((column) => column.key === key)?.title ?? key.split(":").pop();
  const name = (/** @type {string} */ tag) => dataset.tag(tag)?.name ?? "a deleted tag";
  switch (filter.kind) {
    case "in":
      return `in ${name(filter.tag)}`;
    case "any":
      return `or in ${name(filter.tag)}`;
    case "not":
      return `not in ${name(filter.tag)}`;
    case "name":
      return `name has “${filter.text}”`;
    case "value":
      return `${title(filter.key)}: ${filter.values.join(", ")}`;
    case "lasso":
      return "lasso";
    default: {
      const low = filter.low === null ? null : number(filter.low);
      const high = filter.high === null ? null : number(filter.high);
      if (low === null) return `${title(filter.key)} ≤ ${high}`;
      return high === null ? `${title(filter.key)} ≥ ${low}` : `${title(filter.key)} ${low} – ${high}`;
    }
  }
}

/**
 * The rows that all filters keep: every "in", at least one "any", no "not", and each of the others.
 *
 * @param {Filter[]} filters
 * @param {Dataset} dataset
 * @param {(filter: Filter) => Promise<Mask>} kept the rows of one filter
 */
export async function combined(filters, dataset, kept) {
  let mask = Mask.all(dataset.info.total);
  /** @type {Mask | null} */
  let some = null;
  const masks = await Promise.all(filters.map(kept));
  for (const [place, filter] of filters.entries()) {
    if (filter.kind === "any") some = some ? some.or(masks[place]) : masks[place];
    else mask = filter.kind === "not" ? mask.without(masks[place]) : mask.and(masks[place]);
  }
  return some ? mask.and(some) : mask;
}

/**
 * The rows of one filter; of a "not", those that it takes away.
 *
 * @param {Filter} filter
 * @param {Dataset} dataset
 * @returns {Promise<Mask>}
 */
export async function rowsOf(filter, dataset) {
  const total = dataset.info.total;
  switch (filter.kind) {
    case "name": {
      const names = await dataset.lowerNames();
      const text = filter.text.toLowerCase();
      return maskOf(total, (row) => names[row].includes(text));
    }
    case "range":
      return inRange(await column(dataset, filter.key), filter.low, filter.high);
    case "value": {
      const known = await dataset.column(filter.key);
      if (!known) return new Mask(total);
      const wanted = new Set(filter.values);
      const codes = new Uint8Array(65536);
      for (const [code, [text]] of known.values.entries()) codes[code] = wanted.has(text) ? 1 : 0;
      codes[MISSING] = wanted.has("") ? 1 : 0;
      const values = await dataset.values(known);
      return maskOf(total, (row) => codes[values[row]] === 1);
    }
    case "lasso":
      return inside(await dataset.points(filter.embedding, filter.method), filter.points);
    default:
      return dataset.tag(filter.tag) ? dataset.mask(filter.tag) : new Mask(total);
  }
}

/**
 * @param {Dataset} dataset
 * @param {string} key
 */
async function column(dataset, key) {
  const known = await dataset.column(key);
  return known ? dataset.values(known) : new Float32Array(dataset.info.total).fill(NaN);
}

/**
 * @param {Float32Array | Uint16Array} values
 * @param {number | null} low
 * @param {number | null} high
 */
export function inRange(values, low, high) {
  const mask = new Mask(values.length);
  // Columns are float32, and so are the limits: what was read off a column is within a limit of that value.
  const least = low === null ? -Infinity : Math.fround(low);
  const most = high === null ? Infinity : Math.fround(high);
  for (let row = 0; row < values.length; row += 1) {
    if (values[row] >= least && values[row] <= most) mask.words[row >>> 5] |= 1 << (row & 31);
  }
  return mask;
}

/**
 * The points within a polygon, by the number of its sides that a ray to the right crosses.
 *
 * @param {Float32Array} points x0, y0, x1, y1, ...
 * @param {[number, number][]} polygon
 */
export function inside(points, polygon) {
  const mask = new Mask(points.length / 2);
  const xs = Float64Array.from(polygon, ([x]) => x);
  const ys = Float64Array.from(polygon, ([, y]) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const { bands, scale } = banded(ys, low, high);
  for (let row = 0; row < mask.length; row += 1) {
    const x = points[2 * row];
    const y = points[2 * row + 1];
    if (!(x >= left && x <= right && y >= low && y <= high)) continue;
    let odd = false;
    for (const i of bands[Math.floor((y - low) * scale)]) {
      const j = i ? i - 1 : xs.length - 1;
      if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) odd = !odd;
    }
    if (odd) mask.words[row >>> 5] |= 1 << (row & 31);
  }
  return mask;
}

/**
 * The sides of a polygon that each of many horizontal bands meets: a point looks at those of its own band alone.
 *
 * @param {Float64Array} ys of the corners; side i comes from the corner before corner i
 * @param {number} low
 * @param {number} high
 */
function banded(ys, low, high) {
  const scale = high > low ? BANDS / (high - low) : 0;
  /** @type {number[][]} */
  const bands = Array.from({ length: BANDS + 1 }, () => []);
  for (const [i, y] of ys.entries()) {
    const other = ys[i ? i - 1 : ys.length - 1];
    const [from, to] = [Math.min(y, other), Math.max(y, other)].map((end) => Math.floor((end - low) * scale));
    for (let band = from; band <= to; band += 1) bands[band].push(i);
  }
  return { bands, scale };
}
