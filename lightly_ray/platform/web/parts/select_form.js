/** The request of a selection as a form: only what the method needs is shown, and it says what it will select. */

import { fill, h, refill } from "../lib/dom.js";
import { count, counted, reason } from "../lib/format.js";
import { freeName } from "../lib/selection_name.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */
/** @typedef {import("../lib/dataset.js").Column} Column */

/**
 * @typedef {object} Method
 * @property {string} name
 * @property {string} summary
 * @property {boolean} needsEmbedding
 * @property {boolean} needsScores
 * @property {boolean} takesScores
 * @property {boolean} takesMinDistance
 */

const SIZE = "100";
const SCORE = "uncertainty_margin"; // taken where nothing else is said, as everywhere else
const NEVER = ["marked", "validation"]; // kinds of the tags of what no selection takes

/** Event: "change", where what is asked for has changed. "submit" where it is wanted. */
export class SelectForm extends EventTarget {
  /**
   * @param {Dataset} dataset
   * @param {Method[]} methods
   * @param {Column[]} columns
   * @param {URLSearchParams} query of the address
   */
  constructor(dataset, methods, columns, query) {
    super();
    this.dataset = dataset;
    this.methods = methods;
    this.columns = columns;
    this.takenNames = new Set();
    this._turn = 0;
    /** Of the address, until it is known whether there is such a score. @type {string | null} */
    this._wantedScore = null;
    /** The method that the chosen score was chosen for. */
    this._scoreOf = "";
    const changed = () => this._changed();
    this.method = h(
      "select",
      { id: "s-method", onchange: changed },
      this.methods.map(({ name }) => h("option", { value: name }, name)),
    );
    this.summary = h("p", { class: "note small summary" });
    this.size = h("input", {
      id: "s-size",
      type: "number",
      min: 0,
      step: "any",
      inputmode: "decimal",
      oninput: changed,
    });
    this.unit = h(
      "select",
      { id: "s-unit", "aria-label": "Unit", onchange: changed },
      h("option", { value: "samples" }, "samples"),
      h("option", { value: "share" }, "% of them"),
    );
    this.hint = h("p", { class: "note small hint", role: "status", id: "s-hint" });
    this.size.setAttribute("aria-describedby", "s-hint");
    this.embedding = h("select", { id: "s-embedding", onchange: changed });
    this.score = h("select", { id: "s-score", onchange: changed });
    this.scoreNote = h("p", { class: "note small" });
    this.query = h("select", { id: "s-query", onchange: changed });
    this.preselected = h("select", { id: "s-preselected", onchange: changed });
    this.distance = h("input", {
      id: "s-distance",
      type: "number",
      min: 0,
      step: "any",
      placeholder: "none",
      oninput: changed,
    });
    this.seed = h("input", { id: "s-seed", type: "number", step: 1, value: 0, oninput: changed });
    this.name = h("input", { id: "s-name", autocomplete: "off", required: true, maxlength: 200 });
    this.name.addEventListener("input", () => {
      this.ownName = this.name.value.trim() !== "";
      this._changed();
    });
    this.ownName = false;
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.button = h("button", { type: "submit", class: "primary" }, "Select");
    this.embeddingField = field("s-embedding", "Embedding", this.embedding);
    this.addEmbedding = h("button", { type: "button" }, "Add embeddings…");
    this.embeddingNone = h(
      "div",
      { class: "field" },
      h("p", { class: "note" }, "This method needs an embedding, and the dataset has none."),
      this.addEmbedding,
    );
    this.scoreField = field("s-score", "Score", this.score, this.scoreNote);
    this.distanceField = field(
      "s-distance",
      "Minimum distance",
      this.distance,
      h("p", { class: "note small" }, "Without a number above, as many as it allows."),
    );
    this.more = h(
      "details",
      {},
      h("summary", {}, "More"),
      field("s-seed", "Seed", this.seed, h("p", { class: "note small" }, "The same seed gives the same selection.")),
    );
    this.element = h(
      "form",
      { class: "select-form", "aria-label": "Selection" },
      field("s-method", "Method", this.method, this.summary),
      field("s-query", "Select from", this.query),
      field("s-preselected", "In addition to", this.preselected),
      h(
        "div",
        { class: "field" },
        h("label", { for: "s-size" }, "How many new ones"),
        h("div", { class: "pair" }, this.size, this.unit),
        this.hint,
      ),
      this.embeddingField,
      this.embeddingNone,
      this.scoreField,
      this.distanceField,
      this.more,
      field("s-name", "Name of the new tag", this.name),
      h("div", { class: "form-end" }, this.problem, this.button),
    );
    this.element.noValidate = true; // what is wrong is said below, in words
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.dispatchEvent(new Event("submit"));
    });
    this._read(query);
    this.update();
  }

  /** @param {URLSearchParams} query */
  _read(query) {
    this._fillTags(query.get("query"), query.get("preselected"));
    this._fillEmbeddings(query.get("embedding"));
    if (this.methods.some(({ name }) => name === query.get("method"))) this.method.value = query.get("method") ?? "";
    this.size.value = query.has("size") ? (query.get("size") ?? "") : SIZE;
    this.unit.value = query.get("unit") === "share" ? "share" : "samples";
    this.distance.value = query.get("distance") ?? "";
    this.seed.value = query.get("seed") ?? "0";
    this.more.open = query.has("seed");
    this.name.value = query.get("name") ?? "";
    this.ownName = query.has("name");
    this._wantedScore = query.get("score");
  }

  /** What is filled in, as the query of an address; what is as it was at first is left out. */
  address() {
    const query = new URLSearchParams({ method: this.method.value });
    const put = (/** @type {string} */ key, /** @type {string} */ value, /** @type {string} */ usual) =>
      value !== usual && query.set(key, value);
    put("size", this.size.value, SIZE);
    put("unit", this.unit.value, "samples");
    put("embedding", this.embedding.value, this.embedding.options[0]?.value ?? "");
    if (!this.scoreField.hidden) query.set("score", this.score.value);
    put("query", this.query.value, this.query.options[0]?.value ?? "");
    put("preselected", this.preselected.value, "");
    put("distance", this.distance.value, "");
    put("seed", this.seed.value, "0");
    if (this.ownName) query.set("name", this.name.value);
    return query;
  }

  /** Take the tags and embeddings that the dataset has now; what is filled in stays. */
  refresh() {
    this._fillTags(this.query.value, this.preselected.value);
    this._fillEmbeddings(this.embedding.value);
    this.update();
  }

  /**
   * @param {string | null} query
   * @param {string | null} preselected
   */
  _fillTags(query, preselected) {
    const { tags } = this.dataset.info;
    const option = (/** @type {import("../lib/dataset.js").Tag} */ tag, /** @type {string | null} */ chosen) =>
      h("option", { value: tag.id, selected: tag.id === chosen }, `${tag.name} (${count(tag.count)})`);
    refill(
      this.query,
      tags.map((tag) => option(tag, query)),
    );
    refill(
      this.preselected,
      h("option", { value: "" }, "nothing"),
      tags.filter((tag) => tag.parent !== null).map((tag) => option(tag, preselected)),
    );
  }

  /** @param {string | null} chosen */
  _fillEmbeddings(chosen) {
    const newest = [...this.dataset.info.embeddings].reverse();
    refill(
      this.embedding,
      newest.map((one) =>
        h("option", { value: one.id, selected: one.id === chosen }, `${one.name} (${count(one.dimension)})`),
      ),
    );
  }

  get chosenMethod() {
    const found = this.methods.find(({ name }) => name === this.method.value);
    if (!found) throw new Error(`there is no method ${this.method.value}`);
    return found;
  }

  /** The column of the score that is chosen, of the tag that is selected from. */
  get scoreColumn() {
    return this.scoreField.hidden
      ? undefined
      : this.columns.find(({ key }) => key === `score:${this.query.value}:${this.score.value}`);
  }

  _changed() {
    this.update();
    this.dispatchEvent(new Event("change"));
  }

  /** Show what the method needs, and what will be selected. */
  update() {
    const method = this.chosenMethod;
    this.summary.textContent = method.summary;
    const some = this.dataset.info.embeddings.length > 0;
    this.embeddingField.hidden = !method.needsEmbedding || !some;
    this.embeddingNone.hidden = !method.needsEmbedding || some;
    this.distanceField.hidden = !method.takesMinDistance;
    this._fillScores(method);
    if (!this.ownName)
      this.name.value = freeName(method.name, [...this.dataset.info.tags.map(({ name }) => name), ...this.takenNames]);
    this.problem.hidden = true;
    this._count();
  }

  /** @param {Method} method */
  _fillScores(method) {
    const takes = method.needsScores || method.takesScores;
    this.scoreField.hidden = !takes;
    if (!takes) return;
    const prefix = `score:${this.query.value}:`;
    const types = this.columns.filter(({ key }) => key.startsWith(prefix)).map(({ key }) => key.slice(prefix.length));
    const usual =
      method.needsScores || method.name === "AUTO" ? (types.includes(SCORE) ? SCORE : (types[0] ?? "")) : "";
    const before = this._wantedScore ?? (this._scoreOf === method.name ? this.score.value : usual);
    this._wantedScore = null;
    this._scoreOf = method.name;
    refill(
      this.score,
      !method.needsScores && h("option", { value: "" }, "none"),
      types.map((type) => h("option", { value: type }, type.replaceAll("_", " "))),
    );
    this.score.value = types.includes(before) || (before === "" && !method.needsScores) ? before : usual;
    this.score.disabled = !types.length;
    this._noteScores(types, method.needsScores);
  }

  /**
   * @param {string[]} types
   * @param {boolean} needed
   */
  _noteScores(types, needed) {
    this.scoreNote.hidden = types.length > 0;
    if (types.length) return;
    const with_ = this.dataset.info.tags.filter((tag) =>
      this.columns.some(({ key }) => key.startsWith(`score:${tag.id}:`)),
    );
    const others = with_.length ? ` There are some of ${with_.map(({ name }) => name).join(", ")}.` : "";
    refill(
      this.scoreNote,
      `${this.dataset.tag(this.query.value)?.name ?? "This tag"} has no scores${needed ? ", and this method needs them" : ""}.${others} `,
      h("a", { href: "#/guide/active_learning" }, "How to upload scores"),
    );
  }

  /** Say how many samples there are to select from, and what the tag will hold. */
  async _count() {
    this._turn += 1;
    const turn = this._turn;
    let left;
    try {
      left = await this.available();
    } catch (error) {
      if (turn === this._turn) this.hint.textContent = reason(error);
      return;
    }
    if (turn !== this._turn) return;
    const wanted = this.wanted(left);
    const before = this.dataset.tag(this.preselected.value)?.count ?? 0;
    const of = `of ${counted(left, "sample")}`;
    const holds = before && wanted !== null ? `; the tag will hold ${count(wanted + before)}` : "";
    this.hint.classList.toggle("problem", wanted !== null && wanted > left);
    this.hint.textContent =
      wanted === null
        ? `as many ${of} as the distance allows`
        : wanted > left
          ? `there are only ${count(left)}`
          : Number.isFinite(wanted)
            ? `${count(wanted)} ${of}${holds}`
            : `how many ${of}?`;
    refill(this.button, wanted !== null && Number.isFinite(wanted) ? `Select ${counted(wanted, "sample")}` : "Select");
  }

  /** How many samples may be selected. */
  async available() {
    const never = this.dataset.info.tags.filter(({ kind }) => NEVER.includes(kind)).map(({ id }) => id);
    const taken = [this.preselected.value, ...never].filter(Boolean).map((id) => this.dataset.mask(id));
    const [query, ...others] = await Promise.all([this.dataset.mask(this.query.value), ...taken]);
    return others.reduce((left, mask) => left.without(mask), query).count;
  }

  /**
   * How many new samples are asked for; null for as many as the distance allows, NaN where nothing sensible is filled in.
   *
   * @param {number} left that may be selected
   */
  wanted(left) {
    if (this.size.value.trim() === "")
      return this.chosenMethod.takesMinDistance && Number(this.distance.value) > 0 ? null : NaN;
    const value = Number(this.size.value);
    // Hundredths of a per cent are whole numbers, which do not come out above the next one: 7 % of 100 are 7.
    return this.unit.value === "share" ? Math.ceil((Math.round(100 * value) * left) / 10_000) : value;
  }

  /** The body of the request; the server counts the preselected samples too. */
  async request() {
    const method = this.chosenMethod;
    const wanted = this.wanted(await this.available());
    if (Number.isNaN(wanted)) throw new Error("Say how many samples are to be selected.");
    if (wanted !== null && (!Number.isInteger(wanted) || wanted < 1))
      throw new Error("The number of samples must be a whole number of 1 or more.");
    const before = this.dataset.tag(this.preselected.value)?.count ?? 0;
    const distance = Number(this.distance.value);
    return {
      name: this.name.value.trim(),
      method: method.name,
      samples: wanted === null ? null : wanted + before,
      embedding: method.needsEmbedding ? this.embedding.value || null : null,
      query: this.query.value || null,
      preselected: this.preselected.value || null,
      score: this.scoreField.hidden ? null : this.score.value || null,
      minDistance: method.takesMinDistance && distance > 0 ? distance : null,
      seed: Number(this.seed.value) || 0,
    };
  }

  /** @param {unknown} error */
  showProblem(error) {
    this.problem.textContent = reason(error);
    this.problem.hidden = false;
  }
}

/**
 * @param {string} id
 * @param {string} title
 * @param {...HTMLElement} children
 */
function field(id, title, ...children) {
  const place = h("div", { class: "field" }, h("label", { for: id }, title));
  fill(place, ...children);
  return place;
}
