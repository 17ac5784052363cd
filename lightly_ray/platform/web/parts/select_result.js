/** A selection from its job to its tag: progress, why it failed, what it chose in the order of choice. */

import * as address from "../lib/address.js";
import { ApiError, get, send } from "../lib/api.js";
import { h, icon, refill } from "../lib/dom.js";
import { count, counted, reason } from "../lib/format.js";
import { gainText, readMade, readOrder } from "../lib/made.js";
import { wasCancelled } from "./job_row.js";
import { longStrip } from "./strip.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */
/** @typedef {import("../lib/live.js").Job} Job */

const SHOWN = 60;

/**
 * Events: "result" where the selection is there, with its tag in `tag` and its choices in `rows`; "again" where other
 * settings are wanted.
 */
export class SelectResult extends EventTarget {
  /**
   * @param {Dataset} dataset
   * @param {import("../app.js").App} app
   */
  constructor(dataset, app) {
    super();
    this.dataset = dataset;
    this.app = app;
    this.element = h("section", { class: "select-result", "aria-label": "Result", tabindex: -1 });
    /** @type {string | null} */
    this.job = null;
    /** @type {import("../lib/dataset.js").Tag | null} */
    this.tag = null;
    /** @type {ArrayLike<number>} */
    this.rows = [];
    /** @type {(number | null)[] | null} */
    this.gains = null;
    /** Those of the choices that are shown; null: all. @type {import("../lib/masks.js").Mask | null} */
    this.mask = null;
    this.choices = h("div", {});
    /** @type {(row: number | null) => void} */
    this.hover = () => {};
    this._ended = false;
    this._look = () => this._ended || this.look();
    app.live.addEventListener("jobs", this._look);
    this.draw(null);
  }

  end() {
    this.job = null;
    this.app.live.removeEventListener("jobs", this._look);
  }

  /** @param {string | null} job */
  async follow(job) {
    this.job = job;
    this.tag = null;
    this.rows = [];
    this._ended = false;
    if (job === null) this.draw(null);
    else await this.look();
  }

  async look() {
    const id = this.job;
    if (id === null) return;
    let job = this.app.live.jobs.find((one) => one.id === id);
    try {
      job ??= /** @type {Job} */ (await get(`jobs/${id}`));
    } catch (error) {
      if (this.job !== id) return;
      this._ended = true;
      const gone = error instanceof ApiError && error.status === 404;
      refill(
        this.element,
        h(
          "p",
          { class: "note", role: "alert" },
          gone ? "This selection is no longer known to the server." : reason(error),
        ),
      );
      return;
    }
    if (this.job !== id || this._ended) return;
    this._ended = job.finishedAt !== null;
    this.draw(job);
    if (job.status === "FINISHED") await this.finish(job);
  }

  /** @param {Job | null} job */
  draw(job) {
    if (!job) {
      refill(
        this.element,
        h("p", { class: "note" }, "The samples that are selected appear here, in the order in which they were chosen."),
      );
      return;
    }
    if (wasCancelled(job)) {
      refill(this.element, h("h2", {}, `${job.name ?? "The selection"} was cancelled`), this.againButton());
      return;
    }
    if (job.status === "FAILED") {
      refill(
        this.element,
        h("h2", {}, `${job.name ?? "The selection"} was not made`),
        h("p", { class: "problem", role: "alert" }, icon("warning"), " ", job.error ?? "It failed."),
        this.againButton(),
      );
      return;
    }
    if (job.status === "FINISHED") return;
    const bar = h("progress", {
      max: 1,
      value: job.total ? job.processed / job.total : 0,
      "aria-label": `Progress of ${job.name}`,
    });
    if (this.element.dataset.job === job.id && this._line && this._bar) {
      this._bar.value = bar.value;
      this._line.textContent = lineOf(job);
      return;
    }
    this.element.dataset.job = job.id;
    this._bar = bar;
    this._line = h("p", { class: "soft" }, lineOf(job));
    const cancel = h("button", {}, "Cancel");
    cancel.addEventListener("click", async () => {
      cancel.disabled = true;
      try {
        await send("DELETE", `jobs/${job.id}`);
      } catch (error) {
        if (this._line) this._line.textContent = reason(error);
        cancel.disabled = false;
      }
      this.app.live.look();
    });
    refill(
      this.element,
      h("h2", {}, `Selecting ${job.name}`),
      h("div", { class: "job-progress" }, bar, h("div", { class: "job-line" }, this._line, cancel)),
    );
  }

