/** Which projection a plot shows, and how it comes: read, or computed first by a job of the server. */

import { ApiError, get, send } from "../lib/api.js";
import { Cloud } from "./plot_cloud.js";
import { reason } from "../lib/format.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */
/** @typedef {{embedding: string, method: string}} Choice */

/** As the server calls them, and as people do. @type {[string, string][]} */
export const METHODS = [
  ["PCA", "PCA"],
  ["UMAP", "UMAP"],
  ["TSNE", "t-SNE"],
];

const PAUSE = 1000; // milliseconds between questions about a job

/** @param {string} method */
export const methodName = (method) => METHODS.find(([name]) => name === method)?.[1] ?? method;

/**
 * @typedef {{kind: "none"} | {kind: "loading"} | {kind: "absent"} | {kind: "computing", share: number | null}
 *   | {kind: "failed", reason: string} | {kind: "ready", cloud: Cloud}} Status
 */

/** The projection that is chosen; "status" is told as it changes. */
export class Source extends EventTarget {
  /** @param {SamplesState} state */
  constructor(state) {
    super();
    this.state = state;
    /** @type {Choice | null} */
    this.choice = null;
    /** @type {Status} */
    this.status = { kind: "loading" };
    this._key = "";
    this._turn = new AbortController();
    /** What was begun last. */
    this._work = (/** @type {AbortSignal} */ signal) => this._read(signal);
  }

  /** Take the projection that the state asks for, unless it is there. */
  follow() {
    const choice = chosen(this.state, this.choice);
    const key = choice ? keyOf(this.state, choice) : "none";
    if (key === this._key) return;
    this._key = key;
    this.choice = choice;
    this._begin((signal) => this._read(signal));
  }

  /** Have the projection computed. */
  compute() {
    this._begin((signal) => this._compute(signal));
  }

  /** Do again what failed. */
  again() {
    this._begin(this._work);
  }

  end() {
    this._turn.abort();
  }

  /** @param {(signal: AbortSignal) => Promise<void>} work */
  async _begin(work) {
    this._turn.abort();
    const turn = new AbortController();
    this._turn = turn;
    this._work = work;
    try {
      await work(turn.signal);
    } catch (error) {
      if (turn.signal.aborted) return; // another projection is wanted
      this._tell({ kind: "failed", reason: reason(error) }, turn.signal);
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** @param {AbortSignal} signal */
  async _read(signal) {
    if (!this.choice) return this._tell({ kind: "none" }, signal);
    this._tell({ kind: "loading" }, signal);
    const { embedding, method } = this.choice;
    try {
      const points = await this.state.dataset.points(embedding, method);
      signal.throwIfAborted();
      this._tell({ kind: "ready", cloud: await Cloud.of(points, signal) }, signal);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      // PCA takes seconds and is what a plot opens with; the others take minutes, and a person decides.
      if (method === "PCA") await this._compute(signal);
      else this._tell({ kind: "absent" }, signal);
    }
  }

  /** @param {AbortSignal} signal */
  async _compute(signal) {
    if (!this.choice) return;
    const { embedding, method } = this.choice;
    this._tell({ kind: "computing", share: null }, signal);
    const { job } = await send("POST", `${this.state.dataset.path}/embeddings/${embedding}/points?method=${method}`);
    for (;;) {
      const { status, processed, total, error } = await get(`jobs/${job}`, { signal });
      if (status === "FAILED") throw new ApiError(error ?? "The job failed.", 0, "JOB_FAILED");
      if (status === "FINISHED") break;
      this._tell({ kind: "computing", share: total > 0 ? processed / total : null }, signal);
      await new Promise((go) => setTimeout(go, PAUSE));
      signal.throwIfAborted();
    }
    await this.state.refresh();
    signal.throwIfAborted();
    if (this.choice) this._key = keyOf(this.state, this.choice);
    const points = await this.state.dataset.points(embedding, method);
    signal.throwIfAborted();
    this._tell({ kind: "ready", cloud: await Cloud.of(points, signal) }, signal);
  }

  /**
   * @param {Status} status
   * @param {AbortSignal} signal of the turn that says so
   */
  _tell(status, signal) {
    if (signal.aborted) return;
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }
}

/**
 * The embedding and method that the state asks for: those chosen, those of a lasso, those that are shown, else the newest.
 *
 * @param {SamplesState} state
 * @param {Choice | null} shown
 * @returns {Choice | null} null where there is no embedding
 */
function chosen(state, shown) {
  const { embeddings } = state.dataset.info;
  const there = (/** @type {string | undefined} */ id) => embeddings.some((one) => one.id === id);
  if (state.plot && there(state.plot.embedding)) return state.plot;
  const lasso = state.filters.find((filter) => filter.kind === "lasso");
  if (lasso?.kind === "lasso" && there(lasso.embedding)) return { embedding: lasso.embedding, method: lasso.method };
  if (shown && there(shown.embedding)) return shown;
  const newest = embeddings.at(-1);
  return newest ? { embedding: newest.id, method: "PCA" } : null;
}

/**
 * What a projection depends on.
 *
 * @param {SamplesState} state
 * @param {Choice} choice
 */
function keyOf(state, { embedding, method }) {
  const { embeddings, total } = state.dataset.info;
  const known = embeddings.find((one) => one.id === embedding);
  const version = known?.projections.find((one) => one.method === method)?.version;
  return [embedding, method, known?.version, version, total].join(" ");
}
