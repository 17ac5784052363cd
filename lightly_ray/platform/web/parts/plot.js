/**
 * The plot of an embedding: `<embedding-plot>`, with `state` of the page of samples.
 *
 * It shows what the state says, and changes the state: hovered, open and selected samples, a lasso among the filters,
 * values of the legend among the filters, colours and projection.
 */

import { toast } from "../lib/dialogs.js";
import { fill, h, icon, loadStyle, refill } from "../lib/dom.js";
import { counted } from "../lib/format.js";
import { showLegend } from "./legend.js";
import { Card } from "./plot_card.js";
import { colouring, plain } from "./plot_colours.js";
import { NoWebGl } from "./plot_gl.js";
import { Hand } from "./plot_hand.js";
import { Head } from "./plot_head.js";
import { rounded, simplified } from "./plot_lasso.js";
import { Side } from "./plot_side.js";
import { Source, methodName } from "./plot_source.js";
import { Stage } from "./plot_stage.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */
/** @typedef {import("./plot_hand.js").Tool} Tool */
/** @typedef {[number, number]} Point */

await loadStyle("plot");

const HELP =
  "Plot of the embedding. Arrows move it, plus and minus zoom, 0 shows all, L is the lasso, R the rectangle, M the hand.";

/** @type {[Tool, "lasso" | "rectangle" | "move", string][]} */
const TOOLS = [
  ["lasso", "lasso", "Lasso (L)"],
  ["rectangle", "rectangle", "Rectangle (R)"],
  ["move", "move", "Move (M, or hold Space)"],
];

/** The element. */
export class EmbeddingPlot extends HTMLElement {
  constructor() {
    super();
    /** @type {SamplesState | null} */
    this._state = null;
    /** What is there while the element is in the page. @type {Plot | null} */
    this._plot = null;
  }

  /** @param {SamplesState} state */
  set state(state) {
    this._state = state;
    if (this.isConnected) this.connectedCallback();
  }

  connectedCallback() {
    this.disconnectedCallback();
    if (this._state) this._plot = new Plot(this, this._state);
  }

  disconnectedCallback() {
    this._plot?.end();
    this._plot = null;
    this.replaceChildren();
  }
}

/** One plot, from its being put into the page until it is taken out. */
class Plot {
  /**
   * @param {HTMLElement} host
   * @param {SamplesState} state
   */
  constructor(host, state) {
    this.state = state;
    this.colours = plain(state.dataset.info.total);
    this._ended = new AbortController();
    this._turn = 0;
    this._marking = 0;
    /** Whether colours are there: points that came first wait, so that the legend moves nothing. */
    this._coloured = false;
    this._shownVersion = state.dataset.info.version;
    /** @type {Stage | null} */
    this.stage = null;
    this.source = new Source(state);
    this.side = new Side(host, () => this._begin());
    this.head = new Head(state, this.side.button);
    this.area = h("div", { class: "plot-area", tabindex: 0, role: "application", "aria-label": HELP });
    this.note = h("div", { class: "plot-note", role: "status", hidden: true });
    this.legend = h("footer", { class: "plot-legend", "aria-label": "Legend", hidden: true });
    this.tools = h("div", { class: "plot-tools", role: "toolbar", "aria-label": "Tools of the plot" });
    fill(host, this.side.handle, this.head.element, this.area, this.legend);
    this._begin();
  }

  end() {
    this._ended.abort();
    this.source.end();
    this.card?.end();
    this.stage?.end();
    cancelAnimationFrame(this._marking);
    this.state.setHovered(null);
  }

  /** Start as soon as there is room: a plot that is folded away reads nothing. */
  _begin() {
    if (this.side.folded || this.stage) return;
    try {
      this.stage = new Stage(this.area);
    } catch (error) {
      if (!(error instanceof NoWebGl)) throw error;
      fill(this.area, h("div", { class: "plot-note" }, h("p", {}, error.message)));
      return;
    }
    const { signal } = this._ended;
    fill(this.area, this.note, this.tools, h("div", { class: "plot-tools plot-method" }, this.head.method));
    this.card = new Card(this.state, this.area);
    this.hand = new Hand(this.area, this.stage, this._wishes(this.stage), signal);
    this._fillTools();
    const on = (/** @type {string} */ name, /** @type {() => void} */ act) =>
      this.state.addEventListener(name, act, { signal });
    on("rows", () => this._rows());
    on("selection", () => this._markSoon());
    on("hover", () => this._hover());
    on("look", () => this._look());
    this.source.addEventListener("status", () => this._status(), { signal });
    this._look();
    this._rows();
  }

  /**
   * @param {Stage} stage
   * @returns {import("./plot_hand.js").Wishes}
   */
  _wishes(stage) {
    const { state } = this;
    return {
      rowAt: (pixel) => stage.rowAt(pixel, state.mask),
      hover: (row, pixel) => {
        this.area.classList.toggle("pointing", row !== null);
        state.setHovered(row);
        this.card?.show(row, pixel, this.colours);
      },
      click: (row, add) => (add ? state.select([row], !state.selection.has(row)) : state.setOpen(row)),
      drawn: (path, tool) => this._filter(stage, tool === "lasso" ? simplified(path) : path),
      tool: (tool) => this._choose(tool),
    };
  }

