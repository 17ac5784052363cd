/**
 * The grid of thumbnails: any of a million places at once, since only what is visible is there.
 *
 * The scroll bar has the true length up to what browsers can lay out. Beyond that it is scaled: the wheel and the keys
 * still move by pixels, and the bar moves by its share.
 */

import { h, icon, refill } from "../lib/dom.js";
import { count, number } from "../lib/format.js";
import { Mask } from "../lib/masks.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */

const GAP = 6;
const EDGE = 14;
const TALLEST = 8_000_000; // pixels: Firefox lays out 17 million, Chromium 33
const SPARE = 1; // lines of tiles above and below what is visible
const SETTLED = 40; // milliseconds without a move before what is visible is read

/** `<sample-grid>`, given a `state` and a tile size. */
export class SampleGrid extends HTMLElement {
  constructor() {
    super();
    /** @type {SamplesState} */
    this.state = /** @type {any} */ (null);
    this.tile = 143;
    this._space = h("div", { class: "grid-space" });
    /** The tile at a place. @type {Map<number, HTMLElement>} */
    this._tiles = new Map();
    this._position = 0; // of the top, in unscaled pixels
    this._expected = 0; // the scroll position that we have set
    this._columns = 1;
    this._size = this.tile;
    this._focus = 0; // the place that the keys move
    this._anchor = 0; // where a range begins
    this._frame = 0;
    this._reading = 0;
    this._abort = new AbortController();
    this._ended = new AbortController();
  }

  connectedCallback() {
    this.tabIndex = 0;
    this.setAttribute("role", "listbox");
    this.setAttribute("aria-multiselectable", "true");
    this.setAttribute("aria-label", "Samples");
    this.append(this._space);
    const { signal } = this._ended;
    this.state.addEventListener("rows", () => this._rowsChanged(), { signal });
    this.state.addEventListener("selection", () => this._mark(), { signal });
    this.state.addEventListener("hover", () => this._mark(), { signal });
    this.addEventListener("scroll", () => this._scrolled(), { passive: true });
    this.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    this.addEventListener("keydown", (event) => this._key(event));
    this.addEventListener("click", (event) => this._click(event));
    this.addEventListener("pointerover", (event) => this.state.setHovered(this._rowAt(event.target)));
    this.addEventListener("pointerleave", () => this.state.setHovered(null));
    this.addEventListener("focus", () => this._focusTile(this._focus));
    const watch = new ResizeObserver(() => this._layOut());
    watch.observe(this);
    signal.addEventListener("abort", () => watch.disconnect());
  }

  disconnectedCallback() {
    this._ended.abort();
    this._abort.abort();
    clearTimeout(this._reading);
    cancelAnimationFrame(this._frame);
  }

  /** @param {number} tile pixels */
  setTile(tile) {
    this.tile = tile;
    this._layOut();
  }

  /** @param {number} place to be seen */
  reveal(place) {
    this._focus = place;
    const line = Math.floor(place / this._columns);
    const top = line * this._line;
    if (top < this._position) this._moveTo(top);
    else if (top + this._size + EDGE > this._position + this.clientHeight)
      this._moveTo(top + this._size + EDGE - this.clientHeight);
  }

  get _line() {
    return this._size + GAP;
  }

  get _height() {
    return Math.ceil(this.state.rows.length / this._columns) * this._line - GAP + 2 * EDGE;
  }

  /** Tiles fill the width; the first of those that are visible stays so. */
  _layOut() {
    if (!this.clientWidth) return;
    const width = this.clientWidth - 2 * EDGE;
    this._columns = Math.max(1, Math.floor((width + GAP) / (this.tile + GAP)));
    this._size = (width + GAP) / this._columns - GAP;
    for (const tile of this._tiles.values()) tile.remove();
    this._tiles.clear();
    this._resize();
    this._moveTo(Math.floor(this.state.top / this._columns) * this._line);
  }

  _rowsChanged() {
    for (const tile of this._tiles.values()) tile.remove();
    this._tiles.clear();
    this._focus = Math.min(this._focus, Math.max(0, this.state.rows.length - 1));
    this._anchor = this._focus;
    if (!this.clientWidth) return;
    this._resize();
    this._moveTo(Math.floor(this.state.top / this._columns) * this._line);
  }

