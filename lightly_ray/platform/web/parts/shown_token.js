/** A new token, shown once. */

import { ask } from "../lib/dialogs.js";
import { h, icon } from "../lib/dom.js";

/**
 * @param {string} name
 * @param {string} token
 */
export async function shownToken(name, token) {
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
