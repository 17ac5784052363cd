/** The tree of a dataset's tags: each goes on from the one it stands below. */

import { h } from "../lib/dom.js";
import { count } from "../lib/format.js";

/** @typedef {import("../lib/dataset.js").Tag} Tag */

/**
 * @param {Tag[]} tags
 * @param {string} chosen
 * @param {(tag: Tag) => string} href
 */
export function tagTree(tags, chosen, href) {
  const known = new Set(tags.map((tag) => tag.id));
  /** @type {Map<string | null, Tag[]>} */
  const children = new Map();
  for (const tag of tags) {
    const parent = tag.parent !== null && known.has(tag.parent) ? tag.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), tag]);
  }
  const level = (/** @type {string | null} */ parent) => {
    const below = children.get(parent) ?? [];
    return below.length > 0 && h("ul", {}, below.map(item));
  };
  /** @param {Tag} tag @returns {HTMLElement} */
  const item = (tag) =>
    h(
      "li",
      {},
      h(
        "a",
        { href: href(tag), "aria-current": tag.id === chosen ? "true" : null, title: tag.name },
        h("span", { class: "ellipsis" }, tag.name),
        tag.added !== tag.count && h("small", {}, `+${count(tag.added)}`),
        h("span", { class: "size" }, count(tag.count)),
      ),
      level(tag.id),
    );
  return h("nav", { class: "tag-tree", "aria-label": "Tags" }, level(null));
}

/**
 * The tags that others go on from, the oldest first.
 *
 * @param {Tag[]} tags
 * @param {Tag} tag
 */
export const childrenOf = (tags, tag) => tags.filter((one) => one.parent === tag.id);
