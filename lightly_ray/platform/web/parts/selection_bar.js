/** The bar over the grid that says how many are selected, and what can be done with them. */

import { h, icon, refill } from "../lib/dom.js";
import { menu, toast } from "../lib/dialogs.js";
import { count, counted, reason } from "../lib/format.js";
import { Mask } from "../lib/masks.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */

const ASKED = 500; // samples per request

/** Over the page of samples. */
export class SelectionBar {
  /**
   * @param {HTMLElement} host
   * @param {SamplesState} state
   * @param {() => unknown} createTag
   */
  constructor(host, state, createTag) {
    this.state = state;
    this.createTag = createTag;
    this.element = h("div", { class: "selection-bar", role: "toolbar", "aria-label": "Selection" });
    host.append(this.element);
    state.addEventListener("selection", () => this.draw());
    state.addEventListener("rows", () => this.draw());
    this.draw();
  }

  draw() {
    const selected = this.state.selection.count;
    this.element.hidden = selected === 0;
    if (!selected) return;
    const hidden = this.state.selection.without(this.state.mask).count;
    const add = h(
      "button",
      { class: "plain changes", "aria-haspopup": "menu", onclick: () => this._add(add) },
      "Add to tag…",
    );
    const download = h("button", { class: "plain", onclick: () => this._download() }, icon("download"), "File names");
    refill(
      this.element,
      h(
        "span",
        { role: "status" },
        `${count(selected)} selected`,
        hidden > 0 && h("small", {}, ` ${count(hidden)} not shown`),
      ),
      add,
      download,
      h("button", { class: "plain", onclick: () => this._clear() }, "Clear"),
      h("button", { class: "primary changes", onclick: () => this.createTag() }, "Create tag…"),
    );
  }

  _clear() {
    const before = this.state.selection;
    this.state.setSelection(new Mask(before.length));
    toast(`${counted(before.count, "sample")} no longer selected.`, { undo: () => this.state.setSelection(before) });
  }

  /** @param {HTMLElement} button */
  _add(button) {
    const { tags } = this.state.dataset.info;
    menu(
      button,
      ...tags
        .filter((tag) => tag.parent !== null)
        .map((tag) => h("button", { onclick: () => this._addTo(tag) }, tag.name, h("small", {}, count(tag.count)))),
      tags.length < 2 && h("button", { disabled: true }, "There is no other tag yet"),
    );
  }

  /** @param {import("../lib/dataset.js").Tag} tag */
  async _addTo(tag) {
    const { createTag } = await import("./create_tag.js");
    await createTag(this.state, null, tag);
  }

  /** The file names of the selection, a line each. */
  async _download() {
    const { dataset, selection } = this.state;
    const rows = [...selection.rows()];
    /** @type {string[]} */
    const names = [];
    try {
      for (let start = 0; start < rows.length; start += ASKED) {
        const some = rows.slice(start, start + ASKED);
        await dataset.readSamples(some);
        names.push(...some.map((row) => dataset.samples.get(row)?.name ?? ""));
      }
    } catch (error) {
      toast(reason(error), { bad: true });
      return;
    }
    const url = URL.createObjectURL(new Blob([names.map((name) => `${name}\n`).join("")], { type: "text/plain" }));
    h("a", { href: url, download: `${dataset.info.name}-selected.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}
