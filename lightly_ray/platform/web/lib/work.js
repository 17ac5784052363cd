/** Work that this window does itself, such as an upload; the header shows it beside the jobs of the server. */

/**
 * @typedef {object} Work
 * @property {string} text such as "Uploading to clothing"
 * @property {number} share done, 0 to 1
 * @property {() => void} open show more of it
 */

/** Events: "change", and "end" after a piece of work ended. */
class WorkList extends EventTarget {
  constructor() {
    super();
    /** @type {Set<Work>} */
    this.running = new Set();
    addEventListener("beforeunload", (event) => {
      if (this.running.size) event.preventDefault(); // the browser asks whether to leave
    });
  }

  /** @param {Work} work that began or went on */
  put(work) {
    this.running.add(work);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Work} work that ended */
  end(work) {
    this.running.delete(work);
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("end"));
  }
}

export const work = new WorkList();
