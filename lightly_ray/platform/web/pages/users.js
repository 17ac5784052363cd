/** The users of this server, for its admins: made with a first token, removed when they own nothing. */

import { get, send } from "../lib/api.js";
import { ask, toast } from "../lib/dialogs.js";
import { h, loadStyle, refill } from "../lib/dom.js";
import { time } from "../lib/format.js";
import { newToken, shownToken } from "../parts/new_token.js";

/** @typedef {{name: string, role: string, createdAt: number}} User */

/** @param {HTMLElement} host */
export async function show(host) {
  await loadStyle("pages");
  const page = new UsersPage(host);
  await page.read();
}

class UsersPage {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.body = h("tbody", {});
    this.create = h("button", { class: "primary", onclick: () => this.make() }, "New user…");
    const head = h(
      "tr",
      {},
      h("th", { scope: "col" }, "Name"),
      h("th", { scope: "col" }, "Role"),
      h("th", { scope: "col" }, "Made"),
      h("th", { scope: "col" }, h("span", { class: "hidden-text" }, "Actions")),
    );
    this.table = h("table", { class: "table", hidden: true }, h("thead", {}, head), this.body);
    host.append(
      h(
        "div",
        { class: "sheet" },
        h("div", { class: "page-head" }, h("h1", {}, "Users"), this.create),
        h(
          "p",
          { class: "note" },
          "Members see their own datasets and those that are shared with them. Admins look after users, and may open every dataset.",
        ),
        this.table,
      ),
    );
  }

  async read() {
    /** @type {[User[], User]} */
    const [users, me] = await Promise.all([get("users"), get("users/me")]);
    refill(
      this.body,
      users.map((user) => this.row(user, user.name === me.name)),
    );
    this.table.hidden = false; // with its rows, so that no column moves
  }

  /**
   * @param {User} user
   * @param {boolean} mine
   */
  row(user, mine) {
    const { name } = user;
    return h(
      "tr",
      {},
      h("td", {}, name, " ", mine && h("span", { class: "badge active" }, "you")),
      h("td", {}, user.role),
      h("td", {}, time(user.createdAt)),
      h(
        "td",
        { class: "end" },
        !mine && h("button", { "aria-label": `New token for ${name}`, onclick: () => this.token(name) }, "New token…"),
        " ",
        !mine && h("button", { "aria-label": `Remove ${name}`, onclick: () => this.remove(name) }, "Remove…"),
      ),
    );
  }

  async make() {
    const name = h("input", {
      id: "user-name",
      required: true,
      autocomplete: "off",
      maxlength: 100,
      autofocus: true,
      placeholder: "ada",
    });
    const role = h(
      "select",
      { id: "user-role" },
      h("option", { value: "member" }, "member"),
      h("option", { value: "admin" }, "admin"),
    );
    let token = "";
    const made = await ask(
      {
        title: "New user",
        body: [h("label", { for: "user-name" }, "Name"), name, h("label", { for: "user-role" }, "Role"), role],
        action: "Create",
      },
      async () => {
        const user = name.value.trim();
        await send("POST", "users", { name: user, role: role.value });
        ({ token } = await send("POST", "tokens", { name: "first", user }));
      },
    );
    if (!made) return;
    await this.read();
    await shownToken(`of ${name.value.trim()}`, token);
    this.create.focus();
  }

  /** @param {string} user */
  async token(user) {
    if (await newToken(user)) this.create.focus();
  }

  /** @param {string} name */
  async remove(name) {
    const gone = await ask(
      {
        title: `Remove ${name}?`,
        body: h("p", {}, "All tokens of this user end at once. A user who owns datasets cannot be removed."),
        action: "Remove",
        danger: true,
      },
      () => send("DELETE", `users/${encodeURIComponent(name)}`),
    );
    if (!gone) return;
    toast(`${name} was removed.`);
    await this.read();
    this.create.focus();
  }
}
