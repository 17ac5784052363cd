/** The tags of a dataset: their tree, and of one what it holds, how it was made and what can be done with it. */

import * as address from "../lib/address.js";
import { send } from "../lib/api.js";
import { ask, menu, toast } from "../lib/dialogs.js";
import { h, icon, loadStyle, refill } from "../lib/dom.js";
import { count, counted, reason, time } from "../lib/format.js";
import { gainText, madeFacts, readMade, readOrder } from "../lib/made.js";
import { longStrip } from "../parts/strip.js";
import { compared } from "../parts/tag_compare.js";
import { openUpload } from "../parts/upload.js";
import { childrenOf, tagTree } from "../parts/tag_tree.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */
/** @typedef {import("../lib/dataset.js").Tag} Tag */

const SHOWN = 40;
const FORMS = [
  ["names", "File names (.txt)"],
  ["csv", "Values of all columns (.csv)"],
  ["json", "Names and how it was made (.json)"],
  ["zip", "Images (.zip)"],
  ["label-studio", "Label Studio (.json)"],
  ["cvat", "CVAT (.xml)"],
  ["coco", "COCO (.json)"],
  ["yolo", "YOLO (.zip)"],
  ["labelbox", "Labelbox (.json)"],
  ["huggingface", "Hugging Face (.jsonl)"],
  ["fiftyone", "FiftyOne (.zip)"],
  ["imagefolder", "A folder per class (.zip)"],
];

/**
 * @param {HTMLElement} host
 * @param {address.Address} place
 * @param {import("../app.js").App} app
 */
export async function show(host, place, app) {
  const [dataset] = await Promise.all([app.dataset(place.path[1]), loadStyle("pages"), loadStyle("tags")]);
  const page = new TagsPage(host, dataset, app);
  app.title(`Tags of ${dataset.info.name}`);
  await page.open(place.query);
  const changed = async () => {
    if (!app.live.version || app.live.version === dataset.info.version) return;
    const before = JSON.stringify(dataset.info.tags);
    await dataset.refresh();
    // An upload changes the dataset with every image: whoever reads here is left alone until a tag changes.
    if (JSON.stringify(dataset.info.tags) !== before) await page.open(address.current().query);
  };
  app.live.addEventListener("version", changed);
  return {
    update: (/** @type {address.Address} */ next) => page.open(next.query),
    end: () => {
      page.turn += 1;
      app.live.removeEventListener("version", changed);
    },
  };
}

class TagsPage {
  /**
   * @param {HTMLElement} host
   * @param {Dataset} dataset
   * @param {import("../app.js").App} app
   */
  constructor(host, dataset, app) {
    this.dataset = dataset;
    this.app = app;
    this.left = h("aside", { class: "left" });
    this.content = h("div", { class: "content", tabindex: -1 });
    this.turn = 0;
    /** The tag that is shown. */
    this.shown = "";
    host.append(h("div", { class: "columns" }, this.left, this.content));
  }

  /** @param {Record<string, string>} query */
  link(query) {
    return address.link(["datasets", this.dataset.info.id, "tags"], query);
  }

  /** @param {URLSearchParams} query */
  async open(query) {
    this.turn += 1;
    const turn = this.turn;
    const { tags } = this.dataset.info;
    const tag = this.dataset.tag(query.get("tag") ?? "") ?? (query.has("tag") ? undefined : tags[tags.length - 1]);
    const inTree = this.left.contains(document.activeElement);
    refill(
      this.left,
      h("h2", { class: "left-title" }, "Tags"),
      tags.length > 0 && tagTree(tags, tag?.id ?? "", (one) => this.link({ tag: one.id })),
    );
    if (inTree) /** @type {HTMLElement | null} */ (this.left.querySelector("[aria-current]"))?.focus();
    if (!tag) {
      refill(this.content, this.nothing(tags.length > 0));
      return;
    }
    if (!this.content.children.length) refill(this.content, h("p", { class: "loading" }, "Loading…"));
    /** @type {import("../lib/made.js").Made} */
    const told = await readMade(this.dataset, tag.id).catch((error) => ({ sentence: reason(error) }));
    if (turn !== this.turn) return;
    const made = h("p", { class: "made" }, told.sentence);
    const facts = h("dl", { class: "facts" });
    const added = h("section", { class: "added" });
    const how = h("section", {}, h("h2", {}, "How it was made"), facts);
    refill(this.content, this.head(tag), made, added, this.comparison(tag, query.get("with")), how);
    if (tag.id !== this.shown) this.content.scrollTop = 0;
    this.shown = tag.id;
    this.fillFacts(facts, tag, madeFacts(told));
    await this.fillAdded(added, tag, () => turn === this.turn).catch((error) => {
      if (turn === this.turn) refill(added, h("p", { class: "problem", role: "alert" }, reason(error)));
    });
  }

