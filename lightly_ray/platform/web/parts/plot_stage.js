/** What is drawn of a plot: points by WebGL, and over them, as SVG, polygons and the ring of the hovered point. */

import { fill, h } from "../lib/dom.js";
import { Mask } from "../lib/masks.js";
import { NONE, paletteOf, plain } from "./plot_colours.js";
import { Renderer, marksOf } from "./plot_gl.js";
import { View } from "./plot_view.js";

/** @typedef {[number, number]} Point */
/** @typedef {import("./plot_cloud.js").Cloud} Cloud */

const RESTED = 150; // milliseconds without movement, after which all points are drawn
const SLOW = 45; // milliseconds of a frame that drops points while things move
const AIM = 30;
const QUICK = 20;
const FEWEST = 20_000;

/** A canvas, its overlay and the part of the plane they show. */
export class Stage {
  /** @param {HTMLElement} host that the stage fills */
  constructor(host) {
    this.host = host;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.renderer = new Renderer(this.canvas);
    this.overlay = svg("svg", "plot-overlay");
    this.lassos = svg("g", "plot-lassos");
    this.sketch = svg("polygon", "plot-sketch");
    this.ring = svg("circle", "plot-ring");
    this.ring.setAttribute("hidden", "");
    this.overlay.append(this.lassos, this.sketch, this.ring);
    fill(host, this.canvas, this.overlay);
    this.view = new View();
    /** @type {Cloud | null} */
    this.cloud = null;
    this.colours = plain(0);
    /** Polygons of filters, in coordinates of the projection. @type {Point[][]} */
    this.polygons = [];
    /** What is being drawn, in pixels. @type {Point[]} */
    this.drawing = [];
    /** @type {number | null} */
    this.hovered = null;
    this._frame = 0;
    /** Whether points have to be drawn with the next frame, rather than only what lies over them. */
    this._stale = true;
    /** Whether the next frame shows a movement, as the one before may have done. */
    this._moving = false;
    this._wasMoving = false;
    this._lastFrame = 0;
    this._resting = 0;
    this._budget = Infinity;
    this._ended = new AbortController();
    this._listen();
    this.retheme();
  }

  /** @param {Cloud | null} cloud */
  setCloud(cloud) {
    this.cloud = cloud;
    this._budget = Infinity;
    if (cloud) {
      this.view.extent = cloud.extent;
      this.view.reset();
    }
    this.renderer.setPlaces(cloud?.places ?? new Float32Array(0), this._codes());
    this.redraw();
  }

  /** @param {import("./plot_colours.js").Colouring} colours */
  setColours(colours) {
    this.colours = colours;
    this.renderer.setCodes(this._codes());
    this.retheme();
  }

  /**
   * @param {Mask} mask what the filters leave
   * @param {Mask} selection
   */
  setMarks(mask, selection) {
    if (!this.cloud) return;
    this.renderer.setMarks(marksOf(this.cloud, mask, selection));
    this.redraw();
  }

  /** Take the colours of the theme anew. */
  retheme() {
    const [r, g, b] = computed(this.host, "color");
    this._dark = r + g + b > 384; // light text stands on dark paper
    this._accent = computed(this.overlay, "color");
    this.renderer.setPalette(paletteOf(this.colours, this._dark));
    this.redraw();
  }

  /** Diameter of a point in pixels: smaller the more there are, larger the closer they are looked at. */
  get size() {
    const crowd = Math.max(1.8, Math.min(7, 6 * (3000 / Math.max(1, this.cloud?.count ?? 1)) ** 0.2));
    return Math.min(12, crowd * Math.max(1, this.view.zoom) ** 0.3);
  }

  /** What is seen has moved. */
  moved() {
    this._moving = true;
    this.redraw();
  }

  /** Draw points with the next frame. */
  redraw() {
    this._stale = true;
    this.redrawOver();
  }

  /** Draw what lies over the points with the next frame. */
  redrawOver() {
    this._frame ||= requestAnimationFrame((now) => this._draw(now));
  }