  _resize() {
    this._space.style.height = `${Math.min(this._height, TALLEST)}px`;
  }

  get _scaled() {
    return this._height > TALLEST;
  }

  /** How many pixels of the whole one pixel of the scroll bar is. */
  get _scale() {
    return this._scaled ? (this._height - this.clientHeight) / (TALLEST - this.clientHeight) : 1;
  }

  /** @param {number} position */
  _moveTo(position) {
    this._position = Math.max(0, Math.min(position, this._height - this.clientHeight));
    this._expected = this._position / this._scale;
    this.scrollTop = this._expected;
    this._expected = this.scrollTop;
    this._draw();
  }

  _scrolled() {
    if (Math.abs(this.scrollTop - this._expected) < 1) return; // that was us
    this._expected = this.scrollTop;
    this._position = this.scrollTop * this._scale;
    this._soon();
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    if (!this._scaled || event.ctrlKey) return;
    event.preventDefault();
    const unit =
      event.deltaMode === WheelEvent.DOM_DELTA_LINE
        ? 24
        : event.deltaMode === WheelEvent.DOM_DELTA_PAGE
          ? this.clientHeight
          : 1;
    this._moveTo(this._position + event.deltaY * unit);
  }

  _soon() {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => this._draw());
  }

  /** Put the tiles of the visible places where they belong, and have those that are new read. */
  _draw() {
    const { rows } = this.state;
    const first = Math.max(0, Math.floor((this._position - EDGE) / this._line) - SPARE) * this._columns;
    const last = Math.min(
      rows.length,
      (Math.ceil((this._position + this.clientHeight) / this._line) + SPARE) * this._columns,
    );
    for (const [place, tile] of this._tiles) {
      if (place < first || place >= last) {
        tile.remove();
        this._tiles.delete(place);
      }
    }
    // Where the bar is scaled, the space moves with what is seen.
    const shift = this._scaled ? this.scrollTop - this._position : 0;
    for (let place = first; place < last; place += 1) {
      const known = this._tiles.get(place);
      const tile = known ?? this._make(place);
      const top = EDGE + Math.floor(place / this._columns) * this._line + shift;
      const left = EDGE + (place % this._columns) * this._line;
      tile.style.transform = `translate(${left}px, ${top}px)`;
      if (!known) this._space.append(tile);
    }
    const top = Math.max(0, Math.ceil((this._position - EDGE) / this._line)) * this._columns;
    if (rows.length && top !== this.state.top) this.state.setTop(Math.min(top, rows.length - 1));
    this._read(first, last);
  }

  /** @param {number} place */
  _make(place) {
    const row = this.state.rows[place];
    const tile = h("div", {
      class: "tile",
      role: "option",
      tabindex: -1,
      "data-place": place,
      "aria-posinset": place + 1,
      "aria-setsize": this.state.rows.length,
      "aria-selected": String(this.state.selection.has(row)),
    });
    tile.style.width = `${this._size}px`;
    tile.style.height = `${this._size}px`;
    this._tiles.set(place, tile);
    if (this.state.dataset.samples.has(row)) this._fill(place, tile);
    return tile;
  }

  /**
   * @param {number} place
   * @param {HTMLElement} tile
   */
  _fill(place, tile) {
    const { state } = this;
    const row = state.rows[place];
    const sample = state.dataset.samples.get(row);
    if (!sample) return;
    tile.title = sample.name;
    tile.setAttribute("aria-label", sample.name);
    const fault = (/** @type {string} */ text) =>
      h("div", { class: "fault" }, icon("warning"), h("span", {}, sample.name.split("/").pop() ?? ""), text);
    const image = h("img", { alt: "", decoding: "async", draggable: "false" });
    image.addEventListener("error", () => image.replaceWith(fault("cannot be shown")));
    if (sample.thumbnail !== null) image.src = state.dataset.thumbnail(sample);
    const value = state.sortValues?.[row];
    const stack = state.groupSizes?.[row] ?? 1;
    refill(
      tile,
      sample.thumbnail === null ? fault("no image") : image,
      h("span", { class: "mark" }, h("span", {}, icon("check"))), // a button within an option would be nobody's
      value !== undefined && h("span", { class: "value" }, number(value)),
      stack > 1 &&
        h("span", { class: "stack", title: `${count(stack)} near duplicates` }, icon("stack"), ` ${count(stack)}`),
    );
  }

  /**
   * Read what the tiles of these places show, once the position rests.
   *
   * @param {number} first
   * @param {number} last
   */
  _read(first, last) {
    clearTimeout(this._reading);
    const unread = [...this.state.rows.subarray(first, last)].filter((row) => !this.state.dataset.samples.has(row));
    if (!unread.length) return;
    // The first screen does not wait.
    this._reading = setTimeout(() => this._ask(unread), this.state.dataset.samples.size ? SETTLED : 0);
  }

  /** @param {number[]} unread */
  async _ask(unread) {
    this._abort.abort();
    this._abort = new AbortController();
    const { signal } = this._abort;
    try {
      await this.state.dataset.readSamples(unread.slice(0, 500), signal);
    } catch (error) {
      if (!signal.aborted) this.dispatchEvent(new CustomEvent("failed", { detail: error }));
      return;
    }
    for (const [place, tile] of this._tiles) if (!tile.childElementCount) this._fill(place, tile);
    this.dispatchEvent(new Event("shown"));
  }

  _mark() {
    const { state } = this;
    for (const [place, tile] of this._tiles) {
      tile.setAttribute("aria-selected", String(state.selection.has(state.rows[place])));
      tile.classList.toggle("hovered", state.rows[place] === state.hovered);
    }
  }

  /** @param {EventTarget | null} target */
  _placeAt(target) {
    const tile = target instanceof Element ? target.closest(".tile") : null;
    return tile instanceof HTMLElement ? Number(tile.dataset.place) : null;
  }

  /** @param {EventTarget | null} target */
  _rowAt(target) {
    const place = this._placeAt(target);
    return place === null ? null : this.state.rows[place];
  }

  /** @param {MouseEvent} event */
  _click(event) {
    const place = this._placeAt(event.target);
    if (place === null) return;
    const { state } = this;
    const row = state.rows[place];
    const marked = event.target instanceof Element && event.target.closest(".mark");
    this._focusTile(place);
    if (event.shiftKey) this._range(this._anchor, place);
    else if (marked || event.ctrlKey || event.metaKey || state.selection.count) {
      this._anchor = place;
      state.select(state.members([row]), !state.selection.has(row));
    } else {
      this._anchor = place;
      state.setOpen(row);
    }
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  _range(from, to) {
    const shown = [...this.state.rows.subarray(Math.min(from, to), Math.max(from, to) + 1)];
    this.state.select(this.state.members(shown), true);
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const { state } = this;
    const page = Math.max(1, Math.floor(this.clientHeight / this._line)) * this._columns;
    const last = state.rows.length - 1;
    const row = state.rows[this._focus];
    if (last < 0 || event.altKey) return;
    /** @type {Record<string, number>} */
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this._columns,
      ArrowUp: -this._columns,
      PageDown: page,
      PageUp: -page,
      Home: -last,
      End: last,
    };
    const step = steps[event.key];
    const command = event.ctrlKey || event.metaKey;
    if (step !== undefined) {
      const place = Math.max(0, Math.min(last, this._focus + step));
      if (event.shiftKey) this._range(this._anchor, place);
      else this._anchor = place;
      this._focusTile(place);
    } else if (event.key === " ") state.select(state.members([row]), !state.selection.has(row));
    else if (event.key === "Enter") state.setOpen(row);
    else if (command && event.key === "a") state.setSelection(state.selection.or(state.mask));
    else if (command && event.key === "i") state.setSelection(state.mask.without(state.selection));
    else if (event.key === "Escape" && state.selection.count) state.setSelection(new Mask(state.selection.length));
    else return;
    event.preventDefault();
  }

  /** @param {number} place */
  _focusTile(place) {
    this.reveal(place);
    this._tiles.get(place)?.focus({ preventScroll: true });
  }
}

customElements.define("sample-grid", SampleGrid);
