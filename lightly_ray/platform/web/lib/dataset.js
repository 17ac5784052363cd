/** What the server knows of one dataset: each column, mask and set of points comes over the wire once. */

import { bytes, get } from "./api.js";
import { Mask } from "./masks.js";

/**
 * @typedef {object} Tag
 * @property {string} id
 * @property {string} name
 * @property {string | null} parent
 * @property {number} count
 * @property {number} added
 * @property {string} creator
 * @property {number} createdAt
 * @property {string} kind
 *
 * @typedef {object} Embedding
 * @property {string} id
 * @property {string} name
 * @property {number} version
 * @property {number} dimension
 * @property {number} rows
 * @property {{method: string, version: number}[]} projections
 *
 * @typedef {object} DatasetInfo
 * @property {string} id
 * @property {string} name
 * @property {number} total samples that have a row
 * @property {number} samples those without one too
 * @property {string} version
 * @property {boolean} writes whether it may be changed here
 * @property {Tag[]} tags
 * @property {Embedding[]} embeddings
 *
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {"number" | "category"} kind
 * @property {string} source
 * @property {string} version
 * @property {number} missing
 * @property {number} min of a number, as are max and histogram
 * @property {number} max
 * @property {number[]} histogram
 * @property {[string, number][]} values of a category, the most frequent first
 *
 * @typedef {object} SampleInfo
 * @property {number} row
 * @property {string} id
 * @property {string} name
 * @property {string | null} thumbnail its version; null where there is no image
 */

const KEPT_SAMPLES = 20_000;

/** One dataset, as far as it has been read. */
export class Dataset {
  /** @param {DatasetInfo} info */
  constructor(info) {
    this.info = info;
    /** @type {Map<number, SampleInfo>} */
    this.samples = new Map();
    /** @type {Map<string, Promise<any>>} */
    this._read = new Map();
  }

  /** @param {string} id */
  static async open(id) {
    return new Dataset(await get(`datasets/${id}`));
  }

  get path() {
    return `datasets/${this.info.id}`;
  }

  /** Read the dataset again; what has not changed stays. */
  async refresh() {
    const before = this.info;
    this.info = await get(this.path);
    if (this.info.version === before.version) return false;
    // Tags but for the first are immutable, columns and points carry their own version.
    for (const key of [...this._read.keys()]) if (/^(columns|names|mask)/.test(key)) this._read.delete(key);
    if (this.info.total !== before.total) this._read.clear();
    this.samples.clear();
    return true;
  }

  /** @param {string} id */
  tag(id) {
    return this.info.tags.find((tag) => tag.id === id);
  }

  /** @returns {Promise<Column[]>} */
  columns() {
    return this._once("columns", () => get(`${this.path}/columns`));
  }

  /**
   * @param {string} key
   * @returns {Promise<Column | undefined>}
   */
  async column(key) {
    return (await this.columns()).find((column) => column.key === key);
  }

  /**
   * The values of a column by row: of numbers NaN, of categories 65535 where there is none.
   *
   * @param {Column} column
   * @returns {Promise<Float32Array | Uint16Array>}
   */
  values(column) {
    const query = new URLSearchParams({ key: column.key, v: column.version });
    return this._once(`column ${query}`, async () => {
      const buffer = await bytes(`${this.path}/column?${query}`);
      return column.kind === "number" ? new Float32Array(buffer) : new Uint16Array(buffer);
    });
  }

  /**
   * @param {string} tag
   * @returns {Promise<Mask>}
   */
  mask(tag) {
    return this._once(`mask ${tag}`, async () =>
      Mask.fromBytes(this.info.total, await bytes(`${this.path}/tags/${tag}/mask`)),
    );
  }

  /** All file names by row, in lower case. @returns {Promise<string[]>} */
  lowerNames() {
    return this._once("names", async () => {
      const buffer = await bytes(`${this.path}/names?v=${encodeURIComponent(this.info.version)}`);
      const offsets = new Uint32Array(buffer, 0, this.info.total + 1);
      const text = new Uint8Array(buffer, offsets.byteLength);
      const decoder = new TextDecoder();
      return Array.from({ length: this.info.total }, (_, row) =>
        decoder.decode(text.subarray(offsets[row], offsets[row + 1])).toLowerCase(),
      );
    });
  }

  /**
   * Coordinates x0, y0, x1, y1, ... by row, NaN where a sample has none.
   *
   * @param {string} embedding
   * @param {string} method
   * @returns {Promise<Float32Array>}
   */
  points(embedding, method) {
    const known = this.info.embeddings.find((one) => one.id === embedding);
    const query = new URLSearchParams({ method, v: `${known?.version ?? 0}-${this.info.total}` });
    return this._once(
      `points ${embedding} ${query}`,
      async () => new Float32Array(await bytes(`${this.path}/embeddings/${embedding}/points?${query}`)),
    );
  }

  /**
   * The lowest row of each sample's group of near duplicates.
   *
   * @param {string} embedding
   * @param {number} within distance of unit vectors
   * @returns {Promise<Uint32Array>}
   */
  groups(embedding, within) {
    const path = `${this.path}/embeddings/${embedding}/groups?within=${within}`;
    return this._once(this.groupsKey(embedding, within), async () => new Uint32Array(await bytes(path)));
  }

  /**
   * What those groups depend on.
   *
   * @param {string} embedding
   * @param {number} within
   */
  groupsKey(embedding, within) {
    const version = this.info.embeddings.find((one) => one.id === embedding)?.version ?? 0;
    return `groups ${embedding} ${version} ${this.info.total} ${within}`;
  }

  /**
   * What tiles show of these rows; at most 500 of them.
   *
   * @param {number[]} rows
   * @param {AbortSignal} [signal]
   */
  async readSamples(rows, signal) {
    const unknown = rows.filter((row) => !this.samples.has(row));
    if (!unknown.length) return;
    if (this.samples.size > KEPT_SAMPLES) this.samples.clear();
    for (const one of await get(`${this.path}/samples?rows=${unknown.join(",")}`, { signal })) {
      this.samples.set(one.row, one);
    }
  }

  /** @param {SampleInfo} sample */
  thumbnail(sample) {
    return `app/${this.path}/thumbnails/${sample.row}?v=${encodeURIComponent(sample.thumbnail ?? "")}`;
  }

  /** @param {number} row */
  image(row) {
    return `app/${this.path}/images/${row}?show=1`;
  }

  /**
   * @template T
   * @param {string} key
   * @param {() => Promise<T>} read
   * @returns {Promise<T>}
   */
  _once(key, read) {
    let found = this._read.get(key);
    if (!found) {
      found = read();
      this._read.set(key, found);
      found.catch(() => this._read.delete(key)); // what failed is asked for again
    }
    return found;
  }
}
