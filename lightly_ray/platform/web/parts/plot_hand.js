/** Hand and keyboard on a plot: move, zoom, draw a lasso or a rectangle, point at a sample and click it. */

import { large, rectangle } from "./plot_lasso.js";

/** @typedef {[number, number]} Point */
/** @typedef {"lasso" | "rectangle" | "move"} Tool */

/**
 * @typedef {object} Wishes what is done about it
 * @property {(row: number | null, pixel: Point) => void} hover
 * @property {(row: number, add: boolean) => void} click
 * @property {(path: Point[], tool: Tool) => void} drawn pixels
 * @property {(tool: Tool) => void} tool that a key has chosen
 * @property {(pixel: Point) => number | null} rowAt
 */

const TREMBLE = 4; // pixels that a click may move
const STEP = 40; // pixels of an arrow key
const KEYS = { l: "lasso", r: "rectangle", m: "move" };

/** Listens on the area of a stage. */
export class Hand {
  /**
   * @param {HTMLElement} area
   * @param {import("./plot_stage.js").Stage} stage
   * @param {Wishes} wishes
   * @param {AbortSignal} signal
   */
  constructor(area, stage, wishes, signal) {
    this.area = area;
    this.stage = stage;
    this.wishes = wishes;
    /** @type {Tool} */
    this.tool = "lasso";
    this._space = false;
    /** Where each pointer that is down lies. @type {Map<number, Point>} */
    this._down = new Map();
    /** @type {"pan" | "draw" | "pinch" | null} */
    this._does = null;
    /** @type {Point} */
    this._start = [0, 0];
    this._far = false;
    this._looking = 0;
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ act, passive = true) =>
      area.addEventListener(name, act, { signal, passive });
    on("pointerdown", (event) => this._press(event), false);
    on("pointermove", (event) => this._move(event));
    on("pointerup", (event) => this._release(event));
    on("pointercancel", () => this.cancel());
    on("pointerleave", () => this._look(null));
    on("wheel", (event) => this._wheel(event), false);
    on("dblclick", (event) => this._twice(event));
    on("keydown", (event) => this._key(event), false);
    on("keyup", (event) => event.key === " " && this._hold(false));
    on("blur", () => this._hold(false));
    signal.addEventListener("abort", () => cancelAnimationFrame(this._looking));
  }

  /** Leave what was begun. */
  cancel() {
    this._does = null;
    this._down.clear();
    this.stage.drawing = [];
    this.stage.redrawOver();
    this.area.classList.remove("grabbing");
  }

  /** @param {PointerEvent} event */
  _press(event) {
    if (event.target !== this.stage.canvas) return; // a button that lies over the plot
    if (event.button > 1) return;
    if (event.button === 1) event.preventDefault(); // no scrolling by the middle button
    const pixel = this._pixel(event);
    this.area.setPointerCapture(event.pointerId);
    this._down.set(event.pointerId, pixel);
    this._look(null);
    if (this._down.size === 2) {
      this.stage.drawing = [];
      this._does = "pinch";
      return;
    }
    this._start = pixel;
    this._far = false;
    this._does = event.button === 1 || this._space || this.tool === "move" ? "pan" : "draw";
    this.area.classList.toggle("grabbing", this._does === "pan");
  }

  /** @param {PointerEvent} event */
  _move(event) {
    const pixel = this._pixel(event);
    const before = this._down.get(event.pointerId);
    if (!before) {
      const over = event.target === this.stage.canvas && event.pointerType !== "touch";
      if (!this._does) this._look(over ? pixel : null);
      return;
    }
    this._far ||= Math.hypot(pixel[0] - this._start[0], pixel[1] - this._start[1]) > TREMBLE;
    if (this._does === "pinch") this._pinch(event.pointerId, pixel);
    else if (this._does === "draw" && this._far) this._draw(event, pixel);
    else if (this._does === "pan" && this._far) {
      this.stage.view.pan(pixel[0] - before[0], pixel[1] - before[1]);
      this.stage.moved();
    } else return; // not far yet: what comes after starts here
    this._down.set(event.pointerId, pixel);
  }

  /** @param {PointerEvent} event */
  _release(event) {
    if (!this._down.delete(event.pointerId)) return;
    const path = this.stage.drawing;
    const does = this._does;
    if (this._down.size) return; // the other finger of two
    this.cancel();
    if (does !== "pinch" && !this._far && event.button === 0) {
      const row = this.wishes.rowAt(this._pixel(event));
      if (row !== null) this.wishes.click(row, event.shiftKey || event.ctrlKey || event.metaKey);
    } else if (does === "draw" && large(path)) this.wishes.drawn(path, this.tool);
  }

  /**
   * @param {PointerEvent} event
   * @param {Point} pixel
   */
  _draw(event, pixel) {
    if (this.tool === "rectangle") this.stage.drawing = rectangle(this._start, pixel);
    else {
      const path = this.stage.drawing.length ? this.stage.drawing : [this._start];
      const between = event.getCoalescedEvents?.().map((one) => this._pixel(one)) ?? [];
      for (const point of between.length ? between : [pixel]) {
        const last = path[path.length - 1];
        if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= 1.5) path.push(point);
      }
      this.stage.drawing = path;
    }
    this.stage.redrawOver();
  }

  /**
   * @param {number} pointer that moved
   * @param {Point} pixel
   */
  _pinch(pointer, pixel) {
    const before = this._down.get(pointer);
    const other = [...this._down].find(([id]) => id !== pointer)?.[1];
    if (!before || !other) return;
    const spread = (/** @type {Point} */ point) => Math.max(8, Math.hypot(point[0] - other[0], point[1] - other[1]));
    this.stage.view.pan((pixel[0] - before[0]) / 2, (pixel[1] - before[1]) / 2);
    this.stage.view.zoomBy(spread(pixel) / spread(before), [(pixel[0] + other[0]) / 2, (pixel[1] + other[1]) / 2]);
    this.stage.moved();
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    event.preventDefault();
    if (this._does === "draw") return; // the drawing would no longer lie where it was drawn
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 16;
    // Two fingers on a touchpad are a wheel with Ctrl, in smaller steps.
    this.stage.view.zoomBy(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0015)), this._pixel(event));
    this.stage.moved();
    this._look(null);
  }

  /** @param {MouseEvent} event */
  _twice(event) {
    if (event.target !== this.stage.canvas || this.wishes.rowAt(this._pixel(event)) !== null) return;
    this.stage.view.reset();
    this.stage.moved();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.target !== this.area || event.altKey || event.metaKey || event.ctrlKey) return;
    if (event.key === "Escape" ? !this._does : !this._does && !this._acts(event)) return;
    if (event.key === "Escape") this.cancel();
    // Keys of the plot are not those of the page.
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the plot knows the key
   */
  _acts(event) {
    const { view } = this.stage;
    const step = event.shiftKey ? 4 * STEP : STEP;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    /** @type {Record<string, () => void>} */
    const acts = {
      ArrowLeft: () => view.pan(step, 0),
      ArrowRight: () => view.pan(-step, 0),
      ArrowUp: () => view.pan(0, step),
      ArrowDown: () => view.pan(0, -step),
      "+": () => view.zoomBy(1.4),
      "=": () => view.zoomBy(1.4),
      "-": () => view.zoomBy(1 / 1.4),
      _: () => view.zoomBy(1 / 1.4),
      0: () => view.reset(),
      " ": () => this._hold(true),
    };
    const tool = /** @type {Record<string, Tool>} */ (KEYS)[key];
    if (tool) this.wishes.tool(tool);
    else if (Object.hasOwn(acts, key)) acts[key]();
    else return false;
    this.stage.moved();
    return true;
  }

  /** @param {boolean} held the space bar, by which any tool moves the plot */
  _hold(held) {
    this._space = held;
    this.area.classList.toggle("grab", held || this.tool === "move");
  }

  /**
   * Say what lies under the pointer, at most once a frame.
   *
   * @param {Point | null} pixel
   */
  _look(pixel) {
    cancelAnimationFrame(this._looking);
    if (!pixel) this.wishes.hover(null, [0, 0]);
    else this._looking = requestAnimationFrame(() => this.wishes.hover(this.wishes.rowAt(pixel), pixel));
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point}
   */
  _pixel(event) {
    const box = this.area.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}
