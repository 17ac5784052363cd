/** Sets of rows as bits, and rows in the order of a column: what lets a million samples be filtered without a request. */

/** A set of rows 0 .. length - 1. */
export class Mask {
  /**
   * @param {number} length
   * @param {Uint32Array} [words] bit i % 32 of word i >> 5 says whether row i is in the set
   */
  constructor(length, words = new Uint32Array((length + 31) >>> 5)) {
    this.length = length;
    this.words = words;
  }

  /** @param {number} length */
  static all(length) {
    const mask = new Mask(length);
    mask.words.fill(0xffffffff);
    return mask.trimmed();
  }

  /**
   * @param {number} length
   * @param {Iterable<number>} rows
   */
  static of(length, rows) {
    const mask = new Mask(length);
    for (const row of rows) mask.set(row, true);
    return mask;
  }

  /**
   * @param {number} length
   * @param {ArrayBuffer} buffer row i is bit i % 8 of byte i >> 3
   */
  static fromBytes(length, buffer) {
    const mask = new Mask(length);
    const target = new Uint8Array(mask.words.buffer);
    target.set(new Uint8Array(buffer).subarray(0, target.length));
    return mask.trimmed();
  }

  /** The bytes of `fromBytes`. */
  toBytes() {
    return new Uint8Array(this.words.buffer, 0, (this.length + 7) >>> 3).slice();
  }

  trimmed() {
    const rest = this.length & 31;
    if (rest) this.words[this.words.length - 1] &= (2 ** rest - 1) >>> 0;
    return this;
  }

  /** @param {number} row */
  has(row) {
    return ((this.words[row >>> 5] >>> (row & 31)) & 1) === 1;
  }

  /**
   * @param {number} row
   * @param {boolean} on
   */
  set(row, on) {
    const bit = 1 << (row & 31);
    if (on) this.words[row >>> 5] |= bit;
    else this.words[row >>> 5] &= ~bit;
  }

  copy() {
    return new Mask(this.length, this.words.slice());
  }

  /** @param {Mask} other */
  and(other) {
    return this.combined(other, (a, b) => a & b);
  }

  /** @param {Mask} other */
  or(other) {
    return this.combined(other, (a, b) => a | b);
  }

  /** @param {Mask} other */
  without(other) {
    return this.combined(other, (a, b) => a & ~b);
  }

  inverted() {
    return Mask.all(this.length).without(this);
  }

  /**
   * @param {Mask} other
   * @param {(a: number, b: number) => number} rule
   */
  combined(other, rule) {
    const words = new Uint32Array(this.words.length);
    for (let i = 0; i < words.length; i += 1) words[i] = rule(this.words[i], other.words[i]);
    return new Mask(this.length, words);
  }

  get count() {
    let total = 0;
    for (let word of this.words) {
      word -= (word >>> 1) & 0x55555555;
      word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
      total += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
    }
    return total;
  }

  /** The rows of the set, ascending. */
  rows() {
    const rows = new Uint32Array(this.count);
    let place = 0;
    for (let i = 0; i < this.words.length; i += 1) {
      for (let word = this.words[i]; word; word &= word - 1) {
        rows[place] = (i << 5) + 31 - Math.clz32(word & -word);
        place += 1;
      }
    }
    return rows;
  }
}

/**
 * The set of the rows that a rule keeps.
 *
 * @param {number} length
 * @param {(row: number) => boolean} rule
 */
export function maskOf(length, rule) {
  const mask = new Mask(length);
  for (let row = 0; row < length; row += 1) if (rule(row)) mask.words[row >>> 5] |= 1 << (row & 31);
  return mask;
}

/**
 * All rows in the order of a column; rows without a value come last, equal ones keep their order.
 *
 * @param {Float32Array | Uint16Array} column by row
 * @param {boolean} descending
 * @returns {Uint32Array}
 */
export function ordered(column, descending) {
  let from = Uint32Array.from(column, (_, row) => row);
  let keys = sortKeys(column, descending);
  // Least significant digit first, 11 bits at a time: a comparison per pair would take a second for a million.
  for (let shift = 0; shift < 33; shift += 11) {
    const starts = new Uint32Array(2049);
    for (let i = 0; i < keys.length; i += 1) starts[((keys[i] >>> shift) & 2047) + 1] += 1;
    for (let i = 1; i < 2049; i += 1) starts[i] += starts[i - 1];
    const to = new Uint32Array(from.length);
    const moved = new Uint32Array(from.length);
    for (let i = 0; i < from.length; i += 1) {
      const digit = (keys[i] >>> shift) & 2047;
      to[starts[digit]] = from[i];
      moved[starts[digit]] = keys[i];
      starts[digit] += 1;
    }
    from = to;
    keys = moved;
  }
  return from;
}

/**
 * Numbers whose order as whole numbers is that of the column.
 *
 * @param {Float32Array | Uint16Array} column
 * @param {boolean} descending
 */
function sortKeys(column, descending) {
  const values = new Float32Array(column.length);
  for (let i = 0; i < values.length; i += 1) values[i] = column[i] + 0; // -0 has other bits than 0
  const missing = column instanceof Uint16Array ? 65535 : NaN;
  const keys = new Uint32Array(values.buffer.slice(0));
  for (let i = 0; i < keys.length; i += 1) {
    // A float's bits are ordered like whole numbers once its sign is taken out of the way.
    const key = (keys[i] & 0x80000000 ? ~keys[i] : keys[i] | 0x80000000) >>> 0;
    const none = Number.isNaN(values[i]) || values[i] === missing;
    keys[i] = none ? 0xffffffff : Math.min(0xfffffffe, descending ? ~key >>> 0 : key);
  }
  return keys;
}

/**
 * Those of ordered rows that are in a set, in their order.
 *
 * @param {Uint32Array} order
 * @param {Mask} mask
 */
export function kept(order, mask) {
  const rows = new Uint32Array(mask.count);
  let place = 0;
  for (let i = 0; i < order.length; i += 1) {
    const row = order[i];
    if ((mask.words[row >>> 5] >>> (row & 31)) & 1) {
      rows[place] = row;
      place += 1;
    }
  }
  return rows;
}
