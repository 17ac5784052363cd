/** The tokens of this server: what clients and people sign in with. A token is seen once, when it is made. */

import { get, send } from "../lib/api.js";
import { ask, toast } from "../lib/dialogs.js";
import { h, icon, loadStyle, refill } from "../lib/dom.js";
import { time } from "../lib/format.js";

/** @typedef {{name: string, createdAt: number, current: boolean}} Token */

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
      h("th", { scope: "col" }, h("span", { class: "hidden-text" }, "Actions")),
    );
    host.append(
      h(
        "div",
        { class: "sheet" },
        h("div", { class: "page-head" }, h("h1", {}, "Tokens"), this.create),
        h(
          "p",
          { class: "note" },
          "Each client and each person signs in with a token of their own. Revoking one ends what was signed in with it, at once.",
        ),
        h("table", { class: "table" }, h("thead", {}, head), this.body),
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
  }

  /** @param {Token} token */
  row(token) {
    return h(
      "tr",
      {},
      h("td", {}, token.name, " ", token.current && h("span", { class: "badge active" }, "this session")),
      h("td", {}, time(token.createdAt)),
      h(
        "td",
        { class: "end" },
        h("button", { "aria-label": `Revoke ${token.name}`, onclick: () => this.revoke(token) }, "Revoke…"),
      ),
    );
  }

  async make() {
    const name = h("input", {
      id: "token-name",
      required: true,
      autocomplete: "off",
      maxlength: 100,
      autofocus: true,
      placeholder: "laptop of Ada",
    });
    let token = "";
    const made = await ask(
      {
        title: "New token",
        body: [h("label", { for: "token-name" }, "Who or what it is for"), name],
        action: "Create",
      },
      async () => {
        ({ token } = await send("POST", "tokens", { name: name.value.trim() }));
      },
    );
    if (!made) return;
    await this.read();
    await shown(name.value.trim(), token);
    this.create.focus();
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

/**
 * @param {string} name
 * @param {string} token
 */
async function shown(name, token) {
  const field = h("input", {
    id: "token-value",
    readonly: true,
    value: token,
    spellcheck: "false",
    class: "token-value",
    autofocus: true,
  });
  const said = h("span", { class: "soft", role: "status" });
  const copy = h("button", { type: "button" }, icon("stack"), "Copy");
  copy.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(token);
      said.textContent = "copied";
    } catch {
      said.textContent = "press Ctrl+C"; // without https no page may write to the clipboard; it is selected
    }
  });
  await ask({
    title: `Token ${name}`,
    body: [
      h("p", {}, "Copy it now: it is not kept in readable form and is not shown again."),
      h("label", { for: "token-value" }, "Token"),
      h("div", { class: "token-line" }, field, copy),
      said,
    ],
    action: "Done",
    cancel: "",
  });
}
