/** One's own tokens: what one's clients and browsers sign in with. A token is seen once, when it is made. */

import { get, send } from "../lib/api.js";
import { ask, toast } from "../lib/dialogs.js";
import { h, loadStyle, refill } from "../lib/dom.js";
import { time } from "../lib/format.js";
import { newToken } from "../parts/new_token.js";

/**
 * @typedef {object} Token
 * @property {string} name
 * @property {number} createdAt
 * @property {number | null} expiresAt
 * @property {number | null} lastUsedAt
 * @property {boolean} current whether it has signed in here
 */

/** @param {HTMLElement} host */
export async function show(host) {
  await loadStyle("pages");
  const page = new TokensPage(host);
  await page.read();
}

class TokensPage {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.body = h("tbody", {});
    this.create = h("button", { class: "primary", onclick: () => this.make() }, "New token…");
    const head = h(
      "tr",
      {},
      h("th", { scope: "col" }, "Name"),
      h("th", { scope: "col" }, "Made"),
      h("th", { scope: "col" }, "Last used"),
      h("th", { scope: "col" }, "Expires"),
      h("th", { scope: "col" }, h("span", { class: "hidden-text" }, "Actions")),
    );
    this.table = h("table", { class: "table", hidden: true }, h("thead", {}, head), this.body);
    host.append(
      h(
        "div",
        { class: "sheet" },
        h("div", { class: "page-head" }, h("h1", {}, "Tokens"), this.create),
        h(
          "p",
          { class: "note" },
          "Give each client and each browser a token of its own. Revoking one ends what was signed in with it, at once.",
        ),
        this.table,
      ),
    );
  }

  async read() {
    /** @type {Token[]} */
    const tokens = await get("tokens");
    refill(
      this.body,
      tokens.map((token) => this.row(token)),
    );
    this.table.hidden = false; // with its rows, so that no column moves
  }

  /** @param {Token} token */
  row(token) {
    return h(
      "tr",
      {},
      h("td", {}, token.name, " ", token.current && h("span", { class: "badge active" }, "this session")),
      h("td", {}, time(token.createdAt)),
      h("td", {}, token.lastUsedAt ? time(token.lastUsedAt) : "never"),
      h("td", {}, token.expiresAt ? time(token.expiresAt) : "never"),
      h(
        "td",
        { class: "end" },
        h("button", { "aria-label": `Revoke ${token.name}`, onclick: () => this.revoke(token) }, "Revoke…"),
      ),
    );
  }

  async make() {
    if (await newToken(undefined, () => this.read())) this.create.focus();
  }

  /** @param {Token} token */
  async revoke(token) {
    const gone = await ask(
      {
        title: `Revoke ${token.name}?`,
        body: h(
          "p",
          {},
          token.current
            ? "You signed in with it: this session ends with it."
            : "Whoever uses it is signed out at once. This cannot be undone.",
        ),
        action: "Revoke",
        danger: true,
      },
      () => send("DELETE", `tokens/${encodeURIComponent(token.name)}`),
    );
    if (!gone) return;
    if (token.current) {
      location.reload(); // it asks for another token
      return;
    }
    toast(`${token.name} was revoked.`);
    await this.read();
    this.create.focus();
  }
}
