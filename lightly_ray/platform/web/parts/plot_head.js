/** The head of a plot: which embedding, by which method, in which colours. */

import { menu } from "../lib/dialogs.js";
import { h, icon } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { METHODS, methodName } from "./plot_source.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */
/** @typedef {import("../lib/dataset.js").Column} Column */
/** @typedef {import("./plot_source.js").Choice} Choice */

/** Three menus; that of methods stands over the points, where there is room. */
export class Head {
  /**
   * @param {SamplesState} state
   * @param {HTMLElement} fold the button at the end
   */
  constructor(state, fold) {
    this.state = state;
    /** @type {Choice | null} */
    this.choice = null;
    /** @type {string | null} */
    this.colour = null;
    this.embedding = opener("Embedding", () => this._embeddings());
    this.method = opener("Projection", () => this._methods());
    this.colours = opener("Colours", () => this._colours());
    this.element = h(
      "header",
      { class: "plot-head" },
      h("h2", {}, "Embedding"),
      this.embedding,
      h("span", { class: "plot-space" }),
      this.colours,
      fold,
    );
    this.show(null, { key: null, title: "none" });
  }

  /**
   * @param {Choice | null} choice
   * @param {{key: string | null, title: string}} colours
   */
  show(choice, colours) {
    this.choice = choice;
    this.colour = colours.key;
    const known = this.state.dataset.info.embeddings.find((one) => one.id === choice?.embedding);
    label(this.embedding, known?.name ?? "none");
    label(this.method, methodName(choice?.method ?? "PCA"));
    label(this.colours, `colour: ${colours.title}`, colours.title);
    this.embedding.disabled = this.method.disabled = this.colours.disabled = !known;
  }

  _embeddings() {
    const { embeddings } = this.state.dataset.info;
    const method = this.choice?.method ?? "PCA";
    menu(
      this.embedding,
      ...embeddings.map((one) =>
        entry(one.name, `${count(one.rows)} × ${count(one.dimension)}`, one.id === this.choice?.embedding, () =>
          this.state.setLook({ plot: { embedding: one.id, method: computed(one, method) ? method : "PCA" } }),
        ),
      ),
    );
  }

  _methods() {
    const { choice } = this;
    if (!choice) return;
    const known = this.state.dataset.info.embeddings.find((one) => one.id === choice.embedding);
    menu(
      this.method,
      ...METHODS.map(([method, name]) =>
        entry(name, known && computed(known, method) ? "" : "not computed", method === choice.method, () =>
          this.state.setLook({ plot: { embedding: choice.embedding, method } }),
        ),
      ),
    );
  }

  async _colours() {
    const { dataset } = this.state;
    const columns = await dataset.columns();
    const choose = (/** @type {string} */ key) => () => this.state.setLook({ colour: key });
    const of = (/** @type {Column["kind"]} */ kind) =>
      columns
        .filter((one) => one.kind === kind)
        .map((one) => entry(one.title, source(one), one.key === this.colour, choose(one.key)));
    const tags = dataset.info.tags.map((tag) =>
      entry(tag.name, "tag", this.colour === `tag:${tag.id}`, choose(`tag:${tag.id}`)),
    );
    menu(this.colours, ...of("category"), ...of("number"), ...tags);
  }
}

/**
 * Whether an embedding has a projection, of the vectors that it has now.
 *
 * @param {import("../lib/dataset.js").Embedding} embedding
 * @param {string} method
 */
const computed = (embedding, method) =>
  embedding.projections.some((one) => one.method === method && one.version === embedding.version);

/** @param {Column} column */
const source = (column) =>
  column.kind === "category"
    ? `${count(column.values.length)} classes`
    : column.source === "custom"
      ? "metadata"
      : column.source;

/**
 * @param {string} text
 * @param {string} note
 * @param {boolean} on
 * @param {() => void} choose
 */
function entry(text, note, on, choose) {
  const mark = h("span", { class: "plot-mark" }, on && icon("check"));
  return h(
    "button",
    { class: "plot-entry", "aria-current": on ? "true" : null, onclick: choose },
    mark,
    h("span", {}, text),
    h("small", {}, note),
  );
}

/**
 * @param {string} name what the button chooses
 * @param {() => void} open
 */
function opener(name, open) {
  return h(
    "button",
    { class: "plain plot-choice", "aria-haspopup": "menu", "data-name": name, onclick: open },
    h("span", { class: "ellipsis" }),
    icon("down"),
  );
}

/**
 * @param {HTMLElement} button
 * @param {string} text
 * @param {string} [value] what it says, where the text says more
 */
function label(button, text, value = text) {
  /** @type {HTMLElement} */ (button.firstElementChild).textContent = text;
  button.title = `${button.dataset.name}: ${value}`;
  button.setAttribute("aria-label", button.title);
}
