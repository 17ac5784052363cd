/** The card beside a point: its picture, its file name, and the value that gives its colour. */

import { h, refill } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { colourOf } from "../lib/palette.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */
/** @typedef {import("./plot_colours.js").Colouring} Colouring */

const PATIENCE = 40; // milliseconds a point is pointed at before it is asked for
const AWAY = 14; // pixels between pointer and card

/** One card, shown for one row at a time. */
export class Card {
  /**
   * @param {SamplesState} state
   * @param {HTMLElement} area that the card stays within
   */
  constructor(state, area) {
    this.state = state;
    this.area = area;
    this.element = h("div", { class: "plot-card", hidden: true });
    area.append(this.element);
    /** @type {number | null} */
    this._row = null;
    this._timer = 0;
  }

  /**
   * @param {number | null} row null: none
   * @param {[number, number]} pixel
   * @param {Colouring} colours
   */
  show(row, pixel, colours) {
    if (row !== null && row === this._row) return this._place(pixel);
    this.end();
    this._row = row;
    if (row !== null) this._timer = setTimeout(() => this._read(row, pixel, colours), PATIENCE);
  }

  end() {
    clearTimeout(this._timer);
    this._row = null;
    this.element.hidden = true;
  }

  /**
   * @param {number} row
   * @param {[number, number]} pixel
   * @param {Colouring} colours
   */
  async _read(row, pixel, colours) {
    const { dataset } = this.state;
    await dataset.readSamples([row]);
    const text = await valueOf(dataset, colours, row);
    const sample = dataset.samples.get(row);
    if (row !== this._row || !sample) return;
    const dot = h("span", { class: "plot-dot" });
    dot.style.background = colourOf(colours.codes[row]);
    const image =
      sample.thumbnail !== null && h("img", { src: dataset.thumbnail(sample), alt: "", width: 144, height: 144 });
    if (image) image.addEventListener("error", () => image.replaceWith(h("p", {}, "no picture")));
    refill(
      this.element,
      image,
      h("div", { class: "plot-name" }, sample.name),
      text !== null &&
        h(
          "div",
          { class: "plot-value" },
          colours.kind === "number" ? null : dot,
          h("span", { class: "ellipsis" }, text),
        ),
    );
    this.element.hidden = false;
    this._place(pixel);
  }

  /** @param {[number, number]} pixel */
  _place([x, y]) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const { clientWidth, clientHeight } = this.area;
    const left = x + AWAY + width > clientWidth ? x - AWAY - width : x + AWAY;
    this.element.style.left = `${Math.max(4, Math.min(left, clientWidth - width - 4))}px`;
    this.element.style.top = `${Math.max(4, Math.min(y - height / 2, clientHeight - height - 4))}px`;
  }
}

/**
 * What colours a row, in words.
 *
 * @param {import("../lib/dataset.js").Dataset} dataset
 * @param {Colouring} colours
 * @param {number} row
 * @returns {Promise<string | null>}
 */
async function valueOf(dataset, colours, row) {
  const { column } = colours;
  if (!column) return colours.entries.find((one) => one.code === colours.codes[row])?.text ?? null;
  const value = (await dataset.values(column))[row];
  if (column.kind === "category") return column.values[value]?.[0] ?? null;
  return Number.isNaN(value) ? null : `${column.title} ${number(value)}`;
}
