/** Two tags side by side: what only the one has, what both have, what only the other has. */

import * as address from "../lib/address.js";
import { h } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { strip } from "./strip.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */
/** @typedef {import("../lib/dataset.js").Tag} Tag */

const SHOWN = 8;

/**
 * @param {Dataset} dataset
 * @param {Tag} here
 * @param {Tag} there
 */
export async function compared(dataset, here, there) {
  const [one, other] = await Promise.all([dataset.mask(here.id), dataset.mask(there.id)]);
  const samples = (/** @type {[string, string][]} */ filters) =>
    address.link(["datasets", dataset.info.id], new URLSearchParams(filters));
  const block = (
    /** @type {string} */ title,
    /** @type {import("../lib/masks.js").Mask} */ mask,
    /** @type {[string, string][]} */ filters,
  ) => {
    const rows = mask.rows();
    return h(
      "div",
      { class: "compare-block" },
      h("h3", {}, title),
      h("a", { class: "compare-count", href: samples(filters) }, count(rows.length)),
      rows.length ? strip(dataset, rows.subarray(0, SHOWN)) : h("p", { class: "note" }, "none"),
    );
  };
  return h(
    "div",
    { class: "compare" },
    block(`Only in ${here.name}`, one.without(other), [
      ["in", here.id],
      ["not", there.id],
    ]),
    block("In both", one.and(other), [
      ["in", here.id],
      ["in", there.id],
    ]),
    block(`Only in ${there.name}`, other.without(one), [
      ["in", there.id],
      ["not", here.id],
    ]),
  );
}
