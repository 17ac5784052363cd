/** The page for looking: tags and filters at the left, the grid in the middle, the plot at the right. */

import { ApiError } from "../lib/api.js";
import { h, icon, refill } from "../lib/dom.js";
import { words } from "../lib/filters.js";
import { count, reason } from "../lib/format.js";
import { SamplesState } from "../lib/samples_state.js";
import { SampleGrid } from "../parts/grid.js";

/** @typedef {import("../app.js").App} App */

const TILE = "lightly_ray tile";

/** How wide the plot is going to be: as it was left, see parts/plot_side.js, which is not loaded yet. */
function plotWidth() {
  if (localStorage.getItem("lightly_ray plot folded") === "1") return "37px";
  return `min(${Number(localStorage.getItem("lightly_ray plot width")) || 412}px, max(320px, 60vw))`;
}

/**
 * @param {HTMLElement} host
 * @param {import("../lib/address.js").Address} address
 * @param {App} app
 */
export async function show(host, address, app) {
  const dataset = await app.dataset(address.path[1]);
  const state = new SamplesState(dataset);
  const page = new SamplesPage(host, state, app);
  if (dataset.info.total) await page.start();
  else page.startEmpty();
  return { update: () => page.follow(), end: () => page.end() };
}

class SamplesPage {
  /**
   * @param {HTMLElement} host
   * @param {SamplesState} state
   * @param {App} app
   */
  constructor(host, state, app) {
    this.state = state;
    this.app = app;
    this.side = h("aside", { class: "side", "aria-label": "Tags and filters" });
    this.right = h("aside", { class: "right", "aria-label": "Embedding" });
    this.grid = new SampleGrid();
    this.grid.state = state;
    this.grid.tile = Number(localStorage.getItem(TILE)) || 143;
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "Filters" });
    this.found = h("span", { class: "found", role: "status" });
    this.order = h("button", { class: "plain", "aria-haspopup": "menu", onclick: () => this._orderMenu() });
    this.create = h("button", { class: "primary changes", onclick: () => this._createTag() }, "Create tag…");
    const more = h(
      "button",
      {
        class: "plain",
        "aria-haspopup": "menu",
        "aria-label": "View",
        title: "View",
        onclick: () => this._viewMenu(more),
      },
      "View",
      icon("down"),
    );
    this.bar = h("div", { class: "bar" }, this.chips, this.found, this.order, more, this.create);
    this.middle = h("section", { class: "middle", "aria-label": "Samples" }, this.bar, this.grid);
    this.host = host;
    this._ended = new AbortController();
    /** @type {import("../lib/dataset.js").Column[]} */
    this._columns = [];
  }

  async start() {
    const { signal } = this._ended;
    // The place of the plot is kept free, so that nothing moves when it comes.
    this.right.hidden = !this.state.dataset.info.embeddings.length;
    this.right.style.minWidth = plotWidth();
    this.host.append(this.side, this.middle, this.right);
    this.state.addEventListener("rows", () => this._rows(), { signal });
    this.state.addEventListener("selection", () => this._selection(), { signal });
    this.state.addEventListener("open", () => this._open(), { signal });
    this.grid.addEventListener("failed", (event) => this._failed(/** @type {CustomEvent} */ (event).detail), {
      signal,
    });
    const shown = new Promise((ready) => this.grid.addEventListener("shown", ready, { once: true }));
    await this.state.follow();
    // What is seen first comes first: filters and plot are loaded after the tiles.
    if (this.state.rows.length) await Promise.race([shown, new Promise((go) => setTimeout(go, 1500))]);
    this._later();
  }

  startEmpty() {
    const add = () =>
      import("../parts/upload.js").then((module) => module.openUpload(this.app, this.state.dataset.info));
    this.host.classList.remove("samples");
    this.host.append(
      h(
        "div",
        { class: "empty" },
        h("h1", {}, "No images yet"),
        h("p", {}, "Drag a folder of images into this page, or choose one."),
        h("button", { class: "primary changes", onclick: add }, "Add images…"),
      ),
    );
    this.host.addEventListener("dragenter", add, { once: true });
  }

  follow() {
    return this.state.follow();
  }

  end() {
    clearTimeout(this.state._noting);
    this.state.grouping?.end();
    this._ended.abort();
    this.host.replaceChildren();
  }

  /** What can be done with the samples, and the plot. */
  async _later() {
    const { signal } = this._ended;
    try {
      const [{ Sidebar }, { SelectionBar }] = await Promise.all([
        import("../parts/sidebar.js"),
        import("../parts/selection_bar.js"),
        this.app.watch(),
      ]);
      if (signal.aborted || !this.host.isConnected) return;
      addEventListener("keydown", (event) => this._key(event), { signal });
      this.app.live.addEventListener("version", () => this._changed(), { signal });
      this.sidebar = new Sidebar(this.side, this.state);
      this.selectionBar = new SelectionBar(this.middle, this.state, () => this._createTag());
      this._selection();
      await this._showPlot();
      await this.sidebar.refresh();
      this._columns = await this.state.dataset.columns();
      if (!signal.aborted) this._rows();
    } catch (error) {
      if (!signal.aborted) this._failed(error);
    }
  }

  async _showPlot() {
    if (this.right.hidden) return;
    const { EmbeddingPlot } = await import("../parts/plot.js");
    if (this._ended.signal.aborted) return;
    const plot = new EmbeddingPlot();
    plot.state = this.state;
    this.right.append(plot);
    this.right.style.minWidth = "";
  }

  /** The chips, what they leave, and the order. */
  _rows() {
    const { state } = this;
    const { info } = state.dataset;
    refill(
      this.chips,
      state.filters.map((filter) => {
        const text = words(filter, state.dataset, this._columns);
        const off = () => state.setFilters(state.filters.filter((one) => one !== filter));
        return h(
          "span",
          { class: "chip" },
          h("span", { class: "ellipsis", title: text }, text),
          h("button", { class: "plain", "aria-label": `Remove the filter ${text}`, onclick: off }, icon("close")),
        );
      }),
      this._groupChip(),
      state.filters.length > 1 && h("button", { class: "plain", onclick: () => state.setFilters([]) }, "Clear"),
    );
    const left = state.mask.count;
    this.found.textContent = state.filters.length ? `${count(left)} of ${count(info.total)}` : `${count(info.total)}`;
    const title = state.sort
      ? (this._columns.find((column) => column.key === state.sort?.key)?.title ?? state.sort.key.split(":").pop())
      : "order";
    refill(this.order, state.sort ? `${title} ${state.sort.descending ? "↓" : "↑"}` : "sort", icon("sort"));
    this._empty(left);
    this._selection();
  }

  /** The chip of the near duplicates, where they are grouped. */
  _groupChip() {
    const { group, grouping } = this.state;
    if (!group || !grouping) return null;
    const { signal } = this._ended;
    if (!this._chipLoading)
      this._chipLoading = import("../parts/group_chip.js").then(({ GroupChip }) => {
        this.groupChip = new GroupChip(grouping, signal);
        if (!signal.aborted) this._rows();
      });
    this.groupChip?.draw();
    return this.groupChip?.element;
  }

  /** @param {number} left */
  _empty(left) {
    this.middle.querySelector(".empty")?.remove();
    const { error } = this.state;
    this.grid.hidden = Boolean(error) || left === 0;
    if (error) {
      const text = reason(error);
      this.middle.append(
        h(
          "div",
          { class: "empty", role: "alert" },
          icon("warning"),
          h("h1", {}, "These samples cannot be shown"),
          h("p", {}, text),
          h("button", { onclick: () => this.state.apply() }, "Try again"),
        ),
      );
    } else if (left === 0) {
      this.middle.append(
        h(
          "div",
          { class: "empty" },
          h("h1", {}, "No sample matches"),
          h("button", { onclick: () => this.state.setFilters([]) }, "Clear the filters"),
        ),
      );
    }
  }

  _selection() {
    const some = this.state.selection.count > 0;
    // One "Create tag" at a time: that of the selection, where there is one.
    this.create.hidden = some;
    this.create.disabled = this.state.mask.count === 0;
  }

  async _open() {
    if (this.state.open === null) {
      this.viewer?.end();
      this.viewer = undefined;
      return;
    }
    const { Viewer } = await import("../parts/viewer.js");
    if (this.state.open === null || this._ended.signal.aborted) return;
    if (!this.viewer) this.viewer = new Viewer(this.state, (row) => this._closed(row), this._ended.signal);
    this.viewer.show(this.state.open);
  }

  /** @param {number} row that was open last */
  _closed(row) {
    this.state.setOpen(null);
    const place = this.state.rows.indexOf(row);
    if (place >= 0) this.grid.reveal(place);
    this.grid.focus();
  }

  async _createTag() {
    const { createTag } = await import("../parts/create_tag.js");
    await createTag(this.state, this.app.live);
  }

  async _changed() {
    const { version } = this.app.live;
    if (version === null || version === this.state.dataset.info.version) return;
    try {
      const before = this.state.dataset.info.total;
      await this.state.refresh();
      if (!before && this.state.dataset.info.total) this.app.route();
      await this.sidebar?.refresh();
      this._columns = await this.state.dataset.columns();
      this._rows();
    } catch (error) {
      this._failed(error);
    }
  }

  /** @param {unknown} error */
  async _failed(error) {
    if (error instanceof ApiError && error.code === "DATASET_UNKNOWN") return this.app.reopen();
    const { toast } = await import("../lib/dialogs.js");
    toast(reason(error), { bad: true });
  }

  async _orderMenu() {
    const { menu } = await import("../lib/dialogs.js");
    const { state } = this;
    this._columns = await state.dataset.columns();
    const choose = (/** @type {string} */ key) => {
      const again = state.sort?.key === key;
      state.setSort(key, again ? !state.sort?.descending : true);
    };
    menu(
      this.order,
      h("button", { onclick: () => state.setSort(null, false) }, "file name", h("small", {}, state.sort ? "" : "↑")),
      ...this._columns.map((column) =>
        h(
          "button",
          { onclick: () => choose(column.key) },
          column.title,
          h("small", {}, state.sort?.key === column.key ? (state.sort.descending ? "↓" : "↑") : ""),
        ),
      ),
    );
  }

  /** @param {HTMLElement} button */
  async _viewMenu(button) {
    const { menu } = await import("../lib/dialogs.js");
    const { state } = this;
    const slider = h("input", {
      type: "range",
      min: 72,
      max: 288,
      step: 1,
      value: this.grid.tile,
      "aria-label": "Size of the tiles",
    });
    slider.addEventListener("input", () => {
      this.grid.setTile(Number(slider.value));
      localStorage.setItem(TILE, slider.value);
    });
    const embedding = state.plot?.embedding ?? state.dataset.info.embeddings.at(-1)?.id;
    const group = state.group ? null : { embedding: embedding ?? "", within: 0.1 };
    menu(
      button,
      h("label", { class: "menu-label" }, "Tiles", slider),
      embedding &&
        h(
          "button",
          { onclick: () => state.setGroup(group) },
          "Group near duplicates",
          h("small", {}, state.group ? "on" : ""),
        ),
      h(
        "button",
        { onclick: () => state.setSelection(state.selection.or(state.mask)) },
        "Select all that match",
        h("small", {}, "Ctrl A"),
      ),
      h(
        "button",
        { onclick: () => state.setSelection(state.mask.without(state.selection)) },
        "Invert the selection",
        h("small", {}, "Ctrl I"),
      ),
      h(
        "button",
        {
          onclick: () => import("../parts/upload.js").then((module) => module.openUpload(this.app, state.dataset.info)),
        },
        "Add images, embeddings or labels…",
      ),
    );
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const typing =
      event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog, .menu");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || this.state.open !== null) return;
    const tag = /^[1-9]$/.test(event.key) ? this.state.dataset.info.tags[Number(event.key) - 1] : undefined;
    if (event.key === "/") this.sidebar?.search();
    else if (event.key === "t" && this.state.wanted.count) this._createTag();
    else if (tag) this.sidebar?.cycle(tag.id);
    else return;
    event.preventDefault();
  }
}
