/** What goes on at the server: jobs, and whether the open dataset has changed. Asked for while the window is seen. */

import { get } from "./api.js";

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} dataset
 * @property {string} datasetName
 * @property {string} kind
 * @property {string | null} name
 * @property {"WAITING" | "RUNNING" | "FINISHED" | "FAILED"} status
 * @property {number} processed
 * @property {number} total
 * @property {string | null} error
 * @property {string | null} result
 * @property {number} createdAt
 * @property {number | null} finishedAt
 */

const IDLE = 4000;
const BUSY = 600;

/** Events: "jobs" where their state changed, "version" where the dataset did. */
export class Live extends EventTarget {
  constructor() {
    super();
    /** @type {Job[]} */
    this.jobs = [];
    /** Of the open dataset; null where it is gone, undefined before the first answer. @type {string | null | undefined} */
    this.version = undefined;
    /** @type {string | null} */
    this._dataset = null;
    this._timer = 0;
    this._turn = 0;
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.look());
  }

  /** @param {string | null} dataset that is open */
  follow(dataset) {
    if (dataset !== this._dataset) this.version = undefined;
    this._dataset = dataset;
    // The page has its own first requests: this one is in no hurry.
    this._later(IDLE / 4);
  }

  /** Ask now, such as after a job was queued. */
  look() {
    this._later(0);
  }

  /** @param {number} pause */
  _later(pause) {
    clearTimeout(this._timer);
    this._turn += 1;
    const turn = this._turn;
    this._timer = setTimeout(() => this._ask(turn), pause);
  }

  /** @param {number} turn */
  async _ask(turn) {
    if (document.visibilityState === "hidden") return;
    const dataset = this._dataset;
    try {
      const state = await get(`state${dataset ? `?dataset=${dataset}` : ""}`);
      if (turn !== this._turn) return;
      const before = JSON.stringify(this.jobs);
      this.jobs = state.jobs;
      if (JSON.stringify(state.jobs) !== before) this.dispatchEvent(new Event("jobs"));
      if (dataset && state.version !== this.version) {
        this.version = state.version;
        this.dispatchEvent(new Event("version"));
      }
    } catch (error) {
      // The dataset is gone: the page says so as soon as it reads anything.
      if (turn === this._turn) this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    }
    if (turn === this._turn) this._later(this.jobs.some((job) => job.finishedAt === null) ? BUSY : IDLE);
  }
}
