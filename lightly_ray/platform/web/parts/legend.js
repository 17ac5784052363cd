/** The legend of a plot: colours and counts of classes, which filter when clicked, or the bar of a scale of numbers. */

import { h, refill } from "../lib/dom.js";
import { count, number } from "../lib/format.js";
import { colourOf, scaleImage } from "../lib/palette.js";
import * as colours from "./plot_colours.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */

/**
 * Show the legend of what colours the plot.
 *
 * @param {HTMLElement} host
 * @param {SamplesState} state
 * @param {colours.Colouring} colouring
 */
export function showLegend(host, state, colouring) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.value;
  const had = host.contains(document.activeElement);
  host.hidden = colouring.kind === "none";
  const all = state.wanted.count === state.dataset.info.total;
  const left = all ? null : colours.counts(colouring, state.wanted);
  if (colouring.kind === "number") refill(host, scale(colouring, left));
  else
    refill(
      host,
      h(
        "ul",
        { class: "plot-classes" },
        colouring.entries.map((one) => h("li", {}, entry(one))),
      ),
    );
  if (had) {
    const buttons = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("[data-value]")]);
    buttons.find((one) => one.dataset.value === focused)?.focus();
  }

  /** @param {colours.Entry} one */
  function entry(one) {
    const wanted = colours.pressed(colouring, state.filters);
    const dot = h("span", { class: "plot-dot" });
    dot.style.background = colourOf(one.code);
    const rest = left?.[one.code];
    const numbers = rest === undefined ? count(one.count) : `${count(rest)} / ${count(one.count)}`;
    const said =
      rest === undefined
        ? ""
        : ` — ${count(rest)} of ${count(one.count)} ${state.selection.count ? "selected" : "left"}`;
    const inside = [dot, h("span", { class: "ellipsis" }, one.text || "(empty)"), h("small", {}, numbers)];
    const { value } = one;
    if (value === null)
      return h("span", { class: wanted ? "plot-class off" : "plot-class", title: `${one.text}${said}` }, inside);
    const click = () =>
      state.putFilter(colours.sameFilter(colouring), colours.toggled(colouring, state.filters, value));
    const on = wanted?.includes(value) ?? false;
    return h(
      "button",
      {
        class: wanted && !on ? "plot-class off" : "plot-class",
        "aria-pressed": String(on),
        "data-value": value,
        title: `${one.text}${said}`,
        onclick: click,
      },
      inside,
    );
  }
}

/**
 * @param {colours.Colouring} colouring
 * @param {Uint32Array | null} left
 */
function scale(colouring, left) {
  const column = /** @type {import("../lib/dataset.js").Column} */ (colouring.column);
  const bar = h("div", {
    class: "plot-scale",
    role: "img",
    "aria-label": `${column.title} from ${number(column.min)} to ${number(column.max)}`,
  });
  bar.style.backgroundImage = scaleImage();
  const missing = left ? left[colours.NONE] : column.missing;
  const dot = h("span", { class: "plot-dot" });
  dot.style.background = colourOf(colours.NONE);
  return h(
    "div",
    {},
    bar,
    h(
      "div",
      { class: "plot-ends" },
      h("span", {}, number(column.min)),
      h("span", {}, column.title),
      h("span", {}, number(column.max)),
    ),
    column.missing > 0 &&
      h("div", { class: "plot-class" }, dot, h("span", {}, "no value"), h("small", {}, count(missing))),
  );
}
