/** The width of the plot's column: dragged at its edge, folded away by a button, and remembered by the browser. */

import { h, icon } from "../lib/dom.js";

const WIDTH = 412;
const NARROWEST = 320;
const STEP = 24;
const WIDTH_KEY = "lightly_ray plot width";
const FOLDED_KEY = "lightly_ray plot folded";

/** A handle, and a button that folds. */
export class Side {
  /**
   * @param {HTMLElement} column
   * @param {() => void} folding told after it was folded or opened
   */
  constructor(column, folding) {
    this.column = column;
    this.folding = folding;
    this.folded = localStorage.getItem(FOLDED_KEY) === "1";
    this.width = Number(localStorage.getItem(WIDTH_KEY)) || WIDTH;
    this.handle = h("div", {
      class: "plot-handle",
      role: "separator",
      tabindex: 0,
      "aria-orientation": "vertical",
      "aria-label": "Width of the plot",
      onpointerdown: (/** @type {PointerEvent} */ event) => this._drag(event),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this._key(event),
      ondblclick: () => this._set(WIDTH),
    });
    this.button = h("button", { class: "plain plot-fold", onclick: () => this._fold() }, icon("panel"));
    this._show();
  }

  /** As wide as the window lets it: the grid keeps some columns. */
  get widest() {
    return Math.max(NARROWEST, Math.round(innerWidth * 0.6));
  }

  _fold() {
    this.folded = !this.folded;
    localStorage.setItem(FOLDED_KEY, this.folded ? "1" : "0");
    this._show();
    this.folding();
  }

  /** @param {PointerEvent} event */
  _drag(event) {
    if (event.button) return;
    event.preventDefault();
    this.handle.setPointerCapture(event.pointerId);
    const end = this.column.getBoundingClientRect().right;
    const move = (/** @type {PointerEvent} */ moved) => this._set(end - moved.clientX);
    this.handle.addEventListener("pointermove", move);
    const released = () => this.handle.removeEventListener("pointermove", move);
    this.handle.addEventListener("lostpointercapture", released, { once: true });
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const step = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this._set(this.width + step);
  }

  /** @param {number} width */
  _set(width) {
    this.width = Math.round(Math.max(NARROWEST, Math.min(this.widest, width)));
    localStorage.setItem(WIDTH_KEY, String(this.width));
    this._show();
  }

  _show() {
    this.column.classList.toggle("folded", this.folded);
    this.column.style.width = this.folded ? "" : `${Math.min(this.width, this.widest)}px`;
    this.handle.hidden = this.folded;
    this.handle.setAttribute("aria-valuenow", String(this.width));
    this.handle.setAttribute("aria-valuemin", String(NARROWEST));
    this.handle.setAttribute("aria-valuemax", String(this.widest));
    const text = this.folded ? "Show the plot" : "Fold the plot away";
    this.button.setAttribute("aria-label", text);
    this.button.setAttribute("aria-expanded", String(!this.folded));
    this.button.title = text;
  }
}
