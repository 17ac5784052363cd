/** Make a tag of the selection, or of all that match; with an old tag, of both together. */

import { send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { ask, toast } from "../lib/dialogs.js";
import { link } from "../lib/address.js";
import { count, counted, reason } from "../lib/format.js";
import { Mask } from "../lib/masks.js";

/** @typedef {import("../lib/samples_state.js").SamplesState} SamplesState */
/** @typedef {import("../lib/dataset.js").Tag} Tag */

/**
 * Ask for its name, and make it.
 *
 * @param {SamplesState} state
 * @param {import("../lib/live.js").Live | null} live looks at once where it is given
 * @param {Tag | null} [old] tags never change: adding to one makes a new one that goes on from it
 */
export async function createTag(state, live, old = null) {
  const { dataset, selection } = state;
  const selected = selection.count > 0;
  const chosen = state.wanted;
  const before = old ? await dataset.mask(old.id) : null;
  const mask = before ? before.or(chosen) : chosen;
  const fresh = before ? chosen.without(before).count : 0;
  const says = old
    ? `The ${counted(old.count, "sample")} of ${old.name}, and ${count(fresh)} of the ${count(chosen.count)} selected that are not in it yet: ${count(mask.count)} in all. ${old.name} stays as it is.`
    : selected
      ? `The ${counted(mask.count, "selected sample")}.`
      : `All ${counted(mask.count, "sample")} that match${state.filters.length ? " the filters" : ""}.`;
  const id = `tag-name-${Date.now()}`;
  let name = "";
  /** @type {string} */
  let made = "";
  const done = await ask(
    {
      title: old ? `Add to ${old.name}` : "Create a tag",
      body: [
        h("p", {}, says),
        h("label", { for: id }, old ? "Name of the new tag" : "Name"),
        h("input", {
          id,
          name: "name",
          required: true,
          minlength: 3,
          maxlength: 255,
          autocomplete: "off",
          autofocus: true,
          value: old ? nextName(old.name, dataset.info.tags) : "",
        }),
      ],
      action: "Create tag",
    },
    async (data) => {
      name = String(data.get("name")).trim();
      const parent = old?.id ?? parentOf(state);
      const query = new URLSearchParams({ name, parent });
      made = (await send("POST", `${dataset.path}/tags?${query}`, mask.toBytes())).id;
    },
  );
  if (!done) return;
  await state.refresh();
  live?.look();
  if (selected) state.setSelection(new Mask(selection.length));
  const undo = async () => {
    try {
      await send("DELETE", `${dataset.path}/tags/${made}`);
      if (selected) state.setSelection(selection);
      await state.refresh();
      live?.look();
      toast(`The tag ${name} is deleted.`);
    } catch (error) {
      toast(reason(error), { bad: true });
    }
  };
  const where = link(["datasets", dataset.info.id, "tags"], { tag: made });
  toast(`${name} holds ${counted(mask.count, "sample")}.`, { undo, link: ["Open it, download it", where] });
}

/**
 * The tag that a new one goes on from: the only one that it lies within by a filter, else that of all samples.
 *
 * @param {SamplesState} state
 */
function parentOf(state) {
  const within = state.filters.filter((filter) => filter.kind === "in");
  const { tags } = state.dataset.info;
  const [filter] = within;
  if (within.length === 1 && filter.kind === "in" && state.dataset.tag(filter.tag)) return filter.tag;
  return (tags.find((tag) => tag.parent === null) ?? tags[0]).id;
}

/**
 * A name like another with the next free number: round-1, round-2.
 *
 * @param {string} name
 * @param {Tag[]} tags
 */
export function nextName(name, tags) {
  const taken = new Set(tags.map((tag) => tag.name));
  const [, stem = name, number = "1"] = /^(.*?)-?(\d+)$/.exec(name) ?? [];
  let next = Number(number) + 1;
  while (taken.has(`${stem}-${next}`)) next += 1;
  return `${stem}-${next}`;
}
