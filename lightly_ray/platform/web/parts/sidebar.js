/** Tags and filters: a tree of tags, a search of file names, a histogram with a range for each number, lists of labels. */

import { h, refill } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { colourOf } from "../lib/palette.js";
import { Histogram } from "./histogram.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */
/** @typedef {import("../lib/dataset.js").Tag} Tag */
/** @typedef {import("../lib/dataset.js").Column} Column */

const VALUES = 12; // of a category, before "more"
const TYPED = 200; // milliseconds

/**
 * Tags in the order of their tree, each with its depth.
 *
 * @param {Tag[]} tags
 * @returns {[Tag, number][]}
 */
export function tree(tags) {
  /** @type {Map<string | null, Tag[]>} */
  const children = new Map();
  const known = new Set(tags.map((tag) => tag.id));
  for (const tag of tags) {
    const parent = tag.parent !== null && known.has(tag.parent) ? tag.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), tag]);
  }
  /** @type {(parent: string | null, depth: number) => [Tag, number][]} */
  const walk = (parent, depth) =>
    (children.get(parent) ?? []).flatMap((tag) => [[tag, depth], ...walk(tag.id, depth + 1)]);
  return walk(null, 0);
}

/** What stands at the left of the page of samples. */
export class Sidebar {
  /**
   * @param {HTMLElement} host
   * @param {SamplesState} state
   */
  constructor(host, state) {
    this.state = state;
    this.tags = h("div", { class: "tags", role: "group", "aria-label": "Tags" });
    this.name = h("input", {
      type: "search",
      placeholder: "File name has…",
      "aria-label": "File name has",
      spellcheck: "false",
    });
    this.columns = h("div", { class: "figures" });
    /** @type {Histogram[]} */
    this.histograms = [];
    this._typed = 0;
    this._drawn = 0;
    this.name.addEventListener("input", () => {
      clearTimeout(this._typed);
      this._typed = setTimeout(() => this._search(), TYPED);
    });
    host.append(h("h3", {}, "Tags"), this.tags, h("h3", {}, "Filter"), this.name, this.columns);
    state.addEventListener("rows", () => this._follow());
    this._follow();
  }

  /** Tags and columns anew, after the dataset changed. */
  async refresh() {
    this._follow();
    const columns = await this.state.dataset.columns();
    this._drawn += 1;
    this.histograms = [];
    const shown = (/** @type {Column} */ column) =>
      column.kind === "number" ? this._number(column) : this._category(column);
    // What a person looks for first: labels and scores; figures of files behind a fold.
    const first = columns.filter(
      (column) =>
        column.kind === "category" ||
        column.source === "score" ||
        column.source === "custom" ||
        /sharpness|snr/.test(column.key),
    );
    const numbers = first.filter((column) => column.kind === "number");
    const others = columns.filter((column) => !first.includes(column));
    refill(
      this.columns,
      numbers.map(shown),
      first.filter((column) => column.kind === "category").map(shown),
      others.length > 0 && h("details", { class: "more" }, h("summary", {}, "More figures"), others.map(shown)),
    );
    this._follow();
  }

  /** Go to the search of file names. */
  search() {
    this.name.focus();
    this.name.select();
  }

  /**
   * The next state of a tag's filter: in, not in, off.
   *
   * @param {string} tag
   */
  cycle(tag) {
    const now = this._of(tag);
    this._set(tag, now === null ? "in" : now === "not" ? null : "not");
  }

  /** @param {string} tag */
  _of(tag) {
    const filter = this.state.filters.find((one) => "tag" in one && one.tag === tag);
    return filter && "tag" in filter ? filter.kind : null;
  }

  /**
   * @param {string} tag
   * @param {"in" | "any" | "not" | null} kind
   */
  _set(tag, kind) {
    this.state.putFilter((one) => "tag" in one && one.tag === tag, kind && { kind, tag });
  }

  _search() {
    const text = this.name.value.trim();
    this.state.putFilter((one) => one.kind === "name", text ? { kind: "name", text } : null);
  }