  /**
   * @param {Stage} stage
   * @param {Point[]} path
   */
  _filter(stage, path) {
    const { choice } = this.source;
    const { cloud, view } = stage;
    if (!cloud || !choice) return;
    const points = rounded(path.map((pixel) => cloud.original(view.toPlace(pixel))));
    this.state.putFilter((filter) => filter.kind === "lasso", { kind: "lasso", ...choice, points });
  }

  /** Filters, data or both have changed. */
  _rows() {
    this.source.follow();
    const { version } = this.state.dataset.info;
    if (version !== this._shownVersion) {
      this._shownVersion = version;
      this._look();
    }
    this._markSoon();
  }

  /** Colours or projection have changed. */
  async _look() {
    this.source.follow();
    this._turn += 1;
    const turn = this._turn;
    const colours = await colouring(this.state.dataset, this.state.colour).catch((error) => {
      toast(`The colours of the plot cannot be read: ${error.message}`, { bad: true });
      return plain(this.state.dataset.info.total);
    });
    if (turn !== this._turn || this._ended.signal.aborted) return;
    this.colours = colours;
    this.stage?.setColours(colours);
    this.head.show(this.source.choice, colours);
    showLegend(this.legend, this.state, colours);
    if (!this._coloured) {
      this._coloured = true;
      this._status();
    }
    this._markSoon();
  }

  _hover() {
    const { stage } = this;
    if (!stage) return;
    stage.hovered = this.state.hovered;
    if (this.state.hovered === null) this.card?.end();
    stage.redrawOver();
  }

  /** Marks, polygons and counts, once a frame however often things change. */
  _markSoon() {
    this._marking ||= requestAnimationFrame(() => {
      this._marking = 0;
      this._mark();
    });
  }

  _mark() {
    const { stage, state } = this;
    const { choice } = this.source;
    if (!stage) return;
    stage.polygons = state.filters.flatMap((filter) =>
      filter.kind === "lasso" && filter.embedding === choice?.embedding && filter.method === choice.method
        ? [filter.points]
        : [],
    );
    stage.setMarks(state.mask, state.selection);
    stage.redrawOver();
    showLegend(this.legend, state, this.colours);
  }

  /** What became of the projection. */
  _status() {
    const { choice } = this.source;
    /** @type {import("./plot_source.js").Status} */
    const status = this.source.status.kind !== "ready" || this._coloured ? this.source.status : { kind: "loading" };
    this.stage?.setCloud(status.kind === "ready" ? status.cloud : null);
    this.tools.hidden = status.kind !== "ready";
    this.head.show(choice, this.colours);
    this._markSoon();
    const name = methodName(choice?.method ?? "PCA");
    const say = (/** @type {import("../lib/dom.js").Child[]} */ ...children) => {
      this.note.hidden = false;
      refill(this.note, ...children);
    };
    switch (status.kind) {
      case "loading":
        return say(h("p", {}, "Reading points…"));
      case "none":
        return say(
          h("h3", {}, "No embedding"),
          h("p", {}, "A plot shows how samples lie to each other. Upload an embedding, and it is here."),
        );
      case "absent":
        return say(
          h("p", {}, `${name} has not been computed for this embedding. It can take some minutes.`),
          h("button", { onclick: () => this.source.compute() }, `Compute ${name}`),
        );
      case "computing": {
        const share = status.share === null ? "" : ` — ${Math.floor(100 * status.share)} %`;
        return say(h("p", { class: "plot-wait" }, h("span", { class: "ring" }), `${name} is being computed${share}`));
      }
      case "failed":
        return say(
          h("p", { class: "problem" }, status.reason),
          h("button", { onclick: () => this.source.again() }, "Try again"),
        );
      default:
        if (!status.cloud.count) return say(h("p", {}, "No sample of this dataset has a point here."));
        this.note.hidden = true;
        this.area.setAttribute("aria-description", counted(status.cloud.count, "point"));
    }
  }

  _fillTools() {
    for (const [tool, drawing, name] of TOOLS) {
      const choose = () => this._choose(tool);
      fill(
        this.tools,
        h(
          "button",
          { class: "plain", "aria-label": name, title: name, "data-tool": tool, onclick: choose },
          icon(drawing),
        ),
      );
    }
    const whole = () => {
      this.stage?.view.reset();
      this.stage?.moved();
    };
    fill(
      this.tools,
      h(
        "button",
        { class: "plain", "aria-label": "Show all (0)", title: "Show all (0)", onclick: whole },
        icon("whole"),
      ),
    );
    this._choose("lasso");
  }

  /** @param {Tool} tool */
  _choose(tool) {
    if (this.hand) this.hand.tool = tool;
    this.area.classList.toggle("grab", tool === "move");
    for (const button of this.tools.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-tool") === tool));
    }
  }
}

customElements.define("embedding-plot", EmbeddingPlot);
