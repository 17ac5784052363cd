/**
 * The app: its header, and the page that the address names.
 *
 * A page is a module in pages/ with `show(host, address, app)`, loaded when it is first opened. What `show` returns may
 * have `update(address)`, for an address of the same page, and `end()`, before another page is shown.
 */

import * as address from "./lib/address.js";
import { ApiError, hooks, send } from "./lib/api.js";
import { Dataset } from "./lib/dataset.js";
import { h, icon, refill } from "./lib/dom.js";

/** @typedef {{update?: (address: address.Address) => void, end?: () => void}} Page */

/** What pages are given. */
export class App {
  constructor() {
    /** What goes on, in the header. @type {Promise<import("./parts/work_line.js").WorkLine> | null} */
    this._workLine = null;
    /** @type {import("./lib/live.js").Live | null} */
    this._live = null;
    this.header = h("header", { class: "header" });
    this.main = h("main", { class: "page", tabindex: -1 });
    this.banner = h("div", { class: "banner", role: "status", hidden: true });
    /** The dataset that was opened last. @type {Dataset | null} */
    this._dataset = null;
    /** @type {{key: string, page: Page} | null} */
    this._shown = null;
    this._turn = 0;
    /** @type {Promise<void> | null} */
    this._signingIn = null;
  }

  async start() {
    document.body.append(this.header, this.banner, this.main);
    hooks.signIn = () => this.signIn();
    hooks.away = (away) => {
      this.banner.hidden = !away;
      this.banner.textContent = away ? "The server cannot be reached. This page goes on as soon as it is back." : "";
    };
    addEventListener("hashchange", () => this.route());
    addEventListener("keydown", (event) => this._key(event));
    await this.route();
  }

  /** What goes on at the server; there for every page but that of samples, which calls `watch` after its first tiles. */
  get live() {
    if (!this._live) throw new Error("watch() comes first");
    return this._live;
  }

  /** Begin to ask what goes on; what a person waits for comes before. */
  async watch() {
    this._workLine ??= import("./parts/work_line.js").then(({ WorkLine }) => new WorkLine(this.header));
    const line = await this._workLine;
    if (!this._live) {
      this._live = line.live;
      // The open dataset was deleted elsewhere: opened again, the page says so.
      this._live.addEventListener("version", () => this.live.version === null && this.reopen());
    }
    const { path } = address.current();
    this._live.follow(path[0] === "datasets" ? (path[1] ?? null) : null);
    line.show();
  }

  /** Show the page of the address. */
  async route() {
    const { path, query } = address.current();
    if (path[0] === "sign-in") return this._signInByCode(query);
    const [name, key] = named(path);
    if (this._shown?.key === key) {
      this._shown.page.update?.(address.current());
      return;
    }
    this._turn += 1;
    const turn = this._turn;
    this._shown?.page.end?.();
    this._shown = null;
    const host = h("div", { class: `page-host ${name}` });
    this.main.replaceChildren(host);
    if (path[0] !== "datasets" || !path[1]) this._dataset = null;
    this._fillHeader(path);
    try {
      if (name !== "samples") await this.watch();
      const { show } = await import(`./pages/${name}.js`);
      const page = (await show(host, address.current(), this)) ?? {};
      if (turn === this._turn) this._shown = { key, page };
      else page.end?.();
    } catch (error) {
      if (turn !== this._turn) return;
      host.replaceChildren(this._failed(error));
      if (!(error instanceof ApiError)) throw error;
    }
    await this.watch();
  }

  /** Show the page that is open from its beginning, such as an empty one after there is something. */
  reopen() {
    this._shown?.page.end?.();
    this._shown = null;
    return this.route();
  }

  /**
   * One dataset; the pages of one share what has been read of it.
   *
   * @param {string} id
   */
  async dataset(id) {
    if (this._dataset?.info.id === id) await this._dataset.refresh();
    else this._dataset = await Dataset.open(id);
    this._fillHeader(address.current().path);
    return this._dataset;
  }

  /** Ask who is there, over the page that is open; those who wait for an answer go on afterwards. */
  signIn() {
    this._signingIn ??= import("./parts/sign_in.js")
      .then((module) => module.signIn())
      .then(() => this._fillHeader(address.current().path))
      .finally(() => {
        this._signingIn = null;
      });
    return this._signingIn;
  }

