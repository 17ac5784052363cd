/** Boxes over a picture, one colour per class: what is predicted dashed, what is labelled in one line. */

import { fill } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { colourOf } from "../lib/palette.js";

/**
 * Corners x0, y0, x1, y1 relative to width and height; a label has no score; the code of a class is its place among all.
 *
 * @typedef {{label: string, code: number, score: number | null, box: number[] | null}} Thing
 */

const SVG = "http://www.w3.org/2000/svg";

/** Lies over a picture that is fitted into the same place (`object-fit: contain`). */
export class Boxes {
  constructor() {
    this.element = svg("svg", { class: "boxes", "aria-hidden": "true" });
  }

  /**
   * @param {Thing[]} things those without a box are passed over
   * @param {{width: number, height: number}} picture in pixels
   */
  show(things, picture) {
    const { width, height } = picture;
    this.element.replaceChildren();
    if (!width || !height) return;
    this.element.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const letters = Math.max(width, height) / 50;
    // The likeliest come first, and are drawn last.
    for (const { label, code, score, box } of [...things].reverse()) {
      if (!box) continue;
      const [x0, y0, x1, y1] = box;
      const group = svg("g", { class: score === null ? "labelled" : "predicted" });
      group.style.setProperty("--colour", colourOf(code));
      const place = { x: x0 * width, y: y0 * height };
      const size = { width: (x1 - x0) * width, height: (y1 - y0) * height };
      const name = svg("text", { x: place.x, y: Math.max(place.y, letters), "font-size": letters });
      fill(name, score === null ? label : `${label} ${number(score)}`);
      fill(group, svg("rect", { ...place, ...size }), name);
      fill(this.element, group);
    }
  }

  clear() {
    this.element.replaceChildren();
  }
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[K]}
 */
function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
