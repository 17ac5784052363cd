/** Select samples: the request at the left, what is known before and what comes of it at the right. */

import * as address from "../lib/address.js";
import { get, send } from "../lib/api.js";
import { h, icon, loadStyle, refill } from "../lib/dom.js";
import { Mask } from "../lib/masks.js";
import { SamplesState } from "../lib/samples_state.js";
import { scoreHistogram } from "../parts/score_histogram.js";
import { LassoLine } from "../parts/lasso_line.js";
import { SelectForm } from "../parts/select_form.js";
import { SelectResult } from "../parts/select_result.js";
import { openUpload } from "../parts/upload.js";
import { reason } from "../lib/format.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */

/**
 * @param {HTMLElement} host
 * @param {address.Address} place
 * @param {import("../app.js").App} app
 */
export async function show(host, place, app) {
  const [dataset, methods] = await Promise.all([
    app.dataset(place.path[1]),
    get("methods"),
    loadStyle("pages"),
    loadStyle("tags"),
    loadStyle("select"),
  ]);
  app.title(`Select from ${dataset.info.name}`);
  if (!dataset.info.total) return nothing(host, app, dataset);
  const [columns] = await Promise.all([dataset.columns(), import("../parts/plot.js")]);
  const page = new SelectPage(host, app, dataset, methods, columns, place.query);
  await page.start(place.query);
  return { update: (/** @type {address.Address} */ next) => page.update(next.query), end: () => page.end() };
}

/**
 * @param {HTMLElement} host
 * @param {import("../app.js").App} app
 * @param {Dataset} dataset
 */
function nothing(host, app, dataset) {
  const add = h("button", { class: "primary", onclick: () => openUpload(app, dataset.info) }, "Add images…");
  host.append(
    h(
      "div",
      { class: "empty" },
      icon("stack"),
      h("h1", {}, "There is nothing to select from yet"),
      h("p", {}, "Add images, and embeddings for most methods, first."),
      add,
    ),
  );
  const look = () => app.live.version && app.live.version !== dataset.info.version && app.reopen();
  app.live.addEventListener("version", look);
  return { end: () => app.live.removeEventListener("version", look) };
}

/** The state of the plot beside a selection: neither the address nor the selection of the page of samples is its. */
class ResultState extends SamplesState {
  /** What was drawn round points of the plot. */
  get lasso() {
    return this.filters.find((filter) => filter.kind === "lasso");
  }

  /** The samples in it, null where there is none. */
  async lassoed() {
    return this.lasso ? this._kept(this.lasso) : null;
  }

  /** @override */
  note() {}

  /**
   * @override
   * @param {Mask} selection
   */
  setSelection(selection) {
    this.selection = selection;
    this.dispatchEvent(new Event("selection"));
  }
}

class SelectPage {
  /**
   * @param {HTMLElement} host
   * @param {import("../app.js").App} app
   * @param {Dataset} dataset
   * @param {import("../parts/select_form.js").Method[]} methods
   * @param {import("../lib/dataset.js").Column[]} columns
   * @param {URLSearchParams} query
   */
  constructor(host, app, dataset, methods, columns, query) {
    this.app = app;
    this.dataset = dataset;
    this.form = new SelectForm(dataset, methods, columns, query);
    this.result = new SelectResult(dataset, app);
    this.scoreTitle = h("h2", {}, "Score");
    this.scorePlace = h("div", { class: "score-place" });
    this.plotPlace = h("section", { class: "right plot-place", "aria-label": "Plot", hidden: true });
    this.state = new ResultState(dataset);
    this.lassoLine = new LassoLine(dataset.info.id, () => this.state.putFilter((one) => one.kind === "lasso", null));
    this.turn = 0;
    host.append(
      h(
        "div",
        { class: "columns select-columns" },
        h("aside", { class: "left" }, h("h1", {}, "Select"), this.form.element),
        h(
          "div",
          { class: "content" },
          h("section", { class: "score-section" }, this.scoreTitle, this.scorePlace),
          this.lassoLine.element,
          this.result.element,
        ),
        this.plotPlace,
      ),
    );
  }

  /** @param {URLSearchParams} query */
  async start(query) {
    this.state.selection = new Mask(this.dataset.info.total);
    this.result.hover = (row) => this.state.setHovered(row);
    this.result.addEventListener("result", () => this.showResult());
    this.result.addEventListener("again", () => this.again());
    this.state.addEventListener(
      "open",
      () =>
        this.state.open === null || address.go(["datasets", this.dataset.info.id], { open: String(this.state.open) }),
    );
    this.state.addEventListener("rows", () => this.showLasso());
    this.form.addEventListener("change", () => this.changed());
    this.form.addEventListener("submit", () => this.submit());
    this.form.addEmbedding.addEventListener("click", () => openUpload(this.app, this.dataset.info));
    this.onVersion = () => this.refresh();
    this.app.live.addEventListener("version", this.onVersion);
    await Promise.all([this.drawScore(), this.result.follow(query.get("job")), this.openPlot()]);
  }

