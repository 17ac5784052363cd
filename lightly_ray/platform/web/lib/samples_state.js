/**
 * The state of the page of samples. The address is its source: filters, order, position, open sample, colours and plot.
 * What is selected is kept for the window, per dataset, so that a reload finds it.
 *
 * Events, without details: "rows" (filters, order or data changed), "selection", "open", "look" (colours, plot), "hover".
 */

import * as address from "./address.js";
import * as filters from "./filters.js";
import { kept, Mask, ordered } from "./masks.js";

/** @typedef {import("./dataset.js").Dataset} Dataset */
/** @typedef {import("./filters.js").Filter} Filter */

const PAUSE = 250; // milliseconds after which a position is noted

/** What the page of samples shows. */
export class SamplesState extends EventTarget {
  /** @param {Dataset} dataset */
  constructor(dataset) {
    super();
    this.dataset = dataset;
    /** @type {Filter[]} */
    this.filters = [];
    /** @type {{key: string, descending: boolean} | null} */
    this.sort = null;
    /** What the filters leave. */
    this.mask = Mask.all(dataset.info.total);
    /** The same in order, one of each group of near duplicates where they are grouped. @type {Uint32Array} */
    this.rows = new Uint32Array(0);
    /** By row, the value that is sorted by. @type {Float32Array | null} */
    this.sortValues = null;
    /** By row, of those that are shown, how many its group has. @type {Uint32Array | null} */
    this.groupSizes = null;
    this.selection = restored(dataset);
    /** The sample that is open. @type {number | null} */
    this.open = null;
    /** The sample that the pointer is over, in the grid or in the plot. @type {number | null} */
    this.hovered = null;
    /** The first place that the grid shows. */
    this.top = 0;
    /** The column whose values colour the plot. @type {string | null} */
    this.colour = null;
    /** The embedding and the method of the plot. @type {{embedding: string, method: string} | null} */
    this.plot = null;
    /** @type {{embedding: string, within: number} | null} */
    this.group = null;
    /** The lowest row of each sample's group, where they are grouped. @type {Uint32Array | null} */
    this._groups = null;
    /** Where near duplicates come from, once somebody has asked for it. @type {import("./grouping.js").Grouping | null} */
    this.grouping = null;
    /** @type {{key: string, rows: Uint32Array} | null} */
    this._order = null;
    /** Whether rows are being found; of a filter that waits for data. */
    this.busy = false;
    /** @type {unknown} */
    this.error = null;
    this._turn = 0;
    this._noting = 0;
    /** @type {Map<string, Promise<Mask>>} */
    this._masks = new Map();
  }

  /** Take the state of the address, as it was opened, or as "back" brought it. */
  async follow() {
    const { query } = address.current();
    this.filters = filters.read(query);
    const sort = query.get("sort");
    this.sort = sort ? { key: sort.replace(/^-/, ""), descending: sort.startsWith("-") } : null;
    this.open = whole(query.get("open"), this.dataset.info.total);
    this.top = whole(query.get("top"), this.dataset.info.total) ?? 0;
    this.colour = query.get("colour");
    this.plot = pair(query.get("plot"));
    const group = query.get("group")?.split("~") ?? [];
    this.group = group.length === 2 && Number(group[1]) > 0 ? { embedding: group[0], within: Number(group[1]) } : null;
    this._tell("open", "look");
    await this.apply();
  }

  /** The state as the query of an address. */
  query() {
    const query = new URLSearchParams();
    for (const filter of this.filters) query.append(...filters.write(filter));
    if (this.sort) query.set("sort", `${this.sort.descending ? "-" : ""}${this.sort.key}`);
    if (this.group) query.set("group", `${this.group.embedding}~${this.group.within}`);
    if (this.colour) query.set("colour", this.colour);
    if (this.plot) query.set("plot", `${this.plot.embedding}~${this.plot.method}`);
    if (this.open !== null) query.set("open", String(this.open));
    if (this.top) query.set("top", String(this.top));
    return query;
  }

