/** Thumbnails in a row, each of a fixed size, so that nothing moves when they arrive. */

import * as address from "../lib/address.js";
import { fill, h, icon } from "../lib/dom.js";
import { reason } from "../lib/format.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */

const AT_ONCE = 500; // rows of one request

/**
 * @typedef {object} StripOptions
 * @property {boolean} [numbered] print the place of each, from 1
 * @property {(string | null)[]} [captions] printed on the thumbnails
 * @property {number} [first] the place of the first one
 * @property {Record<string, string>} [query] of the page of samples that a thumbnail opens
 * @property {(row: number | null) => void} [hover] told which one the pointer is over
 */

/**
 * The samples of these rows, in this order.
 *
 * @param {Dataset} dataset
 * @param {ArrayLike<number>} rows
 * @param {StripOptions} [options]
 */
export function strip(dataset, rows, options = {}) {
  const place = h("ol", { class: "strip" });
  more(place, dataset, rows, options);
  return place;
}

/**
 * More of them at the end of a strip.
 *
 * @param {HTMLElement} place
 * @param {Dataset} dataset
 * @param {ArrayLike<number>} rows
 * @param {StripOptions} [options]
 */
export function more(place, dataset, rows, { numbered = false, captions, first = 1, query = {}, hover } = {}) {
  const tiles = Array.from(rows, (row, i) => {
    const to = address.link(["datasets", dataset.info.id], { ...query, open: String(row) });
    const link = h(
      "a",
      { class: "thumb", href: to, "aria-label": numbered ? `Choice ${first + i}` : `Sample ${row + 1}` },
      numbered && h("span", { class: "place" }, first + i),
      captions?.[i] && h("span", { class: "value" }, captions[i]),
    );
    if (hover) {
      link.addEventListener("pointerenter", () => hover(row));
      link.addEventListener("pointerleave", () => hover(null));
      link.addEventListener("focus", () => hover(row));
      link.addEventListener("blur", () => hover(null));
    }
    return { row, link };
  });
  fill(place, ...tiles.map(({ link }) => h("li", {}, link)));
  for (let start = 0; start < tiles.length; start += AT_ONCE) show(dataset, tiles.slice(start, start + AT_ONCE));
}

/**
 * @param {Dataset} dataset
 * @param {{row: number, link: HTMLAnchorElement}[]} tiles
 */
async function show(dataset, tiles) {
  try {
    await dataset.readSamples(tiles.map(({ row }) => row));
  } catch (error) {
    for (const { link } of tiles) broken(link, reason(error));
    return;
  }
  for (const { row, link } of tiles) {
    const sample = dataset.samples.get(row);
    if (!sample) continue;
    link.title = sample.name;
    link.setAttribute("aria-label", `${link.querySelector(".place")?.textContent ?? ""} ${sample.name}`.trim());
    if (sample.thumbnail === null) broken(link, "no image");
    else link.prepend(picture(dataset.thumbnail(sample), () => broken(link, "broken image")));
  }
}

/**
 * @param {string} source
 * @param {() => void} failed
 */
export function picture(source, failed) {
  const image = h("img", { src: source, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => {
    image.remove();
    failed();
  });
  return image;
}

/**
 * @param {HTMLElement} tile
 * @param {string} why
 */
export function broken(tile, why) {
  tile.prepend(h("span", { class: "fault" }, icon("warning"), h("span", {}, why)));
}
