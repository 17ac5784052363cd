/** Signing in with a token, over whatever page is open, so that nothing of it is lost. */

import { send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { reason } from "../lib/format.js";

/**
 * Ask for a token until one is right.
 *
 * @returns {Promise<void>}
 */
export function signIn() {
  const token = h("input", {
    name: "token",
    type: "password",
    autocomplete: "current-password",
    required: true,
    autofocus: true,
    id: "token",
  });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");
  const form = h(
    "form",
    { method: "dialog" },
    h("h1", { class: "brand" }, "lightly_ray"),
    h("label", { for: "token" }, "Token of this server"),
    token,
    problem,
    h(
      "p",
      { class: "soft" },
      "The server prints an address that signs you in when it starts. A token is made by ",
      h("code", {}, "lightly-ray token create=NAME"),
      "; that of the admin is in the file ",
      h("code", {}, "admin-token"),
      " of its data_dir.",
    ),
    h("div", { class: "buttons" }, button),
  );
  const dialog = h("dialog", { class: "sign-in", "aria-label": "Sign in" }, form);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((signedIn) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        await send("POST", "session", { token: token.value.trim() });
        dialog.close();
        dialog.remove();
        signedIn();
      } catch (error) {
        problem.textContent = reason(error);
        problem.hidden = false;
        token.select();
      } finally {
        button.disabled = false;
      }
    });
  });
}