  /**
   * The row under a pixel.
   *
   * @param {Point} pixel
   * @param {Mask} mask whose rows are preferred
   */
  rowAt(pixel, mask) {
    const radius = (this.size / 2 + 5) / this.view.scale;
    return this.cloud?.nearest(this.view.toPlace(pixel), radius, (row) => mask.has(row)) ?? null;
  }

  /** Give everything back. */
  end() {
    this._ended.abort();
    cancelAnimationFrame(this._frame);
    clearTimeout(this._resting);
    this.renderer.end();
    this.canvas.remove();
    this.overlay.remove();
  }

  _listen() {
    const { signal } = this._ended;
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    const restored = () => {
      this.renderer.build();
      this.redraw();
    };
    this.canvas.addEventListener("webglcontextrestored", restored, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.retheme(), { signal });
    addEventListener("resize", () => this.redraw(), { signal }); // another screen may have other pixels
    const sizes = new ResizeObserver(() => this.redraw());
    sizes.observe(this.host);
    signal.addEventListener("abort", () => sizes.disconnect());
  }

  /** @param {number} now */
  _draw(now) {
    this._frame = 0;
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height) return;
    Object.assign(this.view, { width, height });
    if (this._stale) this._drawPoints(now);
    this._drawOver();
  }

  /** @param {number} now */
  _drawPoints(now) {
    if (this._moving && this._wasMoving) this._pace(now - this._lastFrame);
    this._lastFrame = now;
    this._wasMoving = this._moving;
    const budget = this._moving ? this._budget : Infinity;
    const accent = this._accent ?? [0, 0, 0];
    this.renderer.draw(this.view, { ratio: devicePixelRatio, size: this.size, accent, budget });
    this._stale = false;
    clearTimeout(this._resting);
    if (this._moving && budget < Infinity) this._resting = setTimeout(() => this.redraw(), RESTED);
    this._moving = false;
  }

  /**
   * Draw fewer points while the machine does not keep up; any first slots are a fair picture of all.
   *
   * @param {number} frame milliseconds
   */
  _pace(frame) {
    const count = this.cloud?.count ?? 0;
    const drawn = Math.min(this._budget, count);
    if (frame > SLOW) this._budget = Math.max(FEWEST, drawn * Math.max(0.1, AIM / frame));
    else if (frame < QUICK) this._budget = drawn * 1.1 > count ? Infinity : drawn * 1.1;
  }

  _drawOver() {
    const { cloud, view } = this;
    this.lassos.replaceChildren();
    for (const polygon of cloud ? this.polygons : []) {
      const shape = svg("polygon", "plot-lasso");
      shape.setAttribute(
        "points",
        polygon.map((point) => view.toScreen(/** @type {Cloud} */ (cloud).place(point)).join()).join(" "),
      );
      this.lassos.append(shape);
    }
    this.sketch.setAttribute("points", this.drawing.map((pixel) => pixel.join()).join(" "));
    const at = this.hovered !== null && cloud?.has(this.hovered) ? view.toScreen(cloud.placeOf(this.hovered)) : null;
    this.ring.toggleAttribute("hidden", !at);
    if (!at) return;
    this.ring.setAttribute("cx", String(at[0]));
    this.ring.setAttribute("cy", String(at[1]));
    this.ring.setAttribute("r", String(this.size / 2 + 4));
  }

  /** Codes by slot. */
  _codes() {
    const { rows } = this.cloud ?? { rows: new Uint32Array(0) };
    const codes = new Uint8Array(rows.length);
    for (let slot = 0; slot < codes.length; slot += 1) codes[slot] = this.colours.codes[rows[slot]] ?? NONE;
    return codes;
  }
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {string} name of its class
 * @returns {SVGElementTagNameMap[K]}
 */
function svg(tag, name) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  element.setAttribute("class", name);
  return element;
}

/**
 * A colour that style sheets give, red, green and blue.
 *
 * @param {Element} element
 * @param {"color"} property
 * @returns {[number, number, number]}
 */
function computed(element, property) {
  const [r = 0, g = 0, b = 0] =
    getComputedStyle(element)
      [property].match(/[\d.]+/g)
      ?.map(Number) ?? [];
  return [r, g, b];
}
