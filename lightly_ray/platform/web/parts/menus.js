/** The menus of the header. */

import * as address from "../lib/address.js";
import { get, send } from "../lib/api.js";
import { menu } from "../lib/dialogs.js";
import { h } from "../lib/dom.js";
import { count } from "../lib/format.js";

/**
 * The datasets, to go to one.
 *
 * @param {HTMLElement} button
 */
export async function datasets(button) {
  const { datasets: listed } = await get("datasets");
  menu(
    button,
    ...listed.map((/** @type {any} */ one) =>
      h("a", { href: address.link(["datasets", one.id]) }, h("span", {}, one.name), h("small", {}, count(one.samples))),
    ),
    h("a", { href: "#/datasets" }, "All datasets…"),
  );
}

/**
 * Who is signed in, what is theirs to look after, and the way out.
 *
 * @param {HTMLElement} button
 */
export async function account(button) {
  const { name, role } = await get("session");
  menu(
    button,
    h("a", { href: "#/tokens" }, h("span", {}, "Tokens"), h("small", {}, `of ${name}`)),
    role === "admin" && h("a", { href: "#/users" }, "Users"),
    h("a", { href: "#/changes" }, "Changes"),
    h("a", { href: "docs" }, "API page"),
    h("button", { onclick: signOut }, "Sign out"),
  );
}

async function signOut() {
  await send("DELETE", "session");
  sessionStorage.clear();
  location.hash = "#/datasets";
  location.reload();
}