  /** @param {boolean} some */
  nothing(some) {
    return h(
      "div",
      { class: "empty" },
      icon("stack"),
      h("h1", {}, some ? "This tag is gone" : "There is no tag yet"),
      h(
        "p",
        {},
        some
          ? "It was deleted, or the address is not right. Choose another one at the left."
          : "The first one, of all samples, is made when images have been added.",
      ),
      !some &&
        h(
          "button",
          { class: "primary changes", onclick: () => openUpload(this.app, this.dataset.info) },
          "Add images…",
        ),
    );
  }

  /** @param {Tag} tag */
  head(tag) {
    const why = this.kept(tag);
    return h(
      "div",
      { class: "tag-head" },
      h(
        "div",
        { class: "page-head" },
        h("h1", {}, tag.name),
        h(
          "div",
          { class: "row-buttons" },
          h(
            "a",
            { class: "button primary", href: address.link(["datasets", this.dataset.info.id], { in: tag.id }) },
            "Open in samples",
          ),
          tag.parent !== null &&
            tag.added > 0 &&
            h(
              "a",
              {
                class: "button",
                href: `app/${this.dataset.path}/tags/${tag.id}/report`,
                target: "_blank",
                rel: "noopener",
                title: "What it has come to, beside random draws: a page to keep and to send",
              },
              "Report",
            ),
          h(
            "button",
            { "aria-haspopup": "menu", onclick: (/** @type {Event} */ event) => this.download(event, tag) },
            icon("download"),
            "Download",
          ),
          h(
            "button",
            {
              class: "changes",
              onclick: () => this.rename(tag),
              disabled: tag.parent === null,
              title: tag.parent === null ? "The first tag keeps its name" : "",
            },
            "Rename…",
          ),
          h(
            "button",
            {
              class: "changes",
              onclick: () => this.remove(tag),
              disabled: why !== null,
              title: why ?? "",
              "aria-describedby": why === null ? null : "tag-kept",
            },
            "Delete…",
          ),
        ),
      ),
      why !== null && h("p", { class: "hidden-text", id: "tag-kept" }, why),
    );
  }

  /**
   * Why a tag cannot be deleted; null where it can.
   *
   * @param {Tag} tag
   */
  kept(tag) {
    const below = childrenOf(this.dataset.info.tags, tag);
    if (tag.parent === null) return "It cannot be deleted: it is the tag of all samples.";
    if (!below.length) return null;
    const names = below
      .slice(0, 3)
      .map((one) => one.name)
      .join(", ");
    return `It cannot be deleted: ${names}${below.length > 3 ? " and others" : ""} ${below.length === 1 ? "goes" : "go"} on from it.`;
  }

  /**
   * @param {HTMLElement} facts
   * @param {Tag} tag
   * @param {[string, string][]} told
   */
  fillFacts(facts, tag, told) {
    const parent = tag.parent === null ? undefined : this.dataset.tag(tag.parent);
    /** @type {[string, import("../lib/dom.js").Child][]} */
    const rows = [
      ["Samples", count(tag.count)],
      ["Added by it", tag.added === tag.count ? null : count(tag.added)],
      ["Goes on from", parent ? h("a", { href: this.link({ tag: parent.id }) }, parent.name) : null],
      ["Made", `${time(tag.createdAt)}${tag.creator ? ` by ${tag.creator}` : ""}`],
      ...told,
      ["Kept because", this.kept(tag) && tag.parent !== null ? this.kept(tag) : null],
    ];
    refill(
      facts,
      rows.filter(([, value]) => value !== null).flatMap(([title, value]) => [h("dt", {}, title), h("dd", {}, value)]),
    );
  }

