/** What part of the plane a plot shows: places of a cloud to pixels of CSS, and back. */

const WIDEST = 0.5;
const CLOSEST = 2000;
const MARGIN = 24; // pixels that stay free round all points

/** A centre and a zoom; 1 shows all points. */
export class View {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    /** @type {number[]} */
    this.extent = [1, 1];
  }

  /** Pixels per unit, the same in both directions: distances in a projection mean something. */
  get scale() {
    const free = (/** @type {number} */ size) => Math.max(1, size - 2 * MARGIN) / 2;
    const fitting = Math.min(free(this.width) / (this.extent[0] || 1e-9), free(this.height) / (this.extent[1] || 1e-9));
    return this.zoom * Math.min(fitting, 1e6);
  }

  reset() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
  }

  /**
   * @param {[number, number]} place
   * @returns {[number, number]}
   */
  toScreen([x, y]) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  /**
   * @param {[number, number]} pixel
   * @returns {[number, number]}
   */
  toPlace([x, y]) {
    return [this.x + (x - this.width / 2) / this.scale, this.y - (y - this.height / 2) / this.scale];
  }

  /**
   * Move what is seen, by pixels.
   *
   * @param {number} x
   * @param {number} y
   */
  pan(x, y) {
    // The centre stays on the points, so that nobody loses them.
    this.x = Math.max(-this.extent[0], Math.min(this.extent[0], this.x - x / this.scale));
    this.y = Math.max(-this.extent[1], Math.min(this.extent[1], this.y + y / this.scale));
  }

  /**
   * Zoom, while what lies under a pixel stays there.
   *
   * @param {number} factor
   * @param {[number, number]} [pixel] the middle where none is given
   */
  zoomBy(factor, pixel = [this.width / 2, this.height / 2]) {
    const before = this.toPlace(pixel);
    this.zoom = Math.max(WIDEST, Math.min(CLOSEST, this.zoom * factor));
    const after = this.toPlace(pixel);
    this.x += before[0] - after[0];
    this.y += before[1] - after[1];
    this.pan(0, 0);
  }
}
