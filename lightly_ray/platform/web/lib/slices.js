/** Long work in short slices, between which the page answers. */

const SLICE = 12; // milliseconds

/**
 * Call `work(from, to)` over 0 .. length, in order.
 *
 * @param {number} length
 * @param {(from: number, to: number) => void} work
 * @param {AbortSignal} signal
 */
export async function inSlices(length, work, signal) {
  const step = 1 << 15;
  let start = performance.now();
  for (let from = 0; from < length; from += step) {
    if (performance.now() - start > SLICE) {
      await pause();
      start = performance.now();
    }
    signal.throwIfAborted();
    work(from, Math.min(length, from + step));
  }
}

/** A message comes at once, where a timer would be held back by milliseconds. @returns {Promise<void>} */
function pause() {
  return new Promise((go) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      go();
    };
    port2.postMessage(null);
  });
}
