/** The sheet of keyboard shortcuts. */

import { ask } from "../lib/dialogs.js";
import { h } from "../lib/dom.js";

/** @type {[string, [string, string][]][]} */
const SHEET = [
  [
    "Grid",
    [
      ["← ↑ → ↓", "move"],
      ["Space", "select or not"],
      ["Shift + arrow, Shift + click", "select a range"],
      ["Enter", "open the sample"],
      ["Ctrl + A", "select all that match"],
      ["Ctrl + I", "invert the selection"],
      ["Esc", "select nothing"],
      ["T", "create a tag"],
      ["1 – 9", "filter by the first nine tags: in, not in, off"],
    ],
  ],
  [
    "Sample",
    [
      ["← →", "the one before, the next"],
      ["Space", "select or not"],
      ["+ − 0", "zoom, the whole picture"],
      ["Esc", "back to the grid"],
    ],
  ],
  [
    "Plot",
    [
      ["L, R, M", "lasso, rectangle, hand"],
      ["Click, Shift + click", "open the sample, select it or not"],
      ["Space + drag, ← ↑ → ↓", "move"],
      ["+ − 0", "zoom, show all"],
      ["Esc", "stop drawing"],
    ],
  ],
  [
    "Everywhere",
    [
      ["Ctrl + Z", "undo what was just done"],
      ["/", "search file names"],
      ["?", "this sheet"],
    ],
  ],
];

/** Show it. */
export function show() {
  if (document.querySelector("dialog[open]")) return;
  const body = SHEET.map(([title, keys]) =>
    h(
      "section",
      {},
      h("h3", {}, title),
      h("dl", { class: "keys" }, ...keys.flatMap(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)])),
    ),
  );
  ask({ title: "Keyboard shortcuts", body: h("div", { class: "shortcuts" }, body), action: "Close", cancel: "" });
}
