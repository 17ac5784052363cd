/** The chip that says that near duplicates are one tile, or how far the server is with finding them. */

import { toast } from "../lib/dialogs.js";
import { h, icon, refill } from "../lib/dom.js";
import { reason } from "../lib/format.js";

/** @typedef {import("../lib/grouping.js").Grouping} Grouping */

/** Among the chips of the filters. */
export class GroupChip {
  /**
   * @param {Grouping} grouping
   * @param {AbortSignal} ended
   */
  constructor(grouping, ended) {
    this.grouping = grouping;
    this.words = h("span", { class: "ellipsis" });
    this.ring = h("span", { class: "ring" });
    this.again = h("button", { class: "plain", onclick: () => grouping.again() }, "Try again");
    this.off = h("button", { class: "plain", onclick: () => this._off() }, icon("close"));
    this.element = h("span", { class: "chip", role: "status" }, this.ring, this.words, this.again, this.off);
    grouping.addEventListener("status", () => this.draw(), { signal: ended });
    this.draw();
  }

  draw() {
    const { status, state } = this.grouping;
    const text = wordsOf(status, state.group?.within ?? 0);
    this.ring.hidden = status.kind !== "finding";
    this.again.hidden = status.kind !== "failed";
    this.element.classList.toggle("bad", status.kind === "failed");
    refill(this.words, text);
    this.words.title = text;
    const name = status.kind === "finding" ? "Cancel grouping near duplicates" : "Do not group near duplicates";
    this.off.setAttribute("aria-label", name);
    this.off.title = name;
  }

  async _off() {
    try {
      await this.grouping.cancel();
    } catch (error) {
      toast(reason(error), { bad: true });
    }
  }
}

/**
 * @param {import("../lib/grouping.js").GroupingStatus} status
 * @param {number} within
 */
function wordsOf(status, within) {
  if (status.kind === "failed") return `Near duplicates: ${status.reason}`;
  if (status.kind === "ready") return `duplicates within ${within} as one`;
  const { job } = status;
  if (job?.status === "WAITING") return "finding near duplicates: waiting for a free worker";
  const share = job?.total ? ` — ${Math.floor((100 * job.processed) / job.total)} %` : "";
  return `finding near duplicates${share}`;
}
