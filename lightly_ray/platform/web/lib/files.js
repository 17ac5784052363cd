/** The files that a person drags into the page or chooses, with the names they get in a dataset. */

/**
 * @typedef {object} Picked
 * @property {string} name the path below the folder, with forward slashes
 * @property {File} file
 *
 * @typedef {object} Choice
 * @property {string} folder that all of them lie in; "" where there is none
 * @property {Picked[]} images
 * @property {Picked[]} embeddings
 * @property {Picked[]} others neither of both
 */

const IMAGES = new Set(
  (
    "apng avif avifs bmp dib gif j2k jfif jp2 jpe jpeg jpf jpg jpx mpo pbm pfm pgm png pnm ppm qoi tga tif tiff webp " +
    "heic heif hif jxl dng exr psd"
  ).split(" "),
);
const EMBEDDINGS = new Set(["csv", "parquet"]);

/** @param {string} name */
export const ending = (name) => (/\.([^./]+)$/.exec(name)?.[1] ?? "").toLowerCase();

/**
 * What was dropped, folders with all that is below them.
 *
 * @param {DataTransfer} transfer
 */
export async function dropped(transfer) {
  // The list is emptied as soon as the event is over: entries are taken first, then read.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  /** @type {Picked[]} */
  const picked = [];
  for (const entry of entries) await walk(entry, picked);
  return sorted(picked);
}

/**
 * What was chosen with an `<input type=file>`, with or without `webkitdirectory`.
 *
 * @param {HTMLInputElement} input
 */
export function chosen(input) {
  return sorted([...(input.files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
}

/**
 * Images, embeddings and others. One folder that holds all is left out of the names, as the command line does it: the
 * same photographs have the same names on both ways.
 *
 * @param {Picked[]} picked
 * @returns {Choice}
 */
export function sorted(picked) {
  const tops = new Set(picked.map(({ name }) => (name.includes("/") ? name.slice(0, name.indexOf("/")) : "")));
  const [top = ""] = tops;
  const folder = tops.size === 1 ? top : "";
  /** @type {Choice} */
  const choice = { folder, images: [], embeddings: [], others: [] };
  for (const { name, file } of picked) {
    const one = { name: folder ? name.slice(folder.length + 1) : name, file };
    const kind = ending(name);
    if (IMAGES.has(kind) || file.type.startsWith("image/")) choice.images.push(one);
    else if (EMBEDDINGS.has(kind)) choice.embeddings.push(one);
    else choice.others.push(one);
  }
  const byName = (/** @type {Picked} */ a, /** @type {Picked} */ b) => (a.name < b.name ? -1 : Number(a.name > b.name));
  choice.images.sort(byName);
  return choice;
}

/**
 * @param {FileSystemEntry} entry
 * @param {Picked[]} picked
 */
async function walk(entry, picked) {
  const name = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise((/** @type {(file: File) => void} */ done, failed) =>
      /** @type {FileSystemFileEntry} */ (entry).file(done, failed),
    );
    picked.push({ name, file });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    // A browser gives a hundred entries at a time, and none at the end.
    const some = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ done, failed) =>
      reader.readEntries(done, failed),
    );
    if (!some.length) return;
    for (const one of some) await walk(one, picked);
  }
}
