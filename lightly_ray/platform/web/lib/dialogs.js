/** Short words to whoever is there: toasts, questions, menus. */

import { fill, h, icon } from "./dom.js";
import { reason } from "./format.js";

const SHOWN = 8000; // milliseconds

/** @type {(() => void) | null} */
let undoLast = null;

addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea");
  if (undoLast && !typing && event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
    event.preventDefault();
    undoLast();
  }
});

/**
 * Say what was done; with `undo`, by a button or Ctrl+Z.
 *
 * @param {string} text
 * @param {{undo?: () => unknown, link?: [string, string], bad?: boolean}} [options] a link is its text and address
 */
export function toast(text, { undo, link, bad = false } = {}) {
  let place = document.querySelector(".toasts");
  if (!place) {
    place = h("div", { class: "toasts" });
    document.body.append(place);
  }
  const end = () => {
    if (undoLast === back) undoLast = null;
    one.remove();
  };
  const back = () => {
    end();
    undo?.();
  };
  const one = h(
    "div",
    { class: bad ? "toast bad" : "toast", role: bad ? "alert" : "status" },
    h("span", {}, text),
    link && h("a", { href: link[1], onclick: end }, link[0]),
    undo && h("button", { onclick: back }, "Undo"),
    h("button", { class: "plain", "aria-label": "Close", onclick: end }, icon("close")),
  );
  place.append(one);
  if (undo) undoLast = back;
  setTimeout(end, bad ? 2 * SHOWN : SHOWN);
}

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {import("./dom.js").Child | import("./dom.js").Child[]} [body]
 * @property {string} action text of the button that says yes
 * @property {boolean} [danger]
 * @property {string} [cancel]
 */

/**
 * Ask, in a dialog with a form; false where it was closed.
 *
 * `submit` does what was asked for while the dialog is open: what it throws is shown there, and the person tries again.
 *
 * @param {Question} question
 * @param {(data: FormData) => unknown} [submit]
 * @returns {Promise<boolean>}
 */
export function ask({ title, body, action, danger = false, cancel = "Cancel" }, submit = () => null) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const yes = h("button", { type: "submit", class: danger ? "primary danger" : "primary" }, action);
  const form = h("form", { method: "dialog" }, h("h2", {}, title));
  fill(form, ...[body ?? null].flat(), problem);
  fill(
    form,
    h(
      "div",
      { class: "buttons" },
      cancel && h("button", { type: "button", onclick: () => dialog.close() }, cancel),
      yes,
    ),
  );
  const dialog = h("dialog", { "aria-label": title }, form);
  let done = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    yes.disabled = true;
    try {
      await submit(new FormData(form));
      done = true;
      dialog.close();
    } catch (error) {
      problem.textContent = reason(error);
      problem.hidden = false;
    } finally {
      yes.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.scrollTop = 0; // what is long begins at its top, wherever the focus is
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(done);
    });
  });
}

/**
 * A menu under a button; closes by itself.
 *
 * @param {HTMLElement} button
 * @param {...(HTMLElement | null | undefined | false | "")} entries links and buttons
 */
export function menu(button, ...entries) {
  const list = h("div", { class: "menu", popover: "auto", role: "menu" });
  for (const entry of entries) {
    if (!entry) continue;
    entry.setAttribute("role", "menuitem");
    list.append(entry);
  }
  document.body.append(list);
  // Before the entry does its work: a dialog that it opens gives the focus back to the button, not to what is gone.
  list.addEventListener("click", (event) => event.target !== list && list.hidePopover(), { capture: true });
  list.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "closed") list.remove();
  });
  list.addEventListener("keydown", (event) => {
    const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=menuitem]")]);
    const place = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      items[(place + step + items.length) % items.length]?.focus();
    }
  });
  list.showPopover();
  const box = button.getBoundingClientRect();
  list.style.top = `${box.bottom + 4}px`;
  list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
  /** @type {HTMLElement | null} */ (list.querySelector("[role=menuitem]"))?.focus();
}
