/** Send files to a dataset, four at a time, and keep count of what became of each. */

import { ApiError, send } from "./api.js";
import { ending } from "./files.js";
import { reason } from "./format.js";

/** @typedef {import("./files.js").Choice} Choice */
/** @typedef {import("./files.js").Picked} Picked */
/** @typedef {{name: string, reason: string}} Refused */

const AT_ONCE = 4;
const PASSING = new Set([0, 429, 502, 503, 504]); // the server is away or busy: the file is sent again
const LONGEST_PAUSE = 4000;
const WINDOW = 5000; // milliseconds that the rate is taken over

/** One upload. Event: "change", after every file. */
export class Uploading extends EventTarget {
  /**
   * @param {string} dataset
   * @param {Choice} choice
   */
  constructor(dataset, choice) {
    super();
    this.dataset = dataset;
    this.choice = choice;
    this.total = choice.images.length + choice.embeddings.length;
    this.done = 0;
    this.accepted = 0;
    /** @type {Refused[]} */
    this.refused = choice.others.map(({ name }) => ({ name, reason: notAnImage(name) }));
    /** @type {{name: string, rows: number, dimension: number}[]} */
    this.embeddings = [];
    /** Samples that are new in the dataset. @type {number | null} */
    this.added = null;
    this.waiting = false;
    this.ended = false;
    /** Why it could not be brought to its end. @type {string | null} */
    this.failure = null;
    this._abort = new AbortController();
    /** @type {number[]} */
    this._times = [];
  }

  get stopped() {
    return this._abort.signal.aborted;
  }

  /** Files a second, of late. */
  get rate() {
    const from = performance.now() - WINDOW;
    const late = this._times.filter((time) => time > from);
    return late.length > 1 ? (1000 * (late.length - 1)) / (late[late.length - 1] - late[0]) : 0;
  }

  /** Send no more files; those that were accepted stay and become samples. */
  stop() {
    this._abort.abort();
  }

  async run() {
    const left = this.choice.images.values();
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, () => this._sendImages(left)));
      // What was accepted before a stop is finished too: half an upload would be seen nowhere.
      if (this.accepted) this.added = (await this._again(() => send("POST", `datasets/${this.dataset}/finish`))).added;
      for (const one of this.choice.embeddings) if (!this.stopped) await this._sendEmbedding(one);
    } catch (error) {
      this.failure = reasonOfFile(error);
    }
    this.ended = true;
    this._tell();
  }

  /** @param {Iterator<Picked>} left shared by those that send */
  async _sendImages(left) {
    for (let next = left.next(); !next.done && !this.stopped; next = left.next()) {
      const { name, file } = next.value;
      const path = `datasets/${this.dataset}/images?${new URLSearchParams({ name })}`;
      await this._count(name, async () => {
        await this._again(() => send("POST", path, file, { signal: this._abort.signal }));
        this.accepted += 1;
      });
    }
  }

  /** @param {Picked} picked */
  async _sendEmbedding({ name, file }) {
    const format = ending(name);
    const short = name.slice(name.lastIndexOf("/") + 1, -format.length - 1);
    const query = new URLSearchParams({ name: short, format });
    await this._count(name, async () => {
      const path = `datasets/${this.dataset}/embeddings?${query}`;
      const { rows, dimension } = await this._again(() => send("PUT", path, file, { signal: this._abort.signal }));
      this.embeddings.push({ name: short, rows, dimension });
    });
  }

  /**
   * @param {string} name
   * @param {() => Promise<void>} sendOne
   */
  async _count(name, sendOne) {
    try {
      await sendOne();
    } catch (error) {
      if (this.stopped) return;
      if (error instanceof ApiError && error.code === "DATASET_UNKNOWN") {
        this.stop();
        throw error;
      }
      this.refused.push({ name, reason: reasonOfFile(error) });
    }
    this.done += 1;
    this._times.push(performance.now());
    if (this._times.length > 2000) this._times.splice(0, 1000);
    this._tell();
  }

  /**
   * Until the server is there again.
   *
   * @param {() => Promise<any>} request
   */
  async _again(request) {
    for (let pause = 250; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        const answer = await request();
        this._wait(false);
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError && PASSING.has(error.status)) || this.stopped) throw error;
        this._wait(true);
        await new Promise((go) => setTimeout(go, pause));
      }
    }
  }

  /** @param {boolean} waiting */
  _wait(waiting) {
    if (waiting === this.waiting) return;
    this.waiting = waiting;
    this._tell();
  }

  _tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {string} name */
const notAnImage = (name) => `not an image${ending(name) ? ` (.${ending(name)})` : ""}`;

/** @param {unknown} error */
function reasonOfFile(error) {
  if (error instanceof DOMException && error.name === "NotFoundError") return "the file is no longer there";
  return reason(error);
}
