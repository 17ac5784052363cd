/** The guide: its pages, written in Markdown and rendered by the server. */

import * as address from "../lib/address.js";
import { ApiError, get } from "../lib/api.js";
import { h, icon, loadStyle, refill } from "../lib/dom.js";
import { reason } from "../lib/format.js";

/**
 * @param {HTMLElement} host
 * @param {address.Address} place
 * @param {import("../app.js").App} app
 */
export async function show(host, place, app) {
  const [pages] = await Promise.all([get("guide"), loadStyle("pages"), loadStyle("guide")]);
  const list = h("nav", { class: "left guide-list", "aria-label": "Pages of the guide" });
  const content = h("div", { class: "content guide-content", tabindex: -1 });
  host.append(h("div", { class: "columns" }, list, content));
  let turn = 0;
  let shown = "";
  const open = async (/** @type {address.Address} */ { path }) => {
    const name = path[1] ?? pages[0]?.name;
    refill(
      list,
      h("h2", { class: "left-title" }, "Guide"),
      pages.map((/** @type {{name: string, title: string}} */ page) =>
        h(
          "a",
          { href: address.link(["guide", page.name]), "aria-current": page.name === name ? "page" : null },
          page.title,
        ),
      ),
    );
    if (!name) {
      refill(content, h("p", { class: "note" }, "There is no page."));
      return;
    }
    turn += 1;
    const now = turn;
    if (name !== shown) {
      const page = await read(name);
      if (now !== turn) return;
      const again = shown !== "";
      shown = name;
      app.title(page.title);
      content.replaceChildren(page.body);
      content.scrollTop = 0;
      if (again) content.focus();
    }
  };
  await open(place);
  return { update: open, end: () => void (turn += 1) };
}

/**
 * @param {string} name
 * @returns {Promise<{title: string, body: HTMLElement}>}
 */
async function read(name) {
  try {
    const { title, html } = await get(`guide/${encodeURIComponent(name)}`);
    const body = h("article", { class: "prose" });
    // It was rendered from the server's own files, with HTML in them switched off; the page's policy lets no script run.
    const parsed = new DOMParser().parseFromString(html, "text/html");
    body.append(...[...parsed.body.childNodes].map((node) => document.adoptNode(node)));
    for (const table of body.querySelectorAll("table")) {
      const frame = h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Table" });
      table.replaceWith(frame);
      frame.append(table);
    }
    for (const code of body.querySelectorAll("pre")) code.tabIndex = 0; // so that it can be scrolled by keyboard
    return { title, body };
  } catch (error) {
    const gone = error instanceof ApiError && error.status === 404;
    const text = reason(error);
    return {
      title: "Guide",
      body: h(
        "div",
        { class: "empty", role: "alert" },
        icon("warning"),
        h("h1", {}, gone ? "There is no such page" : "This page cannot be shown"),
        h("p", {}, gone ? "Choose another one at the left." : text),
      ),
    };
  }
}