  /**
   * The samples that the tag added, in their order of choice where there is one.
   *
   * @param {HTMLElement} place
   * @param {Tag} tag
   * @param {() => boolean} open whether the tag is still shown
   */
  async fillAdded(place, tag, open) {
    const some = tag.added < tag.count;
    const said = h("small", {});
    const title = h("h2", {}, some ? `What it added: ${count(tag.added)}` : counted(tag.count, "sample"), said);
    // As many empty places as there will be thumbnails, so that what stands below does not move.
    const waiting = Array.from({ length: Math.min(SHOWN, tag.added) }, () =>
      h("li", {}, h("span", { class: "thumb" })),
    );
    refill(
      place,
      title,
      h("ol", { class: "strip" }, waiting),
      tag.added > SHOWN && h("button", { class: "more-button", disabled: true }, "Show more"),
    );
    const order = await readOrder(this.dataset, tag);
    const rows = order ? order.rows : await this.addedRows(tag);
    if (!open()) return;
    const [shown, next] = longStrip(this.dataset, rows, SHOWN, {
      places: order ? Array.from(rows, (_, i) => i + 1) : undefined,
      captions: order?.gains.map(gainText),
      query: { in: tag.id },
    });
    said.textContent = order ? "in the order of choice, each with its gain" : "";
    refill(place, title, rows.length ? shown : h("p", { class: "note" }, "It holds no sample."), next);
  }

  /** @param {Tag} tag */
  async addedRows(tag) {
    const mask = await this.dataset.mask(tag.id);
    if (tag.parent === null || tag.added === tag.count) return mask.rows();
    const added = mask.without(await this.dataset.mask(tag.parent));
    return (added.count ? added : mask).rows();
  }

  /**
   * @param {Tag} tag
   * @param {string | null} other
   */
  comparison(tag, other) {
    const others = this.dataset.info.tags.filter((one) => one.id !== tag.id);
    if (!others.length) return null;
    const place = h("div", { class: "compare-place" });
    const draw = async () => {
      const there = this.dataset.tag(choice.value);
      place.classList.toggle("open", there !== undefined); // room for it before it is there
      address.note(
        ["datasets", this.dataset.info.id, "tags"],
        new URLSearchParams(there ? { tag: tag.id, with: there.id } : { tag: tag.id }),
        false,
      );
      try {
        refill(place, there ? await compared(this.dataset, tag, there) : null);
      } catch (error) {
        refill(place, h("p", { class: "problem", role: "alert" }, reason(error)));
      }
    };
    const choice = h(
      "select",
      { id: "compare-with", onchange: draw },
      h("option", { value: "" }, "Choose a tag"),
      others.map((one) =>
        h("option", { value: one.id, selected: one.id === other }, `${one.name} (${count(one.count)})`),
      ),
    );
    if (choice.value) draw();
    return h(
      "section",
      { class: "compare-section" },
      h("h2", {}, h("label", { for: "compare-with" }, "Compare with")),
      choice,
      place,
    );
  }

  /**
   * @param {Event} event
   * @param {Tag} tag
   */
  download(event, tag) {
    const path = `app/${this.dataset.path}/tags/${tag.id}/download?form=`;
    menu(
      /** @type {HTMLElement} */ (event.currentTarget),
      ...FORMS.map(([form, title]) => h("a", { href: path + form, download: true }, title)),
    );
  }

  /** @param {Tag} tag */
  async rename(tag) {
    const name = h("input", { id: "tag-name", required: true, autocomplete: "off", autofocus: true, value: tag.name });
    await this.done(
      await ask(
        { title: `Rename ${tag.name}`, body: [h("label", { for: "tag-name" }, "New name"), name], action: "Rename" },
        () => send("PATCH", `${this.dataset.path}/tags/${tag.id}`, { name: name.value.trim() }),
      ),
      { tag: tag.id },
    );
  }

  /** @param {Tag} tag */
  async remove(tag) {
    const gone = await ask(
      {
        title: `Delete the tag ${tag.name}?`,
        body: h("p", {}, `Its ${counted(tag.count, "sample")} stay in the dataset; how it was made is lost.`),
        action: "Delete",
        danger: true,
      },
      () => send("DELETE", `${this.dataset.path}/tags/${tag.id}`),
    );
    if (gone) toast(`The tag ${tag.name} was deleted.`);
    await this.done(gone, { tag: tag.parent ?? "" });
  }

  /**
   * @param {boolean} changed
   * @param {{tag: string}} query to go to
   */
  async done(changed, query) {
    if (!changed) return;
    await this.dataset.refresh();
    const next = new URLSearchParams(query);
    address.note(["datasets", this.dataset.info.id, "tags"], next, false);
    await this.open(next);
    this.content.focus();
  }
}
