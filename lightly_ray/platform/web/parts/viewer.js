/** One sample: the picture on the whole height, its facts in a column, its nearest neighbours below. */

import { get } from "../lib/api.js";
import { h, icon, refill } from "../lib/dom.js";
import { count, number, reason, size, time } from "../lib/format.js";
import { colourOf } from "../lib/palette.js";
import { asSaid, inWords, shapes } from "./shapes.js";

/** @typedef {import("./shapes.js").Said} Said */
/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */

const NEIGHBOURS = 12;
const RESTS = 150; // milliseconds before the facts of a sample are read
const CLOSEST = 16; // times

/** Over the page of samples, until it is closed. */
export class Viewer {
  /**
   * @param {SamplesState} state
   * @param {(row: number) => void} closed
   * @param {AbortSignal} signal ends it
   */
  constructor(state, closed, signal) {
    this.state = state;
    this.row = -1;
    this.image = h("img", { class: "picture", alt: "", draggable: "false" });
    /** What labels draw over the picture. @type {SVGElement | null} */
    this.shapes = null;
    this.stage = h("div", { class: "stage" }, this.image);
    this.title = h("h2", { class: "ellipsis" });
    this.facts = h("div", { class: "facts" });
    this.near = h("div", { class: "near" });
    this.mark = h("button", { class: "plain", onclick: () => this._select() });
    this.place = h("span", { class: "soft" });
    const button = (
      /** @type {"left" | "right" | "close"} */ name,
      /** @type {string} */ label,
      /** @type {() => void} */ act,
    ) => h("button", { class: "plain", "aria-label": label, title: label, onclick: act }, icon(name));
    this.dialog = h(
      "dialog",
      { class: "viewer", "aria-label": "Sample" },
      h(
        "div",
        { class: "viewer-head" },
        button("left", "The one before", () => this._step(-1)),
        button("right", "The next", () => this._step(1)),
        this.title,
        this.place,
        this.mark,
        button("close", "Close", () => this.dialog.close()),
      ),
      h("div", { class: "viewer-body" }, this.stage, this.facts),
      this.near,
    );
    this._zoom = { scale: 1, x: 0, y: 0 };
    this._facts = 0;
    this._abort = new AbortController();
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      if (!this._ending) closed(this.row);
    });
    this._ending = false;
    this.dialog.addEventListener("keydown", (event) => this._key(event));
    this.image.addEventListener("error", () => this._broken());
    this.stage.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this._drag(event));
    this.stage.addEventListener("dblclick", () =>
      this._setZoom(this._zoom.scale > 1 ? 1 : 3, this.stage.clientWidth / 2, this.stage.clientHeight / 2),
    );
    state.addEventListener("selection", () => this._marked(), { signal });
    state.addEventListener("rows", () => this._placed(), { signal });
    signal.addEventListener("abort", () => this.end());
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  end() {
    this._ending = true;
    this._abort.abort();
    clearTimeout(this._facts);
    this.dialog.close();
    this.dialog.remove();
  }

  /** @param {number} row */
  async show(row) {
    if (row === this.row) return;
    this.row = row;
    this._abort.abort();
    this._abort = new AbortController();
    const { signal } = this._abort;
    const { dataset } = this.state;
    this._setZoom(1, 0, 0);
    this.stage.querySelector(".fault")?.remove();
    this._draw([]);
    this.image.hidden = false;
    const place = this._placed();
    this._marked();
    const known = dataset.samples.get(row);
    // The thumbnail stands there at once, the picture takes its place when it is there.
    if (known?.thumbnail) this.image.src = dataset.thumbnail(known);
    this.title.textContent = known?.name ?? "";
    const full = new Image();
    full.src = dataset.image(row);
    full.addEventListener("load", () => this.row === row && (this.image.src = full.src));
    full.addEventListener("error", () => this.row === row && !known?.thumbnail && this._broken());
    clearTimeout(this._facts);
    this._facts = setTimeout(() => this._read(row, signal), this.facts.childElementCount ? RESTS : 0);
    this._ahead(place);
  }

  /** Where the sample stands in the order of the grid; -1 where the filters leave it out. */
  _placed() {
    const { rows } = this.state;
    const place = rows.indexOf(this.row);
    this.place.textContent = place < 0 ? "" : `${count(place + 1)} of ${count(rows.length)}`;
    return place;
  }

  /**
   * What is next is there before it is asked for.
   *
   * @param {number} place
   */
  async _ahead(place) {
    const { dataset, rows } = this.state;
    const next = [place + 1, place - 1, place + 2]
      .filter((one) => one >= 0 && one < rows.length)
      .map((one) => rows[one]);
    await dataset.readSamples(next.filter((row) => row !== undefined)).catch(() => {}); // reading ahead may fail: the step itself tells
    for (const row of next) new Image().src = dataset.image(row);
  }

  /**
   * @param {number} row
   * @param {AbortSignal} signal
   */
  async _read(row, signal) {
    const { dataset } = this.state;
    try {
      const [sample, columns] = await Promise.all([
        get(`${dataset.path}/samples/${row}`, { signal }),
        dataset.columns(),
      ]);
      if (row !== this.row) return;
      this._showFacts(sample, columns);
      const predicted = sample.predicted && asSaid(sample.predicted, sample.annotations);
      this._draw(predicted ? [...sample.annotations, predicted] : sample.annotations);
      const embedding = this.state.plot?.embedding ?? dataset.info.embeddings.at(-1)?.id;
      if (!embedding) {
        refill(this.near);
        return;
      }
      const found = await get(`${dataset.path}/embeddings/${embedding}/neighbours/${row}?count=${NEIGHBOURS}`, {
        signal,
        wait: false,
      });
      await dataset.readSamples(
        found.map((/** @type {any} */ one) => one.row),
        signal,
      );
      if (row === this.row) this._showNear(found);
    } catch (error) {
      if (signal.aborted) return;
      refill(this.near, h("p", { class: "problem" }, reason(error)));
    }
  }

  /**
   * @param {any} sample
   * @param {import("../lib/dataset.js").Column[]} columns
   */
  _showFacts(sample, columns) {
    this.title.textContent = sample.name;
    const line = (/** @type {string} */ name, /** @type {string} */ value) => [
      h("dt", {}, name),
      h("dd", { class: "ellipsis", title: value }, value),
    ];
    const list = (/** @type {string} */ title, /** @type {(HTMLElement[])[]} */ lines) =>
      lines.length > 0 && h("section", {}, h("h3", {}, title), h("dl", {}, ...lines.flat()));
    const tags = sample.tags.map((/** @type {string} */ id) => this.state.dataset.tag(id)).filter(Boolean);
    refill(
      this.facts,
      tags.length > 0 &&
        h(
          "section",
          {},
          h("h3", {}, "Tags"),
          h(
            "div",
            { class: "chips" },
            tags.map((/** @type {any} */ tag) => h("span", { class: "chip" }, tag.name)),
          ),
        ),
      list(
        "Labels",
        sample.annotations.length
          ? sample.annotations.map((/** @type {Said} */ one) => line(one.source, inWords(one)))
          : sample.labels.map((/** @type {any} */ one) => line(one.title, one.value)),
      ),
      sample.predicted?.objects.length > 0 && predictions(asSaid(sample.predicted, sample.annotations)),
      sample.scores.length > 0 &&
        h(
          "section",
          {},
          h("h3", {}, "Scores"),
          sample.scores.map((/** @type {any} */ one) =>
            score(
              one,
              columns.find((column) => column.key === one.key),
            ),
          ),
        ),
      list("Image", [
        line("size", sample.bytes === null ? "–" : size(sample.bytes)),
        ...shape(sample.metadata).map((text) => line("pixels", text)),
        line("added", time(sample.createdAt)),
      ]),
      list(
        "Metadata",
        Object.entries(sample.metadata ?? {})
          .filter(([, value]) => typeof value === "number")
          .map(([name, value]) => line(name, number(/** @type {number} */ (value)))),
      ),
      list(
        "Own metadata",
        flat(sample.custom).map(([name, value]) => line(name, value)),
      ),
      list(
        "EXIF",
        flat(sample.exif).map(([name, value]) => line(name, value)),
      ),
    );
  }

  /** @param {Said[]} said */
  _draw(said) {
    this.shapes?.remove();
    this.shapes = said.length ? shapes(said, this.image) : null;
    if (this.shapes) this.stage.append(this.shapes);
    this._paint();
  }

  /** @param {{row: number, distance: number}[]} found */
  _showNear(found) {
    const { dataset } = this.state;
    refill(
      this.near,
      found.map(({ row, distance }) => {
        const sample = dataset.samples.get(row);
        const name = sample?.name ?? "";
        return h(
          "button",
          {
            class: "plain",
            title: `${name}, at a distance of ${number(distance)}`,
            "aria-label": `${name}, at a distance of ${number(distance)}`,
            onclick: () => this.state.setOpen(row),
          },
          sample?.thumbnail ? h("img", { src: dataset.thumbnail(sample), alt: "" }) : icon("warning"),
          h("small", {}, number(distance)),
        );
      }),
    );
  }

  _marked() {
    const on = this.state.selection.has(this.row);
    this.mark.setAttribute("aria-pressed", String(on));
    refill(this.mark, icon("check"), on ? "Selected" : "Select");
  }

  _select() {
    this.state.select([this.row], !this.state.selection.has(this.row));
  }

  /** @param {number} step */
  _step(step) {
    const { rows } = this.state;
    const place = rows.indexOf(this.row);
    const next = place < 0 ? 0 : place + step;
    if (next >= 0 && next < rows.length) this.state.setOpen(rows[next]);
  }

  _broken() {
    this.image.hidden = true;
    if (!this.stage.querySelector(".fault"))
      this.stage.append(
        h(
          "div",
          { class: "fault empty" },
          icon("warning"),
          h("p", {}, "This image cannot be shown: there is none, or it is broken."),
        ),
      );
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const { clientWidth, clientHeight } = this.stage;
    /** @type {Record<string, () => void>} */
    const acts = {
      ArrowLeft: () => this._step(-1),
      ArrowRight: () => this._step(1),
      "+": () => this._setZoom(this._zoom.scale * 1.5, clientWidth / 2, clientHeight / 2),
      "-": () => this._setZoom(this._zoom.scale / 1.5, clientWidth / 2, clientHeight / 2),
      0: () => this._setZoom(1, 0, 0),
    };
    // A button that has the focus takes the space bar itself.
    if (!(event.target instanceof HTMLButtonElement)) acts[" "] = () => this._select();
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    event.preventDefault();
    const box = this.stage.getBoundingClientRect();
    this._setZoom(this._zoom.scale * Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }

  /** @param {PointerEvent} event */
  _drag(event) {
    if (this._zoom.scale === 1 || event.button) return;
    this.stage.setPointerCapture(event.pointerId);
    const start = { x: event.clientX - this._zoom.x, y: event.clientY - this._zoom.y };
    const move = (/** @type {PointerEvent} */ moved) => {
      this._zoom.x = moved.clientX - start.x;
      this._zoom.y = moved.clientY - start.y;
      this._paint();
    };
    this.stage.addEventListener("pointermove", move);
    this.stage.addEventListener("pointerup", () => this.stage.removeEventListener("pointermove", move), { once: true });
  }

  /**
   * Zoom so that the point under the pointer stays there.
   *
   * @param {number} wanted
   * @param {number} x
   * @param {number} y
   */
  _setZoom(wanted, x, y) {
    const scale = Math.max(1, Math.min(CLOSEST, wanted));
    const ratio = scale / this._zoom.scale;
    this._zoom =
      scale === 1
        ? { scale, x: 0, y: 0 }
        : { scale, x: x - (x - this._zoom.x) * ratio, y: y - (y - this._zoom.y) * ratio };
    this._paint();
  }

  _paint() {
    const { scale, x, y } = this._zoom;
    for (const part of [this.image, this.shapes])
      if (part) part.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.image.classList.toggle("pixels", scale > 3);
  }
}