  /** Show the filters that there are. */
  _follow() {
    const { state } = this;
    const listed = tree(state.dataset.info.tags);
    const focused =
      document.activeElement instanceof HTMLElement && this.tags.contains(document.activeElement)
        ? document.activeElement.dataset.id
        : undefined;
    refill(
      this.tags,
      listed.map(([tag, depth]) => this._tag(tag, depth)),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.tags.querySelector(`[data-id="${focused}"]`))?.focus();
    const name = state.filters.find((one) => one.kind === "name");
    if (document.activeElement !== this.name) this.name.value = name?.kind === "name" ? name.text : "";
    for (const histogram of this.histograms) histogram.follow();
    for (const box of this.columns.querySelectorAll("button[data-value]")) {
      const { key = "", value = "" } = /** @type {HTMLElement} */ (box).dataset;
      const filter = state.filters.find((one) => one.kind === "value" && one.key === key);
      box.setAttribute("aria-pressed", String(filter?.kind === "value" && filter.values.includes(value)));
    }
  }

  /**
   * @param {Tag} tag
   * @param {number} depth
   */
  _tag(tag, depth) {
    const now = this._of(tag.id);
    const set = (/** @type {"in" | "any" | "not"} */ kind) => this._set(tag.id, now === kind ? null : kind);
    const small = (/** @type {"any" | "not"} */ kind, /** @type {string} */ text, /** @type {string} */ words) =>
      h(
        "button",
        {
          class: "plain",
          "data-id": `${tag.id} ${kind}`,
          "aria-pressed": String(now === kind),
          title: words,
          "aria-label": `${words}: ${tag.name}`,
          onclick: () => set(kind),
        },
        text,
      );
    const name = h(
      "button",
      {
        class: "plain tag-name",
        "data-id": tag.id,
        "aria-pressed": String(now === "in"),
        title: tag.name,
        onclick: () => set("in"),
      },
      depth > 0 && h("span", { class: "twig", "aria-hidden": "true" }, "└"),
      h("span", { class: "ellipsis" }, tag.name),
      tag.added !== tag.count && h("span", { class: "added" }, `+${count(tag.added)}`),
      h("span", { class: "size" }, count(tag.count)),
    );
    name.style.paddingLeft = `${8 + 14 * Math.max(0, depth - 1) + (depth > 0 ? 4 : 0)}px`;
    return h(
      "div",
      { class: `tag-line${now ? ` is-${now}` : ""}` },
      name,
      h("span", { class: "sets" }, small("any", "or", "or in this tag"), small("not", "not", "not in this tag")),
    );
  }

  /** @param {Column} column */
  _number(column) {
    const histogram = new Histogram(column, this.state);
    this.histograms.push(histogram);
    return histogram.element;
  }

  /** @param {Column} column */
  _category(column) {
    const list = h("div", { class: "values" });
    const draw = (/** @type {number} */ most) =>
      refill(
        list,
        column.values.slice(0, most).map(([text, size], code) => this._value(column, text, size, code)),
        column.values.length > most &&
          h(
            "button",
            { class: "plain more-values", onclick: () => draw(column.values.length) },
            `${count(column.values.length - most)} more`,
          ),
      );
    draw(VALUES);
    const classes = `${count(column.values.length)} ${column.source === "label" ? "classes" : "values"}`;
    return h(
      "section",
      { class: "column" },
      h(
        "div",
        { class: "column-head" },
        h("span", { class: "ellipsis", title: column.title }, column.title),
        h("small", {}, classes),
      ),
      list,
    );
  }

  /**
   * @param {Column} column
   * @param {string} text
   * @param {number} size
   * @param {number} code
   */
  _value(column, text, size, code) {
    const toggle = () => {
      const now = this.state.filters.find((one) => one.kind === "value" && one.key === column.key);
      const values = now?.kind === "value" ? now.values : [];
      const next = values.includes(text) ? values.filter((value) => value !== text) : [...values, text];
      this.state.putFilter(
        (one) => one.kind === "value" && one.key === column.key,
        next.length ? { kind: "value", key: column.key, values: next } : null,
      );
    };
    const dot = h("span", { class: "dot", "aria-hidden": "true" });
    dot.style.background = colourOf(code);
    return h(
      "button",
      {
        class: "plain value-line",
        "data-key": column.key,
        "data-value": text,
        "aria-pressed": "false",
        onclick: toggle,
      },
      dot,
      h("span", { class: "ellipsis" }, text || "(empty)"),
      h("span", { class: "size" }, count(size)),
    );
  }
}
