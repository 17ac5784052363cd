/** What was changed, by whom and when: an admin sees all, others what they did and what was done to their datasets. */

import * as address from "../lib/address.js";
import { get } from "../lib/api.js";
import { fill, h, loadStyle } from "../lib/dom.js";
import { counted, time } from "../lib/format.js";
import { ReadingOn } from "../parts/reading_on.js";

/**
 * @typedef {object} Line
 * @property {string} id
 * @property {number} at
 * @property {number} count
 * @property {string} user
 * @property {string} token
 * @property {string} action
 * @property {string | null} datasetId
 * @property {string | null} datasetName
 * @property {string} subject
 */

const PAGE = 100;

/** @param {HTMLElement} host */
export async function show(host) {
  await loadStyle("pages");
  const page = new ChangesPage(host);
  await page.more();
  return { end: () => page.onward.end() };
}

class ChangesPage {
  /** @param {HTMLElement} host */
  constructor(host) {
    /** @type {string | null} */
    this.last = null;
    this.all = true; // until the first page says otherwise: it is read once
    this.body = h("tbody", {});
    const names = ["When", "Who", "What", "Dataset", "Of it"];
    const head = names.map((name) => h("th", { scope: "col" }, name));
    const table = h("table", { class: "table" }, h("thead", {}, h("tr", {}, head)), this.body);
    const sheet = h("div", { class: "sheet" }, h("div", { class: "page-head" }, h("h1", {}, "Changes")), table);
    host.append(sheet);
    this.onward = new ReadingOn(
      sheet,
      () => !this.all,
      () => this.more(),
    );
    sheet.append(this.onward.status);
  }

  async more() {
    const before = this.last ? `&before=${this.last}` : "";
    /** @type {Line[]} */
    const lines = await get(`audit?pageSize=${PAGE}${before}`);
    this.last = lines.at(-1)?.id ?? this.last;
    this.all = lines.length < PAGE;
    fill(this.body, lines.map(row));
    if (this.all && !this.body.children.length) this.onward.status.textContent = "Nothing has been changed yet.";
  }
}

/** @param {Line} line */
function row(line) {
  const times = line.count > 1 ? h("span", { class: "soft" }, ` ${counted(line.count, "time")}`) : null;
  const dataset = line.datasetId
    ? h("a", { href: address.link(["datasets", line.datasetId]) }, line.datasetName ?? line.datasetId)
    : "";
  return h(
    "tr",
    {},
    h("td", {}, time(line.at)),
    h("td", { title: line.token && `by the token ${line.token}` }, line.user),
    h("td", {}, line.action, times),
    h("td", {}, dataset),
    h("td", {}, line.subject),
  );
}
