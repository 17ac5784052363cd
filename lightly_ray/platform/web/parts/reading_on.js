/** The end of a list that reads on before it comes into view; where that fails it says why, and a button tries again. */

import { h, refill } from "../lib/dom.js";
import { reason } from "../lib/format.js";

const AHEAD = "600px"; // before its place comes into view

/** Put `status` behind the list. */
export class ReadingOn {
  /**
   * @param {Element} sheet that scrolls
   * @param {() => boolean} wanted whether there is more
   * @param {() => Promise<unknown>} read the next page
   */
  constructor(sheet, wanted, read) {
    this.status = h("div", { class: "status-line", role: "status" });
    this._read = read;
    this._reading = false;
    this._seen = new IntersectionObserver(
      (entries) => entries.some((one) => one.isIntersecting) && wanted() && this.more(),
      { root: sheet, rootMargin: AHEAD },
    );
    this._seen.observe(this.status);
  }

  end() {
    this._seen.disconnect();
  }

  async more() {
    if (this._reading) return;
    this._reading = true;
    this.status.textContent = "Loading…";
    try {
      await this._read();
      // It tells of changes only: where the end is still in view, it must be asked again.
      this._seen.unobserve(this.status);
      this._seen.observe(this.status);
    } catch (error) {
      refill(this.status, reason(error), " ", h("button", { onclick: () => this.more() }, "Try again"));
    } finally {
      this._reading = false;
    }
  }
}
