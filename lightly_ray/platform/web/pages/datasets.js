/** The datasets: each with its size and a strip of it, to open, to make, to add to, to delete. */

import * as address from "../lib/address.js";
import { get, send } from "../lib/api.js";
import { ask, menu, toast } from "../lib/dialogs.js";
import { fill, h, icon, loadStyle, refill } from "../lib/dom.js";
import { ago, counted, time } from "../lib/format.js";
import { work } from "../lib/work.js";
import { share } from "../parts/share.js";
import { broken, picture } from "../parts/strip.js";
import { dropTarget, openUpload, startUpload } from "../parts/upload.js";
import { ReadingOn } from "../parts/reading_on.js";

/**
 * @typedef {object} Listed
 * @property {string} id
 * @property {string} name
 * @property {number} samples
 * @property {number} tags
 * @property {number} changedAt
 * @property {number} createdAt
 * @property {number[]} strip rows that have an image
 * @property {string | null} sharedBy its owner, where that is somebody else
 * @property {boolean} owns whether it may be deleted and shared here
 * @property {boolean} writes
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../lib/files.js").Choice} Choice
 */

const STRIP = 8;

/**
 * @param {HTMLElement} host
 * @param {address.Address} _place
 * @param {App} app
 */
export async function show(host, _place, app) {
  await Promise.all([loadStyle("pages"), loadStyle("datasets"), loadStyle("upload")]);
  const page = new DatasetsPage(host, app);
  await page.read();
  return { end: () => page.end() };
}

class DatasetsPage {
  /**
   * @param {HTMLElement} host
   * @param {App} app
   */
  constructor(host, app) {
    this.app = app;
    this.list = h("ul", { class: "dataset-list" });
    this.create = h("button", { class: "primary", onclick: () => this.ask() }, "New dataset…");
    this.head = h("div", { class: "page-head" }, h("h1", {}, "Datasets"), this.create);
    this.sheet = h("div", { class: "sheet datasets-sheet" }, this.head, this.list);
    this.onward = new ReadingOn(
      this.sheet,
      () => this.next !== null,
      () => this.more(),
    );
    this.status = this.onward.status;
    this.sheet.append(this.status);
    host.append(this.sheet);
    /** @type {string | null} */
    this.next = null;
    this.turn = 0;
    dropTarget(this.sheet, (choice) => this.ask(choice));
    this.again = () => this.read();
    work.addEventListener("end", this.again);
  }

  end() {
    this.turn += 1;
    this.onward.end();
    work.removeEventListener("end", this.again);
  }

  /** Read the first page, in place of what is shown. */
  async read() {
    this.turn += 1;
    const turn = this.turn;
    const { datasets, next } = await get("datasets");
    if (turn !== this.turn) return;
    this.next = next;
    refill(
      this.list,
      datasets.map((/** @type {Listed} */ one) => this.row(one)),
    );
    this.settle();
  }

  /** Read the next page. */
  async more() {
    const turn = this.turn;
    const { datasets, next } = await get(`datasets?after=${this.next}`);
    if (turn !== this.turn) return;
    this.next = next;
    fill(
      this.list,
      datasets.map((/** @type {Listed} */ one) => this.row(one)),
    );
    this.settle();
  }

  settle() {
    const empty = !this.list.children.length;
    this.create.hidden = empty;
    refill(this.status, empty ? this.welcome() : "");
  }

  welcome() {
    return h(
      "div",
      { class: "empty" },
      icon("stack"),
      h("h1", {}, "There is no dataset yet"),
      h("p", {}, "Drag a folder of images into this page, or make a dataset and add them."),
      h("p", {}, h("button", { class: "primary", onclick: () => this.ask() }, "New dataset…")),
      h("p", {}, "Images, embeddings and a first selection in one go, from a terminal:"),
      h(
        "code",
        { class: "command" },
        "lightly-ray magic input_dir=photos server=",
        location.origin + location.pathname.replace(/\/$/, ""),
        " token_file=token",
      ),
    );
  }

