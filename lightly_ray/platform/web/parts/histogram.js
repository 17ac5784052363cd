/** A histogram with a range: what the range keeps is in the accent colour. Both ends move by mouse and by keyboard. */

import { h } from "../lib/dom.js";
import { number } from "../lib/format.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */
/** @typedef {import("../lib/dataset.js").Column} Column */

const STEPS = 400; // of a slider
const SPACE = "http://www.w3.org/2000/svg";

/** Of one column. */
export class Histogram {
  /**
   * @param {Column} column
   * @param {SamplesState} state
   */
  constructor(column, state) {
    this.column = column;
    this.state = state;
    this.range = h("small", {});
    this.svg = document.createElementNS(SPACE, "svg");
    this.svg.setAttribute("class", "bars");
    this.svg.setAttribute("aria-hidden", "true");
    const bars = column.histogram.length;
    this.svg.setAttribute("viewBox", `0 0 ${bars} 100`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    const most = Math.max(1, ...column.histogram);
    this.bars = column.histogram.map((value, place) => {
      const bar = document.createElementNS(SPACE, "rect");
      const height = value ? Math.max(3, (100 * value) / most) : 0;
      for (const [name, number] of Object.entries({ x: place + 0.06, y: 100 - height, width: 0.88, height }))
        bar.setAttribute(name, String(number));
      this.svg.append(bar);
      return bar;
    });
    this.low = this._slider("from");
    this.high = this._slider("to");
    this.element = h(
      "section",
      { class: "column" },
      h(
        "div",
        { class: "column-head" },
        h("span", { class: "ellipsis", title: column.title }, column.title),
        this.range,
      ),
      this.svg,
      h("div", { class: "range" }, this.low, this.high),
    );
    this.follow();
  }

  /** Show the filter that there is. */
  follow() {
    const { column, state } = this;
    const filter = state.filters.find((one) => one.kind === "range" && one.key === column.key);
    const [low, high] = filter?.kind === "range" ? [filter.low, filter.high] : [null, null];
    if (document.activeElement !== this.low) this.low.value = String(low === null ? 0 : this._step(low));
    if (document.activeElement !== this.high) this.high.value = String(high === null ? STEPS : this._step(high));
    this.range.textContent =
      low === null && high === null ? "all" : `${number(low ?? column.min)} – ${number(high ?? column.max)}`;
    this._paint(low ?? -Infinity, high ?? Infinity);
  }

  /** @param {string} end */
  _slider(end) {
    const slider = h("input", {
      type: "range",
      min: 0,
      max: STEPS,
      step: 1,
      class: end,
      "aria-label": `${this.column.title} ${end}`,
    });
    slider.addEventListener("input", () => this._moved(slider, false));
    slider.addEventListener("change", () => this._moved(slider, true));
    return slider;
  }

  /**
   * @param {HTMLInputElement} slider
   * @param {boolean} rests
   */
  _moved(slider, rests) {
    const { column, state } = this;
    // The ends do not pass each other.
    if (slider === this.low) this.low.value = String(Math.min(Number(this.low.value), Number(this.high.value)));
    else this.high.value = String(Math.max(Number(this.low.value), Number(this.high.value)));
    const [low, high] = [Number(this.low.value), Number(this.high.value)];
    /** @type {import("../lib/filters.js").RangeFilter | null} */
    const filter =
      low === 0 && high === STEPS
        ? null
        : {
            kind: "range",
            key: column.key,
            low: low === 0 ? null : this._value(low),
            high: high === STEPS ? null : this._value(high),
          };
    state.putFilter((one) => one.kind === "range" && one.key === column.key, filter, rests);
  }

  /** @param {number} step */
  _value(step) {
    const { min, max } = this.column;
    return Number((min + ((max - min) * step) / STEPS).toPrecision(5));
  }

  /** @param {number} value */
  _step(value) {
    const { min, max } = this.column;
    return max > min ? Math.round((STEPS * (value - min)) / (max - min)) : 0;
  }

  /**
   * @param {number} low
   * @param {number} high
   */
  _paint(low, high) {
    const { min, max } = this.column;
    const width = (max - min) / this.bars.length;
    for (const [place, bar] of this.bars.entries()) {
      const middle = min + (place + 0.5) * width;
      bar.setAttribute("class", middle >= low && middle <= high ? "kept" : "left");
    }
  }
}
