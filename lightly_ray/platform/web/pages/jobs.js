/** The jobs of the server, or of one dataset: what runs, what is done, what failed and why. */

import { ApiError, get } from "../lib/api.js";
import { h, icon, loadStyle, refill } from "../lib/dom.js";
import { JobRow } from "../parts/job_row.js";
import { ReadingOn } from "../parts/reading_on.js";

/** @typedef {import("../lib/live.js").Job} Job */

/**
 * @param {HTMLElement} host
 * @param {import("../lib/address.js").Address} place
 * @param {import("../app.js").App} app
 */
export async function show(host, place, app) {
  const id = place.path[0] === "datasets" ? place.path[1] : null;
  const [dataset] = await Promise.all([id ? app.dataset(id) : null, loadStyle("pages"), loadStyle("jobs")]);
  app.title(dataset ? `Jobs of ${dataset.info.name}` : "Jobs");
  const page = new JobsPage(host, app, id);
  await page.onward.more();
  return { end: () => page.end() };
}

class JobsPage {
  /**
   * @param {HTMLElement} host
   * @param {import("../app.js").App} app
   * @param {string | null} dataset
   */
  constructor(host, app, dataset) {
    this.app = app;
    this.dataset = dataset;
    /** @type {Map<string, JobRow>} */
    this.rows = new Map();
    /** @type {string | null} */
    this.next = null;
    this.read = false;
    this.body = h("tbody", {});
    const heading = (/** @type {string} */ text) => h("th", { scope: "col" }, text);
    const last = h("th", { scope: "col" }, h("span", { class: "hidden-text" }, "Actions"));
    this.table = h(
      "table",
      { class: "table jobs-table", hidden: true },
      h("thead", {}, h("tr", {}, heading("State"), heading("Job"), heading("When"), last)),
      this.body,
    );
    const sheet = h("div", { class: "sheet" }, h("div", { class: "page-head" }, h("h1", {}, "Jobs")), this.table);
    this.onward = new ReadingOn(
      sheet,
      () => this.next !== null,
      () => this.more(),
    );
    this.status = this.onward.status;
    sheet.append(this.status);
    host.append(sheet);
    this.look = () => this.take();
    app.live.addEventListener("jobs", this.look);
    app.live.look();
  }

  end() {
    this.onward.end();
    this.app.live.removeEventListener("jobs", this.look);
  }

  /** Read the next page of them. */
  async more() {
    const query = new URLSearchParams();
    if (this.dataset) query.set("dataset", this.dataset);
    if (this.next) query.set("before", this.next);
    const { jobs, next } = await get(`jobs?${query}`);
    this.next = next;
    this.read = true;
    for (const job of jobs) this.put(job, false);
    this.settle();
  }

  /** Take what is live: new ones come first. */
  async take() {
    if (!this.read) return;
    const live = this.app.live.jobs.filter((job) => !this.dataset || job.dataset === this.dataset);
    for (const job of live.toSorted((a, b) => a.createdAt - b.createdAt)) this.put(job, true);
    const known = new Set(live.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (row.job.finishedAt === null && !known.has(id)) await this.readOne(id, row); // it ended unseen
    }
    this.settle();
  }

  /**
   * @param {string} id
   * @param {JobRow} row
   */
  async readOne(id, row) {
    try {
      row.draw(await get(`jobs/${id}`));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      row.element.remove();
      this.rows.delete(id);
    }
  }

  /**
   * @param {Job} job
   * @param {boolean} first
   */
  put(job, first) {
    const known = this.rows.get(job.id);
    if (known) {
      known.draw(job);
      return;
    }
    const row = new JobRow(job, this.dataset === null, () => this.app.live.look());
    this.rows.set(job.id, row);
    if (first) this.body.prepend(row.element);
    else this.body.append(row.element);
  }

  settle() {
    const empty = !this.rows.size;
    this.table.hidden = empty;
    refill(
      this.status,
      empty &&
        h(
          "div",
          { class: "empty" },
          icon("check"),
          h("h1", {}, "There is no job"),
          h("p", {}, "Selections and plots that the server works on are listed here, with their progress."),
        ),
    );
  }
}
