/** What a lasso round points of a selection's plot holds, and the way to look at it. */

import * as address from "../lib/address.js";
import { write } from "../lib/filters.js";
import { h, refill } from "../lib/dom.js";
import { count } from "../lib/format.js";

/** @typedef {import("../lib/filters.js").LassoFilter} LassoFilter */

/**
 * @typedef {object} Lassoed
 * @property {LassoFilter} filter
 * @property {string} tag what is looked at: the result, else what may be selected
 * @property {string} what how its samples are called
 * @property {number} inside
 * @property {number} all
 */

/** A line that is there while there is a lasso. */
export class LassoLine {
  /**
   * @param {string} dataset its id
   * @param {() => void} clear take the lasso away
   */
  constructor(dataset, clear) {
    this.dataset = dataset;
    this.words = h("span", {});
    this.open = h("a", { class: "button" }, "Open these in samples");
    this.element = h(
      "div",
      { class: "lasso-line", role: "status", hidden: true },
      this.words,
      this.open,
      h("button", { class: "plain", onclick: clear }, "Clear the lasso"),
    );
  }

  /** @param {Lassoed | null} lassoed */
  show(lassoed) {
    this.element.hidden = lassoed === null;
    if (!lassoed) return;
    const { filter, tag, what, inside, all } = lassoed;
    const query = new URLSearchParams([["in", tag], write(filter)]);
    refill(this.words, `${count(inside)} of ${count(all)} ${what} in the lasso`);
    this.open.hidden = inside === 0;
    this.open.href = address.link(["datasets", this.dataset], query);
  }
}