  /** @param {string} text of the window and of the way back to it. */
  title(text) {
    document.title = text ? `${text} · lightly_ray` : "lightly_ray";
  }

  /** @param {URLSearchParams} query */
  async _signInByCode(query) {
    const next = query.get("next") ?? "";
    try {
      await send("POST", "session", { code: query.get("code") ?? "" });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // An address with a code is opened again from the history: whoever is signed in passes, others are asked.
    }
    location.replace(next.startsWith("/") ? `#${next}` : "#/datasets");
  }

  /** @param {string[]} path */
  _fillHeader(path) {
    const id = path[0] === "datasets" ? path[1] : undefined;
    const known = this._dataset?.info.id === id ? this._dataset : null;
    const here = path[0] === "datasets" ? (path[2] ?? "samples") : path[0];
    const link = (/** @type {string} */ text, /** @type {string[]} */ to, /** @type {string} */ place) =>
      h("a", { href: address.link(to), "aria-current": here === place ? "page" : null }, text);
    this.title(known ? known.info.name : (here ?? ""));
    document.body.classList.toggle("only-look", known?.info.writes === false);
    refill(
      this.header,
      h("a", { class: "brand", href: "#/datasets" }, "lightly_ray"),
      id &&
        h(
          "button",
          { class: "switcher", "aria-haspopup": "menu", onclick: (/** @type {Event} */ event) => this._switch(event) },
          h("span", {}, known?.info.name ?? "…"),
          icon("down"),
        ),
      h(
        "nav",
        { "aria-label": "Pages" },
        id
          ? [
              link("Samples", ["datasets", id], "samples"),
              link("Tags", ["datasets", id, "tags"], "tags"),
              h("span", { class: "changes" }, link("Select", ["datasets", id, "select"], "select")),
              link("Jobs", ["datasets", id, "jobs"], "jobs"),
            ]
          : [link("Datasets", ["datasets"], "samples"), link("Jobs", ["jobs"], "jobs")],
      ),
      h("div", { class: "header-space" }),
      h("div", { class: "work", role: "status" }),
      h(
        "nav",
        { "aria-label": "Help and account" },
        link("Guide", ["guide"], "guide"),
        h(
          "button",
          {
            class: "plain",
            title: "Keyboard shortcuts",
            "aria-label": "Keyboard shortcuts",
            onclick: () => this._shortcuts(),
          },
          "?",
        ),
        h(
          "button",
          {
            class: "plain",
            title: "Tokens, changes, sign out",
            "aria-haspopup": "menu",
            onclick: (/** @type {Event} */ event) => this._account(event),
          },
          "Account",
        ),
      ),
    );
    this._workLine?.then((line) => line.show());
  }

  /** @param {Event} event */
  async _switch(event) {
    const button = /** @type {HTMLElement} */ (event.currentTarget);
    (await import("./parts/menus.js")).datasets(button);
  }

  /** @param {Event} event */
  async _account(event) {
    const button = /** @type {HTMLElement} */ (event.currentTarget);
    (await import("./parts/menus.js")).account(button);
  }

  async _shortcuts() {
    (await import("./parts/shortcuts.js")).show();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const typing =
      event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "?" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this._shortcuts();
    }
  }

  /** @param {unknown} error */
  _failed(error) {
    const gone = error instanceof ApiError && error.code === "DATASET_UNKNOWN";
    const text = error instanceof Error ? error.message : String(error);
    return h(
      "div",
      { class: "empty", role: "alert" },
      icon("warning"),
      h("h1", {}, gone ? "This dataset is gone" : "This page cannot be shown"),
      h("p", {}, gone ? "It was deleted, or the address is not right." : text),
      h(
        "p",
        {},
        !gone && h("button", { onclick: () => this.route() }, "Try again"),
        " ",
        h("a", { href: "#/datasets" }, "All datasets"),
      ),
    );
  }
}

/**
 * The module of an address's page, and what tells it from another page.
 *
 * @param {string[]} path
 * @returns {[string, string]}
 */
function named(path) {
  if (path[0] === "datasets" && path[1]) {
    const page = { tags: "tags", select: "select", jobs: "jobs" }[path[2] ?? ""] ?? "samples";
    return [page, `${page} ${path[1]}`];
  }
  const page = ["jobs", "guide", "tokens", "users", "changes"].includes(path[0]) ? path[0] : "datasets";
  return [page, page];
}

const app = new App();
app.start();
