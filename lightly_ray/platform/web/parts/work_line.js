/** A ring and a line in the header for the work that goes on, at the server and in this window; never a dialog. */

import * as address from "../lib/address.js";
import { h, refill } from "../lib/dom.js";
import { Live } from "../lib/live.js";
import { work } from "../lib/work.js";

/** @type {Record<string, (name: string) => string>} */
const WORDS = {
  SAMPLING: (name) => `Selecting ${name}`,
  PROJECTION: () => "Drawing the plot",
  GROUPING: () => "Grouping near duplicates",
  EVALUATION: (name) => `Evaluating ${name}`,
};

/** In the header, which may be filled anew at any time. */
export class WorkLine {
  /** @param {HTMLElement} header */
  constructor(header) {
    this.header = header;
    this.live = new Live();
    this.live.addEventListener("jobs", () => this.show());
    work.addEventListener("change", () => this.show());
  }

  show() {
    const place = this.header.querySelector(".work");
    if (!place) return;
    const running = this.live.jobs.filter((job) => job.status === "RUNNING" || job.status === "WAITING");
    const [job] = running;
    const [own] = work.running;
    if (!job && !own) {
      refill(place);
      return;
    }
    const share = own ? own.share : job.total ? job.processed / job.total : 0;
    const what = own ? own.text : (WORDS[job.kind]?.(job.name ?? "") ?? job.kind);
    const ring = h("span", { class: "ring" });
    ring.style.setProperty("--share", `${Math.max(0.05, share) * 360}deg`);
    const others = running.length + work.running.size - 1;
    const state = !own && job.status === "WAITING" ? "waiting" : `${Math.floor(100 * share)} %`;
    const line = [ring, `${what} — ${state}${others ? ` and ${others} more` : ""}`];
    refill(
      place,
      own ? h("button", { class: "plain", onclick: own.open }, line) : h("a", { href: address.link(["jobs"]) }, line),
    );
  }
}