  /** @param {Listed} one */
  row(one) {
    const to = address.link(["datasets", one.id]);
    const strip = h("div", { class: "strip one-line", "aria-hidden": "true" });
    for (const row of one.strip.slice(0, STRIP)) {
      const tile = h("a", { class: "thumb", href: to, tabindex: -1 });
      tile.append(
        picture(`app/datasets/${one.id}/thumbnails/${row}?v=${one.changedAt}`, () => broken(tile, "broken image")),
      );
      strip.append(tile);
    }
    const item = h(
      "li",
      { class: "dataset-row" },
      h(
        "div",
        { class: "dataset-facts" },
        h("a", { class: "dataset-name", href: to }, one.name),
        h(
          "p",
          { class: "soft" },
          `${counted(one.samples, "sample")} · ${counted(one.tags, "tag")}`,
          h("br"),
          h("time", { title: time(one.changedAt) }, `changed ${ago(one.changedAt)}`),
          one.sharedBy && [h("br"), `of ${one.sharedBy}`, !one.writes && ", to look at"],
        ),
      ),
      one.samples || !one.writes
        ? strip
        : h(
            "button",
            { class: "dataset-drop", onclick: () => openUpload(this.app, one) },
            icon("upload"),
            "Drag a folder of images or embeddings here, or choose them",
          ),
      h(
        "button",
        {
          class: "plain",
          "aria-label": `More for ${one.name}`,
          title: "More",
          "aria-haspopup": "menu",
          onclick: (/** @type {Event} */ event) => this.menu(event, one),
        },
        icon("more"),
      ),
    );
    if (one.writes) dropTarget(item, (choice) => startUpload(this.app, one, choice));
    return item;
  }

  /**
   * @param {Event} event
   * @param {Listed} one
   */
  menu(event, one) {
    menu(
      /** @type {HTMLElement} */ (event.currentTarget),
      one.writes && h("button", { onclick: () => openUpload(this.app, one) }, "Add images, embeddings or labels…"),
      h("a", { href: address.link(["datasets", one.id, "tags"]) }, "Tags"),
      h("a", { href: address.link(["datasets", one.id, "select"]) }, "Select"),
      one.owns && h("button", { onclick: () => share(one) }, "Share…"),
      one.owns && h("button", { onclick: () => this.remove(one) }, "Delete…"),
    );
  }

  /**
   * Make a dataset, of what was dropped if there is something.
   *
   * @param {Choice} [choice]
   */
  async ask(choice) {
    const name = h("input", {
      name: "name",
      id: "dataset-name",
      required: true,
      autocomplete: "off",
      maxlength: 200,
      autofocus: true,
      value: choice?.folder ?? "",
    });
    let id = "";
    const made = await ask(
      {
        title: "New dataset",
        body: [
          h("label", { for: "dataset-name" }, "Name"),
          name,
          choice &&
            h(
              "p",
              { class: "note small" },
              `${counted(choice.images.length, "image")} of ${choice.folder || "what was dropped"} will be uploaded.`,
            ),
        ],
        action: choice ? "Create and upload" : "Create",
      },
      async () => {
        const text = name.value.trim();
        if (!text) throw new Error("A dataset needs a name.");
        ({ id } = await send("POST", "datasets", { name: text }));
      },
    );
    if (!made) return;
    const dataset = { id, name: name.value.trim() };
    await this.read();
    if (choice) await startUpload(this.app, dataset, choice);
    else await openUpload(this.app, dataset);
  }

  /** @param {Listed} one */
  async remove(one) {
    const name = h("input", { id: "delete-name", required: true, autocomplete: "off", autofocus: true });
    const gone = await ask(
      {
        title: `Delete ${one.name}?`,
        body: [
          h("p", {}, `Its ${counted(one.samples, "sample")}, tags, embeddings and scores are deleted for good.`),
          h("label", { for: "delete-name" }, "Type the name of the dataset"),
          name,
        ],
        action: "Delete",
        danger: true,
      },
      async () => {
        if (name.value !== one.name) throw new Error(`That is not its name: type ${one.name}`);
        await send("DELETE", `datasets/${one.id}`);
      },
    );
    if (!gone) return;
    toast(`${one.name} was deleted.`);
    await this.read();
    (this.create.hidden ? this.sheet.querySelector("button") : this.create)?.focus();
  }
}
