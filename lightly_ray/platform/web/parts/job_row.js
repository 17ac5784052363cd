/** One job as a row of the table, kept up to date in place, so that focus stays where it is. */

import * as address from "../lib/address.js";
import { send } from "../lib/api.js";
import { toast } from "../lib/dialogs.js";
import { h, refill } from "../lib/dom.js";
import { ago, count, reason, time } from "../lib/format.js";

/** @typedef {import("../lib/live.js").Job} Job */

/** @type {Record<string, [string, string]>} */
const STATES = {
  WAITING: ["waiting", "badge"],
  RUNNING: ["running", "badge active"],
  FINISHED: ["done", "badge"],
  FAILED: ["failed", "badge bad"],
};

/** @type {Record<string, (name: string) => string>} */
const WORDS = {
  SAMPLING: (name) => `Selection ${name}`,
  PROJECTION: () => "Points of the plot",
  GROUPING: () => "Groups of near duplicates",
  EVALUATION: (name) => `Evaluation of ${name}`,
};

/**
 * Whether a job was cancelled, by whoever asked for it: that is no fault.
 *
 * @param {Job} job
 */
export const wasCancelled = (job) => job.status === "FAILED" && (job.error ?? "").endsWith("was cancelled");

/** A job's row in the table. */
export class JobRow {
  /**
   * @param {Job} job
   * @param {boolean} withDataset whether its dataset is named
   * @param {() => void} look asked to look at the jobs again
   */
  constructor(job, withDataset, look) {
    this.look = look;
    this.state = h("td", { class: "job-state" });
    this.what = h("td", { class: "job-what" });
    this.when = h("td", { class: "job-when" });
    this.end = h("td", { class: "end" });
    this.bar = h("progress", { max: 1, value: 0 });
    this.line = h("small", {});
    this.cancel = h("button", { class: "changes", onclick: () => this.stop() }, "Cancel");
    this.withDataset = withDataset;
    this.element = h("tr", {}, this.state, this.what, this.when, this.end);
    this.job = job;
    this.drawn = "";
    this.draw(job);
  }

  /** @param {Job} job */
  draw(job) {
    this.job = job;
    const text = JSON.stringify(job);
    if (text === this.drawn) return;
    const ended = job.finishedAt !== null;
    this.bar.value = job.total ? job.processed / job.total : 0;
    this.line.textContent =
      job.status === "WAITING"
        ? "waiting for a free worker"
        : job.total
          ? `${count(job.processed)} of ${count(job.total)}`
          : "starting";
    const stopped = wasCancelled(job);
    const [word, style] = stopped
      ? ["cancelled", "badge"]
      : (STATES[job.status] ?? [job.status.toLowerCase(), "badge"]);
    refill(this.state, h("span", { class: style }, word));
    refill(
      this.when,
      h(
        "span",
        { title: time(job.finishedAt ?? job.createdAt) },
        ended ? ago(job.finishedAt ?? 0) : `queued ${ago(job.createdAt)}`,
      ),
      ended && h("small", {}, took(job)),
    );
    if (!ended && this.drawn && this.cancel.isConnected) {
      this.drawn = text;
      return; // bar and line are in place
    }
    this.drawn = text;
    const what = WORDS[job.kind]?.(job.name ?? "") ?? job.kind;
    this.bar.setAttribute("aria-label", `Progress of ${what}`);
    refill(
      this.what,
      h(
        "div",
        { class: "job-name" },
        what,
        this.withDataset &&
          h("a", { class: "job-dataset", href: address.link(["datasets", job.dataset]) }, job.datasetName),
      ),
      job.error && !stopped && h("p", { class: "problem" }, job.error),
      !ended && h("div", { class: "job-bar" }, this.bar, this.line),
    );
    refill(this.end, ended ? this.opened(job) : this.cancel);
  }

  /** @param {Job} job */
  opened(job) {
    if (job.kind !== "SAMPLING") return null;
    if (job.status === "FINISHED" && job.result)
      return h(
        "a",
        { class: "button", href: address.link(["datasets", job.dataset, "tags"], { tag: job.result }) },
        "Open the tag",
      );
    return null;
  }

  async stop() {
    this.cancel.disabled = true;
    try {
      await send("DELETE", `jobs/${this.job.id}`);
    } catch (error) {
      toast(reason(error), { bad: true });
      this.cancel.disabled = false;
    }
    this.look();
  }
}

/** @param {Job} job */
function took({ createdAt, finishedAt }) {
  const seconds = Math.max(0, ((finishedAt ?? createdAt) - createdAt) / 1000);
  if (seconds < 60) return `after ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return seconds < 3600 ? `after ${Math.round(seconds / 60)} min` : `after ${(seconds / 3600).toFixed(1)} h`;
}