  /** @param {Job} job */
  async finish(job) {
    delete this.element.dataset.job;
    try {
      await this.dataset.refresh();
      const tag =
        this.dataset.info.tags.find((one) => one.id === job.result) ??
        this.dataset.info.tags.find((one) => one.name === job.name);
      if (this.job !== job.id) return;
      if (!tag) {
        refill(this.element, h("p", { class: "note" }, `The tag ${job.name} was deleted.`));
        return;
      }
      const [made, order] = await Promise.all([readMade(this.dataset, tag.id), readOrder(this.dataset, tag)]);
      const rows = order ? order.rows : (await this.dataset.mask(tag.id)).rows();
      if (this.job !== job.id) return;
      this.tag = tag;
      this.rows = rows;
      this.drawResult(made.sentence, rows, order?.gains ?? null);
      this.dispatchEvent(new Event("result"));
    } catch (error) {
      if (this.job === job.id) refill(this.element, h("p", { class: "problem", role: "alert" }, reason(error)));
    }
  }

  /**
   * @param {string} sentence
   * @param {ArrayLike<number>} rows
   * @param {(number | null)[] | null} gains
   */
  drawResult(sentence, rows, gains) {
    const { tag, dataset } = this;
    if (!tag) return;
    this.gains = gains;
    refill(
      this.element,
      h(
        "div",
        { class: "page-head" },
        h("h2", {}, tag.name),
        h(
          "div",
          { class: "row-buttons" },
          h(
            "a",
            { class: "button primary", href: address.link(["datasets", dataset.info.id], { in: tag.id }) },
            "Open in samples",
          ),
          h(
            "a",
            { class: "button", href: address.link(["datasets", dataset.info.id, "tags"], { tag: tag.id }) },
            "Open the tag",
          ),
          this.againButton(),
        ),
      ),
      h("p", { class: "made" }, sentence),
      h(
        "p",
        { class: "note" },
        gains
          ? `${counted(rows.length, "sample")} in the order of choice, each with its gain.`
          : `${counted(rows.length, "sample")}.`,
      ),
      this.choices,
    );
    this.drawChoices();
  }

  /**
   * Show those of the choices alone that a mask holds, each with its place among all.
   *
   * @param {import("../lib/masks.js").Mask | null} mask null: all
   */
  narrow(mask) {
    if (mask === this.mask) return;
    this.mask = mask;
    if (this.tag) this.drawChoices();
  }

  drawChoices() {
    const { rows, gains, mask, tag } = this;
    const places = Array.from(rows, (_, i) => i).filter((i) => !mask || mask.has(rows[i]));
    const shown = longStrip(
      this.dataset,
      places.map((i) => rows[i]),
      SHOWN,
      {
        places: gains ? places.map((i) => i + 1) : undefined,
        captions: gains ? places.map((i) => gainText(gains[i])) : undefined,
        query: { in: tag?.id ?? "" },
        hover: (row) => this.hover(row),
      },
    );
    refill(this.choices, places.length ? shown : h("p", { class: "note" }, "None of the choices is in the lasso."));
  }

  againButton() {
    return h("button", { onclick: () => this.dispatchEvent(new Event("again")) }, "Run again with other settings");
  }
}

/** @param {Job} job */
function lineOf(job) {
  if (job.status === "WAITING") return "waiting for a free worker";
  return job.total
    ? `${count(job.processed)} of ${count(job.total)} · ${Math.floor((100 * job.processed) / job.total)} %`
    : "starting";
}
