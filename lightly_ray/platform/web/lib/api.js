/**
 * Requests to the server, under `app/`.
 *
 * What only reads goes on by itself: it waits while the server is away, and for a person to sign in again where the
 * session has expired. What changes something is sent once, and fails with the reason.
 */

const AWAY = new Set([502, 503, 504]);
const LONGEST_WAIT = 4000;

/** An answer that is none, with the server's reason. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 where no answer came
   * @param {string} code of the server, such as TAG_NAME_EXISTS
   */
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * What the app does about it.
 *
 * @type {{signIn: () => Promise<void>, away: (away: boolean) => void}}
 */
export const hooks = { signIn: () => Promise.reject(new ApiError("signed out", 401, "UNAUTHORIZED")), away: () => {} };

/** How often somebody has signed in: a refusal of a request that left before then asks nobody again. */
let signedIn = 0;

/** @typedef {{signal?: AbortSignal, wait?: boolean}} Options */

/**
 * Read JSON.
 *
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export const get = async (path, options) => (await read(path, options)).json();

/**
 * Read bytes.
 *
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<ArrayBuffer>}
 */
export const bytes = async (path, options) => (await read(path, options)).arrayBuffer();

/**
 * Change something.
 *
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {any} [body] bytes and files as they are, anything else as JSON
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the JSON of the answer, null where it is empty
 */
export async function send(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { "x-lightly-ray": "app" };
  const raw = body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
  if (raw) headers["content-type"] = "application/octet-stream";
  else if (body !== undefined) headers["content-type"] = "application/json";
  const sent = raw || body === undefined ? body : JSON.stringify(body);
  const request = () =>
    fetch(`app/${path}`, { method, headers, body: /** @type {any} */ (sent), signal: options.signal });
  const before = signedIn;
  let answer = await reached(request);
  if (answer.status === 401 && path !== "session") {
    if (before === signedIn) await hooks.signIn();
    answer = await reached(request);
  }
  if (!answer.ok) throw await problem(answer);
  if (path === "session" && method === "POST") signedIn += 1;
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/**
 * @param {string} path
 * @param {Options} [options]
 */
async function read(path, { signal, wait = true } = {}) {
  for (let pause = 250; ; pause = Math.min(2 * pause, LONGEST_WAIT)) {
    const before = signedIn;
    /** @type {Response | null} */
    let answer = null;
    try {
      answer = await fetch(`app/${path}`, { signal });
    } catch (error) {
      if (signal?.aborted || !wait) throw error;
    }
    if (answer?.ok) {
      hooks.away(false);
      return answer;
    }
    if (answer?.status === 401 && path !== "session") {
      if (before === signedIn) await hooks.signIn();
    } else if (answer && !(AWAY.has(answer.status) && wait)) throw await problem(answer);
    else {
      hooks.away(true);
      await new Promise((go) => setTimeout(go, pause));
      signal?.throwIfAborted();
    }
  }
}

/** @param {() => Promise<Response>} request */
async function reached(request) {
  try {
    return await request();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached; nothing was changed. Try again.", 0, "AWAY");
  }
}

/** @param {Response} answer */
async function problem(answer) {
  const text = await answer.text();
  try {
    const { message, code } = JSON.parse(text);
    return new ApiError(message, answer.status, code);
  } catch {
    return new ApiError(text.slice(0, 300) || answer.statusText, answer.status, "BAD_REQUEST");
  }
}
