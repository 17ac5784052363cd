/**
 * A name for the tag of a selection that no tag and no waiting job has: CORESET-1, CORESET-2, ...
 *
 * @param {string} method
 * @param {Iterable<string | null>} taken
 */
export function freeName(method, taken) {
  const names = new Set(taken);
  for (let n = 1; ; n += 1) if (!names.has(`${method}-${n}`)) return `${method}-${n}`;
}