  end() {
    this.turn += 1;
    this.result.end();
    if (this.onVersion) this.app.live.removeEventListener("version", this.onVersion);
  }

  /** @param {URLSearchParams} query */
  async update(query) {
    if (query.get("job") !== this.result.job) await this.result.follow(query.get("job"));
  }

  /** @param {boolean} [step] */
  note(step = false) {
    const query = this.form.address();
    if (this.result.job) query.set("job", this.result.job);
    address.note(["datasets", this.dataset.info.id, "select"], query, step);
  }

  async changed() {
    this.note();
    await Promise.all([this.drawScore(), this.showInPlot()]);
  }

  /** Take tags, embeddings and scores that came while the page was open. */
  async refresh() {
    const { version } = this.app.live;
    if (!version || version === this.dataset.info.version || !(await this.dataset.refresh())) return;
    this.form.columns = await this.dataset.columns();
    this.form.refresh();
    await this.drawScore();
  }

  async submit() {
    const { form } = this;
    form.button.disabled = true;
    form.problem.hidden = true;
    try {
      const request = await form.request();
      const { job } = await send("POST", `datasets/${this.dataset.info.id}/selections`, request);
      form.takenNames.add(request.name);
      this.app.live.look();
      const followed = this.result.follow(job);
      this.note(true);
      await followed;
    } catch (error) {
      form.showProblem(error);
    } finally {
      form.button.disabled = false;
    }
  }

  async showResult() {
    // The name counts up: the next one is of another selection.
    this.form.ownName = false;
    this.form.refresh();
    this.note();
    await Promise.all([this.drawScore(), this.showInPlot()]);
  }

  again() {
    this.form.update();
    this.form.method.focus();
  }

  async drawScore() {
    this.turn += 1;
    const turn = this.turn;
    const column = this.form.scoreColumn;
    const { query } = this.form;
    const place = this.scorePlace;
    this.scoreTitle.textContent = column
      ? `${this.form.score.value.replaceAll("_", " ")} in ${this.dataset.tag(query.value)?.name ?? ""}`
      : "Score";
    if (!column) {
      refill(
        place,
        h(
          "p",
          { class: "note" },
          this.form.scoreField.hidden ? `${this.form.method.value} looks at no score.` : "No score is chosen.",
        ),
      );
      return;
    }
    try {
      const [values, mask] = await Promise.all([this.dataset.values(column), this.dataset.mask(query.value)]);
      if (turn !== this.turn) return;
      const chosen = this.result.tag ? this.result.rows : null;
      refill(
        place,
        scoreHistogram({
          title: column.title,
          values: /** @type {Float32Array} */ (values),
          rows: mask.rows(),
          chosen,
        }),
      );
    } catch (error) {
      if (turn === this.turn) refill(place, h("p", { class: "problem", role: "alert" }, reason(error)));
    }
  }

  async openPlot() {
    if (!this.dataset.info.embeddings.length) return;
    const element = /** @type {HTMLElement & {state: SamplesState}} */ (document.createElement("embedding-plot"));
    element.state = this.state;
    this.plotPlace.append(element);
    this.plotPlace.hidden = false;
    await this.showInPlot();
  }

  /** What may be selected at full strength, what was chosen lit up. */
  async showInPlot() {
    const embedding = this.form.embedding.value;
    if (embedding && this.state.plot?.embedding !== embedding)
      this.state.setLook({ plot: { embedding, method: this.state.plot?.method ?? "PCA" } });
    const { lasso } = this.state;
    this.state.filters = this.form.query.value ? [{ kind: "in", tag: this.form.query.value }] : [];
    if (lasso) this.state.filters.push(lasso);
    this.state.setSelection(Mask.of(this.dataset.info.total, this.result.tag ? Array.from(this.result.rows) : []));
    await this.state.apply();
  }

  /** What a lasso in the plot holds: of the result, else of what may be selected. */
  async showLasso() {
    const { lasso } = this.state;
    const of = this.form.query.value;
    const [mask, query] = await Promise.all([this.state.lassoed(), of ? this.dataset.mask(of) : null]);
    if (lasso !== this.state.lasso) return;
    this.result.narrow(mask);
    const { tag, rows } = this.result;
    if (!lasso || !mask) this.lassoLine.show(null);
    else if (tag) {
      const inside = Array.from(rows).filter((row) => mask.has(row)).length;
      this.lassoLine.show({ filter: lasso, tag: tag.id, what: "choices", inside, all: rows.length });
    } else if (query) {
      const found = { inside: query.and(mask).count, all: query.count, what: "samples that may be selected" };
      this.lassoLine.show({ filter: lasso, tag: of, ...found });
    }
  }
}