  /** @param {boolean} step whether "back" comes to the state before. */
  note(step) {
    clearTimeout(this._noting);
    address.note(["datasets", this.dataset.info.id], this.query(), step);
  }

  /**
   * Put filters in place of those there are.
   *
   * @param {Filter[]} wanted
   * @param {boolean} [step] false while a slider moves
   */
  setFilters(wanted, step = true) {
    this.filters = wanted;
    this.top = 0;
    this.note(step);
    return this.apply();
  }

  /**
   * Add a filter in place of those that say something of the same thing; null takes them away.
   *
   * @param {(filter: Filter) => boolean} same
   * @param {Filter | null} filter
   * @param {boolean} [step]
   */
  putFilter(same, filter, step = true) {
    const place = this.filters.findIndex(same);
    const others = this.filters.filter((one) => !same(one));
    if (filter) others.splice(place < 0 ? others.length : place, 0, filter);
    return this.setFilters(others, step);
  }

  /**
   * @param {string | null} key null: the order of rows
   * @param {boolean} descending
   */
  setSort(key, descending) {
    this.sort = key ? { key, descending } : null;
    this.top = 0;
    this.note(true);
    return this.apply();
  }

  /** @param {{embedding: string, within: number} | null} group */
  setGroup(group) {
    this.group = group;
    this.top = 0;
    this.note(true);
    return this.apply();
  }

  /** @param {number | null} row */
  setOpen(row) {
    const step = (this.open === null) !== (row === null);
    this.open = row;
    this.note(step);
    this._tell("open");
  }

  /** @param {{colour?: string | null, plot?: {embedding: string, method: string} | null}} look */
  setLook(look) {
    Object.assign(this, look);
    this.note(false);
    this._tell("look");
  }

  /** @param {number} top */
  setTop(top) {
    this.top = top;
    clearTimeout(this._noting);
    this._noting = setTimeout(() => this.note(false), PAUSE);
  }

  /** @param {number | null} row */
  setHovered(row) {
    if (row === this.hovered) return;
    this.hovered = row;
    this._tell("hover");
  }

  /** @param {Mask} selection */
  setSelection(selection) {
    this.selection = selection;
    keep(this.dataset, selection);
    this._tell("selection");
  }

  /**
   * @param {Iterable<number>} rows
   * @param {boolean} on
   */
  select(rows, on) {
    const selection = this.selection.copy();
    for (const row of rows) selection.set(row, on);
    this.setSelection(selection);
  }

  /**
   * The rows that shown ones stand for: of what the filters leave, their groups of near duplicates.
   *
   * @param {number[]} rows
   */
  members(rows) {
    const groups = this._groups;
    if (!groups) return rows;
    const wanted = new Set(rows.map((row) => groups[row]));
    return this.mask.rows().filter((row) => wanted.has(groups[row]));
  }

  /** The rows that a tag would be made of: the selection, else all that match. */
  get wanted() {
    return this.selection.count ? this.selection : this.mask;
  }

  /** Find the rows again, after filters, order or data changed. */
  async apply() {
    this._turn += 1;
    const turn = this._turn;
    this.busy = true;
    try {
      const mask = await filters.combined(this.filters, this.dataset, (filter) => this._kept(filter));
      const column = this.sort ? await this.dataset.column(this.sort.key) : undefined;
      const values = column ? await this.dataset.values(column) : null;
      if (this.group && !this.grouping) this.grouping = new (await import("./grouping.js")).Grouping(this);
      const groups = (await this.grouping?.read()) ?? null;
      if (turn !== this._turn) return;
      const order = column && values ? this._ordered(column, values) : null;
      const [rows, sizes] = grouped(order ? kept(order, mask) : mask.rows(), groups);
      this.mask = mask;
      this.groupSizes = sizes;
      this._groups = groups;
      this.sortValues = column?.kind === "number" ? /** @type {Float32Array} */ (values) : null;
      this.rows = rows;
      this.error = null;
    } catch (error) {
      if (turn !== this._turn) return;
      this.error = error;
    }
    this.busy = false;
    this._tell("rows");
  }

