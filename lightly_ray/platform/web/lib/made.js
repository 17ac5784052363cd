/** How a tag was made, as the server tells it, and in which order its samples were chosen. */

import { ApiError, get } from "./api.js";
import { count, number } from "./format.js";

/** @typedef {import("./dataset.js").Dataset} Dataset */

/**
 * @typedef {object} Made
 * @property {string} sentence
 * @property {string | null} [method]
 * @property {string | null} [score]
 * @property {string | null} [embedding]
 * @property {number | null} [seed]
 * @property {number | null} [radius]
 * @property {number | null} [factor]
 * @property {number | null} [minDistance]
 * @property {string | null} [stopReason]
 * @property {string | null} [why]
 * @property {number | null} [n]
 *
 * @typedef {{rows: number[], gains: (number | null)[]}} Order
 */

/**
 * @param {Dataset} dataset
 * @param {string} tag
 * @returns {Promise<Made>}
 */
export const readMade = (dataset, tag) => get(`${dataset.path}/tags/${tag}/made`);

/**
 * The samples of a selection in the order of choice; null of any other tag.
 *
 * @param {Dataset} dataset
 * @param {string} tag
 * @returns {Promise<Order | null>}
 */
export async function readOrder(dataset, tag) {
  try {
    return await get(`${dataset.path}/tags/${tag}/order`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/**
 * What is known of it, as pairs of a title and a text.
 *
 * @param {Made} made
 * @returns {[string, string][]}
 */
export function madeFacts(made) {
  /** @type {[string, string | null][]} */
  const facts = [
    ["Method", made.method ?? null],
    ["Why this method", made.why || null],
    ["Score", made.score ?? null],
    ["Embedding", made.embedding ?? null],
    ["Radius", figure(made.radius)],
    ["Certificate", bound(made.factor)],
    ["Minimum distance", made.minDistance && made.minDistance > 0 ? number(made.minDistance) : null],
    ["Asked for", made.n !== null && made.n !== undefined && made.n > 1 ? count(made.n) : null],
    ["Ended because", made.stopReason ?? null],
    ["Seed", made.seed === null || made.seed === undefined ? null : String(made.seed)],
  ];
  return /** @type {[string, string][]} */ (facts.filter(([, text]) => text !== null));
}

/** @param {number | null | undefined} value */
const figure = (value) => (value === null || value === undefined ? null : number(value));

/** @param {number | null | undefined} factor */
const bound = (factor) => (factor ? `at most ${number(factor)} times the best possible radius` : null);
