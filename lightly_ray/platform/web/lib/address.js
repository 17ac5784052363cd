/**
 * The address, in which all of a page's state stands: `#/datasets/ID/tags?sort=-sharpness`.
 *
 * It is the part behind `#`, so the app works behind any path of a proxy, and nothing of it reaches a server's log.
 */

/**
 * @typedef {object} Address
 * @property {string[]} path such as ["datasets", "5f...", "tags"]
 * @property {URLSearchParams} query
 */

/**
 * The address that is open.
 *
 * @returns {Address}
 */
export function current() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { path: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/**
 * A link to an address.
 *
 * @param {string[]} path
 * @param {URLSearchParams | Record<string, string>} [query]
 */
export function link(path, query = {}) {
  // Colons and commas stand as they are: an address that can be read can be trusted.
  const text = new URLSearchParams(query)
    .toString()
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%3B", ";");
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/**
 * Go to an address; the page that is open is told by the event `hashchange`.
 *
 * @param {string[]} path
 * @param {URLSearchParams | Record<string, string>} [query]
 */
export function go(path, query = {}) {
  const next = link(path, query);
  if (next !== location.hash) location.hash = next;
}

/**
 * Note the state of the page that is open, without telling anybody.
 *
 * @param {string[]} path
 * @param {URLSearchParams} query
 * @param {boolean} step whether "back" comes to the state before.
 */
export function note(path, query, step) {
  const next = link(path, query);
  if (next === location.hash) return;
  if (step) history.pushState(null, "", next);
  else history.replaceState(history.state, "", next);
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a % that stands for itself
  }
}
