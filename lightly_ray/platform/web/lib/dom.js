/**
 * Build elements. Text from outside, such as a file name, is only ever a text node or an attribute, so it stays text.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Attribute */

/**
 * An element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Attribute>} [attributes] `onclick` and the like are listeners; true is an empty attribute;
 *     false, null and undefined are none.
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  fill(element, ...children);
  return element;
}

/**
 * Append children, those in lists too; what is null, undefined or false is left out.
 *
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Put children in place of what an element holds.
 *
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function refill(element, ...children) {
  element.replaceChildren();
  fill(element, ...children);
}

const PATHS = {
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M4 6l4 4 4-4",
  left: "M10 3 5 8l5 5",
  right: "M6 3l5 5-5 5",
  sort: "M5 3v10M2.5 10.5 5 13l2.5-2.5M11 13V3M8.5 5.5 11 3l2.5 2.5",
  panel: "M2 3h12v10H2zM10 3v10",
  lasso: "M3 6c0-2 2.2-3.5 5-3.5S13 4 13 6s-2.2 3.5-5 3.5S3 8 3 6zM5 9c-1 1-1 2 0 2.500s1 2-.5 2.500",
  rectangle: "M2.500 3.500h11v9h-11z",
  move: "M8 1.500v13M1.500 8h13M6 3.500l2-2 2 2M6 12.500l2 2 2-2M3.500 6l-2 2 2 2M12.500 6l2 2-2 2",
  whole: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  stack: "M5 2h9v9H5zM2 5v9h9",
  download: "M8 2v8M4.500 7 8 10.500 11.500 7M3 13.500h10",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  upload: "M8 10.500V2M4.500 5.500 8 2l3.500 3.500M3 13.500h10",
  warning: "M8 2 1.500 13.500h13zM8 6.500v3.500M8 11.500v.5",
};

/**
 * A line drawing of 16 by 16, in the colour of the text around it; it says nothing to a screen reader.
 *
 * @param {keyof typeof PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/**
 * The element that a selector names, which must be there.
 *
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(parent, selector) {
  const found = parent.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`there is no ${selector}`);
  return found;
}

/** @type {Map<string, Promise<void>>} */
const styles = new Map();

/**
 * The style sheet of a page or part, once; wait for it before anything is shown, so that nothing moves.
 *
 * @param {string} name of a file in style/
 * @returns {Promise<void>}
 */
export function loadStyle(name) {
  let loaded = styles.get(name);
  if (!loaded) {
    loaded = new Promise((done, failed) => {
      const link = h("link", { rel: "stylesheet", href: String(new URL(`../style/${name}.css`, import.meta.url)) });
      link.addEventListener("load", () => done());
      link.addEventListener("error", () => {
        styles.delete(name);
        link.remove();
        failed(new Error("The server cannot be reached. Try again."));
      });
      document.head.append(link);
    });
    styles.set(name, loaded);
  }
  return loaded;
}
