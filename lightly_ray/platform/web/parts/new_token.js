/** A new token: what it is for, for how long, and the token itself, shown once. */

import { send } from "../lib/api.js";
import { ask } from "../lib/dialogs.js";
import { h, icon } from "../lib/dom.js";

/**
 * Ask for a token and show it; false where the person thought otherwise.
 *
 * @param {string} [user] whose it is to be; one's own without
 * @param {() => unknown} [made] to be done once it is there, before it is shown
 */
export async function newToken(user, made = () => null) {
  const name = h("input", {
    id: "token-name",
    required: true,
    autocomplete: "off",
    maxlength: 100,
    autofocus: true,
    placeholder: "laptop",
  });
  const days = h(
    "select",
    { id: "token-days" },
    h("option", { value: "30" }, "30 days"),
    h("option", { value: "90" }, "90 days"),
    h("option", { value: "365" }, "a year"),
    h("option", { value: "" }, "ever"),
  );
  days.value = "90";
  let token = "";
  const asked = await ask(
    {
      title: user ? `New token for ${user}` : "New token",
      body: [
        h("label", { for: "token-name" }, "What it is for"),
        name,
        h("label", { for: "token-days" }, "It works for"),
        days,
      ],
      action: "Create",
    },
    async () => {
      const wanted = { name: name.value.trim(), days: days.value ? +days.value : null, user };
      ({ token } = await send("POST", "tokens", wanted));
    },
  );
  if (!asked) return false;
  await made();
  await shownToken(user ? `of ${user}` : name.value.trim(), token);
  return true;
}

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
