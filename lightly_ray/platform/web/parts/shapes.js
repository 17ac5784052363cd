/** What labels and models say of a sample: drawn over its picture, one colour per class, predictions dashed; in words. */

import { count, number } from "../lib/format.js";
import { colourOf, hexOf } from "../lib/palette.js";

/**
 * All coordinates are shares of the width and height of the picture.
 *
 * @typedef {object} Annotation
 * @property {string} class
 * @property {number[] | null} box x0, y0, x1, y1
 * @property {number[][] | null} polygons each x, y, x, y, ...
 * @property {{height: number, width: number, counts: number[]} | null} mask runs of 0 and 1 in turn, down the columns
 * @property {number[] | null} keypoints x, y, visibility, ...
 * @property {number | null} [score] of a prediction, in [0, 1]; labels have none
 *
 * @typedef {object} Said what a source of labels says
 * @property {string} source
 * @property {boolean} cannot_be_labelled
 * @property {Annotation[]} annotations
 * @property {Record<string, number>} classes of these annotations, with their numbers
 */

const SPACE = "http://www.w3.org/2000/svg";

/**
 * @param {Said[]} said
 * @param {HTMLImageElement} image that they lie on: it is seen as a whole, in the middle, as they are
 */
export function shapes(said, image) {
  const layer = svg("svg", { class: "shapes", "aria-hidden": "true" });
  const draw = () => {
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    if (!width || !height) return;
    layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    layer.replaceChildren(
      ...said.flatMap((one) =>
        one.annotations.flatMap((annotation) => drawn(annotation, one.classes[annotation.class], width, height)),
      ),
    );
  };
  // The picture takes the place of the thumbnail, which is smaller.
  image.addEventListener("load", () => layer.isConnected && draw());
  draw();
  return layer;
}

/**
 * Each class with how many there are.
 *
 * @param {Said} said
 */
export function inWords(said) {
  if (said.cannot_be_labelled) return "cannot be labelled";
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const one of said.annotations) counts.set(one.class, (counts.get(one.class) ?? 0) + 1);
  const words = [...counts].map(([name, n]) => (n > 1 ? `${name} × ${count(n)}` : name));
  return words.join(", ") || "nothing to be seen";
}

/**
 * What is predicted of a sample, as labels say it.
 *
 * @typedef {{label: string, code: number, score: number, box: number[] | null}} Thing
 * @param {{name: string, objects: Thing[]}} of the likeliest first, which are drawn last
 * @param {Said[]} said by labels, whose classes keep their colours
 * @returns {Said}
 */
export function asSaid({ name, objects }, said) {
  /** @type {Record<string, number>} */
  const classes = Object.fromEntries(objects.map(({ label, code }) => [label, code]));
  for (const one of said)
    for (const [label, code] of Object.entries(one.classes)) if (label in classes) classes[label] = code;
  const annotations = objects
    .map(({ label, score, box }) => ({ class: label, score, box, polygons: null, mask: null, keypoints: null }))
    .reverse();
  return { source: name, cannot_be_labelled: false, annotations, classes };
}

/**
 * @param {Annotation} annotation
 * @param {number} code of its class
 * @param {number} width of the picture
 * @param {number} height
 * @returns {SVGElement[]}
 */
function drawn(annotation, code, width, height) {
  const { box, polygons, mask, keypoints, score } = annotation;
  const predicted = typeof score === "number";
  /** @type {SVGElement[]} */
  const parts = [];
  if (mask) parts.push(maskImage(mask, code, width, height));
  for (const points of polygons ?? [])
    parts.push(svg("polygon", { points: points.map((at, i) => at * (i % 2 ? height : width)).join(" ") }));
  if (box) {
    const [x0, y0, x1, y1] = box;
    const place = { x: x0 * width, y: y0 * height, width: (x1 - x0) * width, height: (y1 - y0) * height };
    const size = Math.max(width, height) / 50;
    const name = svg("text", { x: place.x, y: Math.max(size, place.y - size / 4), "font-size": size });
    name.textContent = predicted ? `${annotation.class} ${number(score)}` : annotation.class;
    parts.push(svg("rect", place), name);
  }
  for (let i = 0; i < (keypoints?.length ?? 0); i += 3) {
    const [x, y, seen] = /** @type {number[]} */ (keypoints).slice(i, i + 3);
    if (seen) parts.push(svg("circle", { cx: x * width, cy: y * height, r: Math.max(width, height) / 200 }));
  }
  for (const part of parts) {
    part.style.color = colourOf(code);
    part.classList.toggle("predicted", predicted);
  }
  return parts;
}

/**
 * @param {NonNullable<Annotation["mask"]>} mask
 * @param {number} code
 * @param {number} width
 * @param {number} height
 */
function maskImage(mask, code, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = mask.width;
  canvas.height = mask.height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  context.fillStyle = hexOf(code, dark);
  let at = 0;
  mask.counts.forEach((run, i) => {
    // A run goes down a column and on at the top of the next one.
    for (let left = i % 2 ? run : 0, from = at; left > 0;) {
      const y = from % mask.height;
      const part = Math.min(left, mask.height - y);
      context.fillRect(Math.floor(from / mask.height), y, 1, part);
      from += part;
      left -= part;
    }
    at += run;
  });
  return svg("image", { href: canvas.toDataURL(), width, height, preserveAspectRatio: "none" });
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElement}
 */
function svg(tag, attributes) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return /** @type {SVGElement} */ (element);
}
