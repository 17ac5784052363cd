/**
 * Add images and embeddings to a dataset: a dialog to choose them, then a panel in the corner that any page can be used
 * beside, and that says at the end what was accepted and what was not.
 */

import * as address from "../lib/address.js";
import { send } from "../lib/api.js";
import { ask, toast } from "../lib/dialogs.js";
import { fill, h, icon, loadStyle, refill } from "../lib/dom.js";
import { chosen, dropped } from "../lib/files.js";
import { count, counted, number } from "../lib/format.js";
import { Uploading } from "../lib/uploading.js";
import { work } from "../lib/work.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../lib/files.js").Choice} Choice */
/** @typedef {{id: string, name: string}} Named */

const LISTED = 200; // files that were not accepted
const LABELS = ".json,.jsonl,.csv,.xml,.zip,.parquet"; // of labelling tools
const PAUSE = 200; // milliseconds between two looks at an upload

/**
 * Ask for files, by dragging or choosing, and upload them.
 *
 * @param {App} app
 * @param {Named} dataset
 */
export async function openUpload(app, dataset) {
  await loadStyle("upload");
  const take = (/** @type {Choice} */ choice) => {
    dialog.close();
    startUpload(app, dataset, choice);
  };
  const zone = h(
    "div",
    { class: "drop-zone" },
    icon("upload"),
    h("strong", {}, "Drag a folder of images here"),
    h(
      "p",
      { class: "soft" },
      "or single images, or embeddings as .csv or .parquet. File names keep their path below the folder.",
    ),
    h(
      "div",
      { class: "row-buttons" },
      picker("Choose a folder", { webkitdirectory: true }, take),
      picker("Choose images", { multiple: true, accept: "image/*,.tif,.tiff" }, take),
      picker("Choose embeddings", { accept: ".csv,.parquet" }, take),
      picker("Import labels…", { accept: LABELS }, (choice) => {
        dialog.close();
        importLabels(app, dataset, [...choice.images, ...choice.embeddings, ...choice.others][0].file);
      }),
    ),
  );
  const dialog = h(
    "dialog",
    { class: "upload-dialog", "aria-label": `Add to ${dataset.name}` },
    h("h2", {}, `Add to ${dataset.name}`),
    zone,
    h("div", { class: "buttons" }, h("button", { onclick: () => dialog.close() }, "Cancel")),
  );
  dropTarget(dialog, take);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * Ask under which name a file of labels is kept, and import it.
 *
 * @param {App} app
 * @param {Named} dataset
 * @param {File} file
 */
async function importLabels(app, dataset, file) {
  const name = file.name.replace(/\.[^.]*$/, "");
  const source = h("input", { name: "source", value: name, required: true, maxlength: 255, "aria-label": "Source" });
  /** @type {any} */
  let report = null;
  const question = {
    title: `Import labels of ${file.name}`,
    body: [
      h("p", { class: "soft" }, "Whose labels are they? The newest of a source counts; a source can be withdrawn."),
      source,
    ],
    action: "Import",
  };
  const done = await ask(question, async (data) => {
    const query = new URLSearchParams({ source: String(data.get("source")) });
    report = await send("PUT", `datasets/${dataset.id}/labels?${query}`, file);
  });
  if (!done) return;
  const parts = [counted(report.matched.count, "sample")];
  if (report.unchanged.count) parts.push(`${count(report.unchanged.count)} unchanged`);
  if (report.changed.count) parts.push(`${count(report.changed.count)} changed`);
  if (report.withoutLabel.count) parts.push(`${count(report.withoutLabel.count)} without a label`);
  if (report.unknown.count)
    parts.push(`${count(report.unknown.count)} not in the dataset (${report.unknown.first.join(", ")})`);
  toast(`Labels of ${report.source}: ${parts.join(", ")}.`);
  app.live.look();
}

/**
 * Let an element take files that are dropped on it; it has the class `dropping` while they are over it.
 *
 * @param {HTMLElement} element
 * @param {(choice: Choice) => void} take
 */
export function dropTarget(element, take) {
  let depth = 0; // entering a child comes before leaving its parent
  const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const mark = (/** @type {number} */ now) => {
    depth = now;
    element.classList.toggle("dropping", depth > 0);
  };
  element.addEventListener("dragenter", (event) => files(event) && mark(depth + 1));
  element.addEventListener("dragleave", (event) => files(event) && mark(Math.max(0, depth - 1)));
  element.addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  element.addEventListener("drop", () => mark(0), true); // one inside may take it
  element.addEventListener("drop", async (event) => {
    if (!files(event) || !event.dataTransfer) return;
    event.preventDefault();
    event.stopPropagation();
    try {
      take(await dropped(event.dataTransfer));
    } catch (error) {
      toast(`What was dropped cannot be read: ${error instanceof Error ? error.message : error}`, { bad: true });
    }
  });
}

/**
 * Upload what was chosen; the window goes on.
 *
 * @param {App} app
 * @param {Named} dataset
 * @param {Choice} choice
 * @returns {Promise<void>} fulfilled when it has ended
 */
export async function startUpload(app, dataset, choice) {
  if (!choice.images.length && !choice.embeddings.length && !choice.others.length) {
    toast("There is no file in it.", { bad: true });
    return;
  }
  await loadStyle("upload");
  const upload = new Uploading(dataset.id, choice);
  const panel = new Panel(dataset, upload);
  const line = { text: "", share: 0, open: () => panel.show() };
  const look = () => {
    line.text = `Uploading to ${dataset.name}`;
    line.share = upload.total ? upload.done / upload.total : 0;
    work.put(line);
    panel.draw();
  };
  let due = 0;
  upload.addEventListener("change", () => {
    if (!due) due = setTimeout(() => ((due = 0), upload.ended || look()), PAUSE);
  });
  panel.show();
  look();
  await upload.run();
  clearTimeout(due);
  work.end(line);
  panel.draw();
  panel.show();
  app.live.look();
}

/** What is seen of one upload. */
class Panel {
  /**
   * @param {Named} dataset
   * @param {Uploading} upload
   */
  constructor(dataset, upload) {
    this.dataset = dataset;
    this.upload = upload;
    this.title = h("h2", {});
    this.body = h("div", { class: "upload-body" });
    this.bar = h("progress", { max: 1, value: 0, "aria-label": "Uploaded" });
    this.line = h("p", { class: "soft" });
    this.stop = h("button", { onclick: () => upload.stop() }, "Stop");
    fill(this.body, this.bar, h("div", { class: "upload-line" }, this.line, this.stop));
    this.element = h(
      "section",
      { class: "upload-panel", "aria-label": `Upload to ${dataset.name}`, hidden: true },
      h(
        "div",
        { class: "upload-title" },
        this.title,
        h(
          "button",
          { class: "plain", "aria-label": "Close", title: "Close; an upload goes on", onclick: () => this.hide() },
          icon("close"),
        ),
      ),
      this.body,
    );
  }

  show() {
    let place = document.querySelector(".upload-panels");
    if (!place) {
      place = h("div", { class: "upload-panels" });
      document.body.append(place);
    }
    if (!this.element.isConnected) place.prepend(this.element); // the newest is the lowest
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
    if (this.upload.ended) this.element.remove();
  }

  draw() {
    const { upload } = this;
    if (upload.ended) {
      this._drawEnd();
      return;
    }
    this.title.textContent = `Uploading to ${this.dataset.name}`;
    this.bar.value = upload.total ? upload.done / upload.total : 0;
    this.stop.disabled = upload.stopped;
    const rate = upload.rate ? ` · ${number(upload.rate)} a second` : "";
    const refused = upload.refused.length ? ` · ${count(upload.refused.length)} not accepted` : "";
    const state = upload.stopped ? " · stopping" : upload.waiting ? " · waiting for the server" : rate;
    this.line.textContent = `${count(upload.done)} of ${count(upload.total)}${state}${refused}`;
  }

  _drawEnd() {
    const { upload, dataset } = this;
    this.title.textContent = upload.failure
      ? "The upload failed"
      : upload.stopped
        ? "The upload was stopped"
        : "Uploaded";
    const known = upload.accepted - (upload.added ?? 0);
    const facts = [
      upload.failure && h("p", { class: "problem" }, upload.failure),
      upload.choice.images.length > 0 &&
        h(
          "p",
          {},
          `${counted(upload.accepted, "image")} of ${count(upload.choice.images.length)} accepted`,
          upload.added !== null && known > 0 && `, ${count(known)} of them were there already`,
          ".",
        ),
      ...upload.embeddings.map((one) =>
        h("p", {}, `Embedding ${one.name}: ${counted(one.rows, "row")} of ${count(one.dimension)} numbers.`),
      ),
    ];
    refill(
      this.body,
      h("div", { role: "status" }, facts),
      upload.refused.length > 0 && refusedList(upload.refused),
      h(
        "div",
        { class: "buttons" },
        h(
          "a",
          { class: "button primary", href: address.link(["datasets", dataset.id]), onclick: () => this.hide() },
          `Open ${dataset.name}`,
        ),
      ),
    );
  }
}

/** @param {import("../lib/uploading.js").Refused[]} refused */
function refusedList(refused) {
  const rest = refused.length - LISTED;
  return h(
    "details",
    { open: true },
    h("summary", {}, `${counted(refused.length, "file was", "files were")} not accepted`),
    h(
      "ul",
      { class: "refused", tabindex: 0, "aria-label": "Files that were not accepted" },
      refused.slice(0, LISTED).map(({ name, reason }) => h("li", {}, h("span", {}, name), h("small", {}, reason))),
      rest > 0 && h("li", {}, h("small", {}, `and ${count(rest)} more`)),
    ),
  );
}

/**
 * A button that opens the browser's own choice of files.
 *
 * @param {string} text
 * @param {Record<string, string | boolean>} attributes of the input
 * @param {(choice: Choice) => void} take
 */
function picker(text, attributes, take) {
  const input = h("input", { type: "file", hidden: true, tabindex: -1, "aria-label": text, ...attributes });
  input.addEventListener("change", () => {
    const choice = chosen(input);
    input.value = "";
    if (choice.images.length || choice.embeddings.length || choice.others.length) take(choice);
  });
  return h("span", {}, h("button", { type: "button", onclick: () => input.click() }, text), input);
}
