/** Figures and times as people read them. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const TIME = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/**
 * A count, thousands separated.
 *
 * @param {number} value
 */
export const count = (value) => WHOLE.format(value);

/**
 * A count and its noun.
 *
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/**
 * A number of any size: two decimals up to ten, then fewer.
 *
 * @param {number} value
 */
export function number(value) {
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1000 || Number.isInteger(value)) return WHOLE.format(value);
  return size >= 0.01 && size < 10 ? value.toFixed(2) : SHORT.format(value);
}

/**
 * A time of the server, in milliseconds.
 *
 * @param {number | null} milliseconds
 */
export const time = (milliseconds) => (milliseconds === null ? "" : TIME.format(new Date(milliseconds)));

/**
 * A time as seen from now: "5 minutes ago".
 *
 * @param {number} milliseconds
 */
export function ago(milliseconds) {
  const seconds = Math.max(0, (Date.now() - milliseconds) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${counted(Math.floor(seconds / 60), "minute")} ago`;
  if (seconds < 86400) return `${counted(Math.floor(seconds / 3600), "hour")} ago`;
  return seconds < 30 * 86400 ? `${counted(Math.floor(seconds / 86400), "day")} ago` : time(milliseconds);
}

/**
 * A size in bytes.
 *
 * @param {number} bytes
 */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${unit ? bytes.toFixed(bytes < 10 ? 1 : 0) : bytes} ${units[unit]}`;
}

/**
 * What went wrong, as a person reads it.
 *
 * @param {unknown} error
 */
export const reason = (error) => (error instanceof Error ? error.message : String(error));
