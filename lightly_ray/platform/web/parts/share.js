/** With whom a dataset is shared: seen and changed in a dialog. */

import { get, send } from "../lib/api.js";
import { ask } from "../lib/dialogs.js";
import { h, refill } from "../lib/dom.js";
import { reason } from "../lib/format.js";

/** @typedef {{user: string, writes: boolean}} Share */

/** @param {{id: string, name: string}} dataset */
export async function share(dataset) {
  const path = `datasets/${dataset.id}/shares`;
  const body = h("tbody", {});
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const user = h("input", { id: "share-user", autocomplete: "off", maxlength: 100, autofocus: true });
  const writes = choice("share-writes", false);
  const add = h("button", { type: "button" }, "Share");
  const table = h("table", { class: "table" }, body);

  /** @param {() => Promise<unknown>} change */
  const change = async (change) => {
    problem.hidden = true;
    try {
      await change();
      await read();
    } catch (error) {
      problem.textContent = reason(error);
      problem.hidden = false;
    }
  };
  /** @param {string} name */
  const at = (name) => `${path}/${encodeURIComponent(name)}`;
  /** @param {Share} one */
  const row = (one) => {
    const how = choice("", one.writes);
    how.setAttribute("aria-label", `What ${one.user} may do`);
    how.addEventListener("change", () => change(() => send("PUT", at(one.user), { writes: how.value === "write" })));
    const stop = h("button", { type: "button", "aria-label": `Stop sharing with ${one.user}` }, "Stop");
    stop.addEventListener("click", () => change(() => send("DELETE", at(one.user))));
    return h("tr", {}, h("td", {}, one.user), h("td", {}, how), h("td", { class: "end" }, stop));
  };
  const read = async () => {
    /** @type {Share[]} */
    const shares = await get(path);
    refill(body, shares.map(row));
    table.hidden = !shares.length;
  };
  add.addEventListener("click", () =>
    change(async () => {
      const name = user.value.trim();
      if (!name) throw new Error("Say with whom: the name of a user.");
      await send("PUT", at(name), { writes: writes.value === "write" });
      user.value = "";
    }),
  );
  user.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it would close the dialog
    add.click();
  });

  await read();
  await ask({
    title: `Share ${dataset.name}`,
    body: [
      table,
      h("label", { for: "share-user" }, "Share with the user"),
      h("div", { class: "token-line" }, user, writes, add),
      problem,
    ],
    action: "Done",
    cancel: "",
  });
}

/**
 * @param {string} id
 * @param {boolean} writes
 */
function choice(id, writes) {
  const select = h(
    "select",
    { id: id || null, "aria-label": "What that user may do" },
    h("option", { value: "read" }, "may look"),
    h("option", { value: "write" }, "may change"),
  );
  select.value = writes ? "write" : "read";
  return select;
}