/**
 * What the predictions stored last say of a sample, in the colours of its boxes.
 *
 * @param {Said} said
 */
function predictions({ source, annotations, classes }) {
  const lines = annotations.toReversed().map((one) => {
    const dot = h("i", { class: "dot" });
    dot.style.background = colourOf(classes[one.class]);
    return [h("dt", { class: "ellipsis", title: one.class }, dot, one.class), h("dd", {}, number(one.score ?? 0))];
  });
  return h("section", {}, h("h3", {}, `Predicted by ${source}`), h("dl", {}, ...lines.flat()));
}

/**
 * A score, and where it lies among all.
 *
 * @param {{key: string, title: string, value: number}} one
 * @param {import("../lib/dataset.js").Column | undefined} column
 */
function score(one, column) {
  const share = column && column.max > column.min ? (one.value - column.min) / (column.max - column.min) : 0;
  const bars = h(
    "div",
    { class: "mini" },
    (column?.histogram ?? []).map((value) => {
      const bar = h("i", {});
      bar.style.height = `${(100 * value) / Math.max(1, ...(column?.histogram ?? []))}%`;
      return bar;
    }),
  );
  const here = h("b", {});
  here.style.left = `${100 * Math.max(0, Math.min(1, share))}%`;
  bars.append(here);
  return h(
    "div",
    { class: "score" },
    h("div", { class: "column-head" }, h("span", { class: "ellipsis" }, one.title), h("span", {}, number(one.value))),
    bars,
  );
}

/**
 * Height and width as people say them.
 *
 * @param {any} metadata
 * @returns {string[]}
 */
function shape(metadata) {
  const [height, width] = Array.isArray(metadata?.shape) ? metadata.shape : [];
  return height && width ? [`${count(width)} × ${count(height)}`] : [];
}

/**
 * The leaves of JSON values with their paths.
 *
 * @param {any} value
 * @param {string} [path]
 * @returns {[string, string][]}
 */
function flat(value, path = "") {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, path ? `${path}.${name}` : name));
}
