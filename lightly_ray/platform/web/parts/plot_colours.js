/** What colours a plot: a code for each row, the colours of the codes, and the entries of the legend. */

import { CLASSES, hexOf, rgb, scaleAt } from "../lib/palette.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */
/** @typedef {import("../lib/dataset.js").Column} Column */
/** @typedef {import("../lib/filters.js").Filter} Filter */
/** @typedef {import("../lib/masks.js").Mask} Mask */

export const NONE = 255;
const MISSING = 65535;
const STEPS = 254; // colours of a scale: codes 0 to 253

/**
 * @typedef {object} Entry of a legend
 * @property {string} text
 * @property {number} code
 * @property {number} count of all samples
 * @property {string | null} value that a filter takes; null where there is no such filter
 *
 * @typedef {object} Colouring
 * @property {string | null} key of a column, or `tag:ID`
 * @property {string} title
 * @property {"category" | "number" | "tag" | "none"} kind
 * @property {Uint8Array} codes by row
 * @property {Entry[]} entries none of a number
 * @property {Column | null} column
 */

/**
 * The column that colours a plot where nobody chose one: labels, else folders.
 *
 * @param {Column[]} columns
 */
export function defaultKey(columns) {
  const of = (/** @type {string} */ source) => columns.find((one) => one.kind === "category" && one.source === source);
  return (of("label") ?? of("folder"))?.key ?? null;
}

/**
 * Read what a key colours by; a key that is gone colours nothing.
 *
 * @param {Dataset} dataset
 * @param {string | null} key null: the default
 * @returns {Promise<Colouring>}
 */
export async function colouring(dataset, key) {
  const tag = key?.startsWith("tag:") ? dataset.tag(key.slice(4)) : undefined;
  if (tag) return byTag(tag, await dataset.mask(tag.id));
  const columns = await dataset.columns();
  const column = columns.find((one) => one.key === key) ?? columns.find((one) => one.key === defaultKey(columns));
  if (!column) return plain(dataset.info.total);
  const values = await dataset.values(column);
  return column.kind === "number" ? byNumber(column, values) : byCategory(column, values);
}

/**
 * @param {number} total
 * @returns {Colouring}
 */
export const plain = (total) => ({
  key: null,
  title: "none",
  kind: "none",
  codes: new Uint8Array(total),
  entries: [],
  column: null,
});

/**
 * @param {import("../lib/dataset.js").Tag} tag
 * @param {Mask} mask
 * @returns {Colouring}
 */
function byTag(tag, mask) {
  const codes = new Uint8Array(mask.length).fill(CLASSES);
  for (const row of mask.rows()) codes[row] = 0;
  const entries = [
    { text: `in ${tag.name}`, code: 0, count: tag.count, value: "in" },
    { text: `not in ${tag.name}`, code: CLASSES, count: mask.length - tag.count, value: "not" },
  ];
  return { key: `tag:${tag.id}`, title: tag.name, kind: "tag", codes, entries, column: null };
}

/**
 * @param {Column} column
 * @param {Float32Array | Uint16Array} values
 * @returns {Colouring}
 */
function byNumber(column, values) {
  const codes = new Uint8Array(values.length);
  const factor = (STEPS - 1) / (column.max - column.min || 1);
  for (let row = 0; row < codes.length; row += 1) {
    const value = values[row];
    codes[row] = value === value ? Math.max(0, Math.min(STEPS - 1, (value - column.min) * factor + 0.5)) : NONE;
  }
  return { key: column.key, title: column.title, kind: "number", codes, entries: [], column };
}

/**
 * @param {Column} column
 * @param {Float32Array | Uint16Array} values
 * @returns {Colouring}
 */
function byCategory(column, values) {
  const codes = new Uint8Array(values.length);
  for (let row = 0; row < codes.length; row += 1) {
    codes[row] = values[row] === MISSING ? NONE : Math.min(values[row], CLASSES);
  }
  /** @type {Entry[]} */
  const entries = column.values.slice(0, CLASSES).map(([text, count], code) => ({ text, code, count, value: text }));
  const others = column.values.slice(CLASSES);
  if (others.length) {
    const count = others.reduce((sum, [, one]) => sum + one, 0);
    entries.push({ text: `${others.length} other`, code: CLASSES, count, value: null });
  }
  if (column.missing) entries.push({ text: "no value", code: NONE, count: column.missing, value: "" });
  return { key: column.key, title: column.title, kind: "category", codes, entries, column };
}

/**
 * Red, green, blue and alpha of each of 256 codes.
 *
 * @param {Colouring} colours
 * @param {boolean} dark
 */
export function paletteOf(colours, dark) {
  const palette = new Uint8Array(1024);
  for (let code = 0; code < 256; code += 1) {
    const scaled = colours.kind === "number" && code < STEPS;
    palette.set(scaled ? scaleAt(code / (STEPS - 1), dark) : rgb(hexOf(code, dark)), 4 * code);
    palette[4 * code + 3] = 255;
  }
  return palette;
}

/**
 * How many rows of a set have each code.
 *
 * @param {Colouring} colours
 * @param {Mask} mask
 */
export function counts(colours, mask) {
  const found = new Uint32Array(256);
  const length = Math.min(mask.length, colours.codes.length);
  for (let row = 0; row < length; row += 1) if (mask.has(row)) found[colours.codes[row]] += 1;
  return found;
}

/**
 * The filter about what colours the plot, where there is one.
 *
 * @param {Colouring} colours
 * @returns {(filter: Filter) => boolean}
 */
export function sameFilter(colours) {
  const tag = colours.kind === "tag" ? colours.key?.slice(4) : null;
  return (filter) =>
    filter.kind === "value"
      ? filter.key === colours.key
      : (filter.kind === "in" || filter.kind === "not") && filter.tag === tag;
}

/**
 * The values of the legend that filters ask for; null where they ask for none.
 *
 * @param {Colouring} colours
 * @param {Filter[]} filters
 * @returns {string[] | null}
 */
export function pressed(colours, filters) {
  const filter = filters.find(sameFilter(colours));
  if (!filter) return null;
  return filter.kind === "value" ? filter.values : [filter.kind];
}

/**
 * The filter after an entry was clicked: it joins those that are asked for, or leaves them.
 *
 * @param {Colouring} colours
 * @param {Filter[]} filters
 * @param {string} value
 * @returns {Filter | null}
 */
export function toggled(colours, filters, value) {
  const before = pressed(colours, filters) ?? [];
  const on = !before.includes(value);
  const key = colours.key ?? "";
  if (colours.kind === "tag") return on ? { kind: value === "in" ? "in" : "not", tag: key.slice(4) } : null;
  const values = on ? [...before, value] : before.filter((one) => one !== value);
  return values.length ? { kind: "value", key, values } : null;
}