  /** Take what the server has now, after it said that something changed. */
  async refresh() {
    const total = this.dataset.info.total;
    if (!(await this.dataset.refresh())) return;
    this._masks.clear();
    if (this.dataset.info.total !== total) {
      const grown = new Mask(this.dataset.info.total);
      grown.words.set(this.selection.words.subarray(0, grown.words.length));
      this.setSelection(grown.trimmed());
    }
    await this.apply();
  }

  /**
   * All rows by a column; the one that was asked for last is kept, so that a slider need not sort again.
   *
   * @param {import("./dataset.js").Column} column
   * @param {Float32Array | Uint16Array} values
   */
  _ordered(column, values) {
    const descending = this.sort?.descending ?? false;
    const key = `${column.key} ${column.version} ${descending}`;
    if (this._order?.key !== key) this._order = { key, rows: ordered(values, descending) };
    return this._order.rows;
  }

  /** @param {Filter} filter */
  _kept(filter) {
    const key = JSON.stringify(filter);
    let mask = this._masks.get(key);
    if (!mask) {
      if (this._masks.size > 30) this._masks.clear(); // a slider on its way leaves many
      mask = filters.rowsOf(filter, this.dataset);
      this._masks.set(key, mask);
      mask.catch(() => this._masks.delete(key));
    }
    return mask;
  }

  /** @param {...string} names */
  _tell(...names) {
    for (const name of names) this.dispatchEvent(new Event(name));
  }
}

/**
 * The first row of each group, and how many of the rows its group has.
 *
 * @param {Uint32Array} rows
 * @param {Uint32Array | null} groups
 * @returns {[Uint32Array, Uint32Array | null]}
 */
function grouped(rows, groups) {
  if (!groups) return [rows, null];
  const first = new Int32Array(groups.length).fill(-1); // by group
  const sizes = new Uint32Array(groups.length);
  const shown = rows.filter((row) => {
    const group = groups[row];
    const begins = first[group] < 0;
    if (begins) first[group] = row;
    sizes[first[group]] += 1;
    return begins;
  });
  return [shown, sizes];
}

/**
 * @param {string | null} text
 * @param {number} total
 */
function whole(text, total) {
  const value = Number(text ?? NaN);
  return Number.isInteger(value) && value >= 0 && value < total ? value : null;
}

/** @param {string | null} text */
function pair(text) {
  const [embedding, method] = (text ?? "").split("~");
  return embedding && method ? { embedding, method } : null;
}

/** @param {Dataset} dataset */
const selectionKey = (dataset) => `lightly_ray selection ${dataset.info.id}`;

/**
 * @param {Dataset} dataset
 * @param {Mask} selection
 */
function keep(dataset, selection) {
  const rows = selection.rows();
  try {
    if (!rows.length) sessionStorage.removeItem(selectionKey(dataset));
    // The distance to the row before, in base 36: a few bytes each.
    else
      sessionStorage.setItem(
        selectionKey(dataset),
        Array.from(rows, (row, i) => (row - (i ? rows[i - 1] : 0)).toString(36)).join(),
      );
  } catch {
    sessionStorage.removeItem(selectionKey(dataset)); // more than the browser keeps: this one lives until a reload
  }
}

/** @param {Dataset} dataset */
function restored(dataset) {
  const mask = new Mask(dataset.info.total);
  let row = 0;
  for (const step of (sessionStorage.getItem(selectionKey(dataset)) ?? "").split(",").filter(Boolean)) {
    row += parseInt(step, 36);
    if (row < mask.length) mask.set(row, true);
  }
  return mask;
}
