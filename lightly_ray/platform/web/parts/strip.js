/** Thumbnails in a row, each of a fixed size, so that nothing moves when they arrive. */

import * as address from "../lib/address.js";
import { fill, h, icon } from "../lib/dom.js";
import { reason } from "../lib/format.js";

/** @typedef {import("../lib/dataset.js").Dataset} Dataset */

const AT_ONCE = 500; // rows of one request

/**
 * @typedef {object} StripOptions
 * @property {number[]} [places] printed on the thumbnails
 * @property {(string | null)[]} [captions] printed on the thumbnails
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
 * The same with a button that shows more, as many at a time as there are at first.
 *
 * @param {Dataset} dataset
 * @param {ArrayLike<number>} rows
 * @param {number} step
 * @param {StripOptions} [options]
 * @returns {[HTMLElement, HTMLElement]}
 */
export function longStrip(dataset, rows, step, options = {}) {
  const all = Array.from(rows);
  const place = h("ol", { class: "strip" });
  let end = 0;
  const next = h("button", { class: "more-button" }, "Show more");
  const go = () => {
    const part = [end, end + step];
    const captions = options.captions?.slice(...part);
    more(place, dataset, all.slice(...part), { ...options, captions, places: options.places?.slice(...part) });
    end += step;
    next.hidden = all.length <= end;
  };
  next.addEventListener("click", go);
  go();
  return [place, next];
}

/**
 * More of them at the end of a strip.
 *
 * @param {HTMLElement} place
 * @param {Dataset} dataset
 * @param {ArrayLike<number>} rows
 * @param {StripOptions} [options]
 */
function more(place, dataset, rows, { places, captions, query = {}, hover } = {}) {
  const tiles = Array.from(rows, (row, i) => {
    const to = address.link(["datasets", dataset.info.id], { ...query, open: String(row) });
    const link = h(
      "a",
      { class: "thumb", href: to, "aria-label": places ? `Choice ${places[i]}` : `Sample ${row + 1}` },
      places && h("span", { class: "place" }, places[i]),
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
