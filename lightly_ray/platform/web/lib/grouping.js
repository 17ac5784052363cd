/** Near duplicates under one tile: their groups are read, or found first by a job of the server. */

import { ApiError, get, send } from "./api.js";
import { reason } from "./format.js";

/** @typedef {import("./samples_state.js").SamplesState} SamplesState */
/** @typedef {import("./live.js").Job} Job */

/**
 * @typedef {{kind: "ready"} | {kind: "finding", job: Job | null} | {kind: "failed", reason: string}} GroupingStatus
 */

const PAUSE = 1000; // milliseconds between questions about a job

/** The groups that the state asks for; "status" is told as it changes. */
export class Grouping extends EventTarget {
  /** @param {SamplesState} state */
  constructor(state) {
    super();
    this.state = state;
    /** @type {GroupingStatus} */
    this.status = { kind: "ready" };
    this._key = "";
    this._turn = new AbortController();
  }

  /**
   * The lowest row of each sample's group.
   *
   * @returns {Promise<Uint32Array | null>} null where a job looks for them, or where they cannot be had
   */
  async read() {
    const { group, dataset } = this.state;
    const key = group ? dataset.groupsKey(group.embedding, group.within) : "";
    // A slider that moves meanwhile asks nobody again.
    if (key && key === this._key && this.status.kind !== "ready") return null;
    this._turn.abort();
    this._key = key;
    if (!group) return null;
    try {
      const groups = await dataset.groups(group.embedding, group.within);
      this._tell({ kind: "ready" });
      return groups;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === "DATASET_UNKNOWN") throw error;
      if (key !== this._key) return null;
      if (error.code === "GROUPS_UNKNOWN") this._find(group);
      else this._tell({ kind: "failed", reason: error.message });
      return null;
    }
  }

  /** Do again what failed. */
  again() {
    this.end();
    return this.state.apply();
  }

  /** Have the server stop, and show every sample again. */
  async cancel() {
    const job = this.status.kind === "finding" ? this.status.job : null;
    this.end();
    await this.state.setGroup(null);
    if (job) await send("DELETE", `jobs/${job.id}`);
  }

  end() {
    this._turn.abort();
    this._key = "";
  }

  /** @param {{embedding: string, within: number}} group */
  async _find({ embedding, within }) {
    const turn = new AbortController();
    this._turn = turn;
    const { signal } = turn;
    this._tell({ kind: "finding", job: null });
    try {
      const path = `${this.state.dataset.path}/embeddings/${embedding}/groups?within=${within}`;
      const { job } = await send("POST", path, undefined, { signal });
      const ended = await this._follow(job, signal);
      this.end();
      if (ended.status === "FINISHED") await this.state.apply();
      else await this.state.setGroup(null);
    } catch (error) {
      if (signal.aborted) return; // something else is wanted
      this._tell({ kind: "failed", reason: reason(error) });
    }
  }

  /**
   * The job once it has ended well, or was cancelled elsewhere.
   *
   * @param {string} id
   * @param {AbortSignal} signal
   * @returns {Promise<Job>}
   */
  async _follow(id, signal) {
    for (;;) {
      /** @type {Job} */
      const job = await get(`jobs/${id}`, { signal });
      signal.throwIfAborted();
      const cancelled = (job.error ?? "").endsWith("was cancelled");
      if (job.status === "FAILED" && !cancelled) throw new ApiError(job.error ?? "The job failed.", 0, "JOB_FAILED");
      if (job.finishedAt !== null) return job;
      this._tell({ kind: "finding", job });
      await new Promise((go) => setTimeout(go, PAUSE));
      signal.throwIfAborted();
    }
  }

  /** @param {GroupingStatus} status */
  _tell(status) {
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }
}
