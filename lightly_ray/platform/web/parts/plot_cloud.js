/**
 * The points of a projection, made ready to be drawn and found.
 *
 * Points stand in *slots*: the rows that have a point, in an order that jumps evenly through the dataset. Drawn in this
 * order, a class that comes last in the dataset does not cover the others, and the first k slots are a fair picture of all.
 */

import { inSlices } from "../lib/slices.js";

const PER_CELL = 4; // points, on average, of a cell that is searched

/** Where points lie; places are such that the longer side of all is 2, about 0. */
export class Cloud {
  /**
   * @param {Float32Array} points x0, y0, x1, y1, ... by row, NaN where a row has none
   * @param {AbortSignal} signal
   */
  static async of(points, signal) {
    const cloud = new Cloud(points);
    await cloud._measure(signal);
    await cloud._fill(signal);
    await cloud._sortIntoCells(signal);
    return cloud;
  }

  /** @param {Float32Array} points */
  constructor(points) {
    this.total = points.length / 2;
    this._points = points;
    /** How many rows have a point. */
    this.count = 0;
    /** The row of each slot. */
    this.rows = new Uint32Array(0);
    /** x0, y0, x1, y1, ... by slot. */
    this.places = new Float32Array(0);
    /** The centre of all points, and half the longer side, as they came. */
    this.centre = [0, 0];
    this.half = 1;
    /** Half the sides of all places. */
    this.extent = [1, 1];
    this._columns = 1;
    this._starts = new Uint32Array(0);
    this._cells = new Uint32Array(0);
  }

  /** @param {number} row */
  has(row) {
    return Number.isFinite(this._points[2 * row]) && Number.isFinite(this._points[2 * row + 1]);
  }

  /**
   * @param {number} row that has a point
   * @returns {[number, number]}
   */
  placeOf(row) {
    return [
      (this._points[2 * row] - this.centre[0]) / this.half,
      (this._points[2 * row + 1] - this.centre[1]) / this.half,
    ];
  }

  /**
   * A place in the coordinates of the projection.
   *
   * @param {[number, number]} place
   * @returns {[number, number]}
   */
  original([x, y]) {
    return [this.centre[0] + x * this.half, this.centre[1] + y * this.half];
  }

  /**
   * The reverse of `original`.
   *
   * @param {[number, number]} point
   * @returns {[number, number]}
   */
  place([x, y]) {
    return [(x - this.centre[0]) / this.half, (y - this.centre[1]) / this.half];
  }

  /**
   * The row nearest to a place; a row that is preferred wins over a nearer one that is not.
   *
   * @param {[number, number]} place
   * @param {number} radius
   * @param {(row: number) => boolean} preferred
   * @returns {number | null} null where none lies within the radius
   */
  nearest([x, y], radius, preferred) {
    const reach = radius * radius;
    let [best, bestOther] = [reach, reach];
    /** @type {number | null} */
    let row = null;
    /** @type {number | null} */
    let other = null;
    const [left, right] = [this._cell(x - radius), this._cell(x + radius)];
    for (let line = this._cell(y - radius); line <= this._cell(y + radius); line += 1) {
      // The cells of a line lie one behind the other.
      const end = this._starts[line * this._columns + right + 1];
      for (let i = this._starts[line * this._columns + left]; i < end; i += 1) {
        const slot = this._cells[i];
        const distance = (this.places[2 * slot] - x) ** 2 + (this.places[2 * slot + 1] - y) ** 2;
        if (distance > reach || (distance >= best && distance >= bestOther)) continue;
        if (preferred(this.rows[slot])) {
          if (distance < best || row === null) [best, row] = [distance, this.rows[slot]];
        } else if (distance < bestOther || other === null) [bestOther, other] = [distance, this.rows[slot]];
      }
    }
    return row ?? other;
  }

  /** @param {AbortSignal} signal */
  async _measure(signal) {
    const points = this._points;
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    const measure = (/** @type {number} */ from, /** @type {number} */ to) => {
      for (let row = from; row < to; row += 1) {
        const x = points[2 * row];
        const y = points[2 * row + 1];
        if (!(x - x === 0 && y - y === 0)) continue; // NaN and infinity
        this.count += 1;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < low) low = y;
        if (y > high) high = y;
      }
    };
    await inSlices(this.total, measure, signal);
    if (!this.count) return;
    this.centre = [(left + right) / 2, (low + high) / 2];
    this.half = Math.max(right - left, high - low) / 2 || 1;
    this.extent = [(right - left) / 2 / this.half, (high - low) / 2 / this.half];
  }

  /** @param {AbortSignal} signal */
  async _fill(signal) {
    const rows = (this.rows = new Uint32Array(this.count));
    const places = (this.places = new Float32Array(2 * this.count));
    const { _points: points, half } = this;
    const [middleX, middleY] = this.centre;
    const step = stepThrough(this.total);
    let slot = 0;
    const fill = (/** @type {number} */ from, /** @type {number} */ to) => {
      for (let i = from; i < to; i += 1) {
        const row = (i * step) % this.total;
        const x = (points[2 * row] - middleX) / half;
        const y = (points[2 * row + 1] - middleY) / half;
        if (!(x - x === 0 && y - y === 0)) continue;
        rows[slot] = row;
        places[2 * slot] = x;
        places[2 * slot + 1] = y;
        slot += 1;
      }
    };
    await inSlices(this.total, fill, signal);
  }

  /** @param {AbortSignal} signal */
  async _sortIntoCells(signal) {
    this._columns = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(this.count / PER_CELL))));
    const starts = new Uint32Array(this._columns ** 2 + 1);
    const cell = (/** @type {number} */ slot) =>
      this._cell(this.places[2 * slot + 1]) * this._columns + this._cell(this.places[2 * slot]);
    const counted = (/** @type {number} */ from, /** @type {number} */ to) => {
      for (let slot = from; slot < to; slot += 1) starts[cell(slot)] += 1;
    };
    await inSlices(this.count, counted, signal);
    for (let i = 1; i < starts.length; i += 1) starts[i] += starts[i - 1];
    this._cells = new Uint32Array(this.count);
    // Filled from the end of each cell, its end becomes its start.
    const sorted = (/** @type {number} */ from, /** @type {number} */ to) => {
      for (let slot = from; slot < to; slot += 1) {
        starts[cell(slot)] -= 1;
        this._cells[starts[cell(slot)]] = slot;
      }
    };
    await inSlices(this.count, sorted, signal);
    this._starts = starts;
  }

  /** @param {number} place one coordinate */
  _cell(place) {
    return Math.max(0, Math.min(this._columns - 1, Math.floor(((place + 1) / 2) * this._columns)));
  }
}

/**
 * A step that comes through all of 0 .. total - 1 before it comes back, at the golden section, which spreads evenly.
 *
 * @param {number} total
 */
function stepThrough(total) {
  let step = Math.max(1, Math.round(total * 0.6180339887498949));
  while (divisor(step, total) > 1) step += 1;
  return step;
}

/**
 * @param {number} a
 * @param {number} b
 */
function divisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}
