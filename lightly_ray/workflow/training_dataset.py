"""`lightly_ray.training_dataset`: what is labelled of a tag, as a Ray dataset to train on, and what is held out.

A sample that is held out for validation is so for ever: by the dataset's validation tags, or where there are none by
its file name.
"""

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightly_ray._types import PathLike
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.labels.table import Labels
from lightly_ray.data.location import Location
from lightly_ray.data.splits import TRAIN, VALIDATION, is_validation
from lightly_ray.data.string_lookup import positions_in
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.training.labelled_images import labelled_images

if TYPE_CHECKING:
    import ray.data


def training_dataset(
    client: ApiWorkflowClient | str,
    tag: str,
    *,
    source: str | None = None,
    validation_tag: str | None = None,
    input_dir: PathLike | None = None,
    decode: bool = False,
) -> "ray.data.Dataset":
    """The labelled samples of a tag to train on, and those that are held out to validate on.

    Samples without a label are left out, with a warning that counts them; those that cannot be labelled, without one.

    Args:
        client: set to the dataset; or the id of a dataset, for a client of `LIGHTLY_SERVER_LOCATION` and
            `LIGHTLY_TOKEN`.
        tag: name of the tag, as a query has made it.
        source: of the labels; by default all sources together.
        validation_tag: name of the tag whose samples are the split `validation`, also where ``tag`` holds them. By
            default all that `create_validation_tag` has made. Without any, a tenth of the samples of ``tag`` is, by
            a hash of the file name (`lightly_ray.data.splits`).
        input_dir: folder or URI where the images lie under their names. By default they are read from the platform,
            by addresses that are valid for a day.
        decode: whether the images come with it, decoded in the workers.

    Returns:
        A dataset of `filename`, `uri`, `label` and `split` ("train" or "validation"), sorted by name. `label` is the
        class, of classifications with one class a sample (null where it has none); a list of classes, of those with
        several; of other tasks a list of annotations (`lightly_ray.data.labels.table`). With ``decode`` also `image`,
        (H, W, 3) uint8.

    Raises:
        NotFoundError: there is no such dataset, tag or source, or there are no labels.
        InvalidInputError: no sample of the tag is labelled, or labels are of several tasks.

    Example:
        >>> import lightly_ray
        >>> data = lightly_ray.training_dataset(client, "round-1", decode=True)  # doctest: +SKIP
        >>> train = data.filter(expr=ray.data.expressions.col("split") == "train")  # doctest: +SKIP
        >>> for batch in train.iter_batches(batch_size=32):  # doctest: +SKIP
        ...     images, labels = batch["image"], batch["label"]
    """
    platform = ApiWorkflowClient(dataset_id=client) if isinstance(client, str) else client
    labels = platform.labels(source)
    places = _places(platform, platform.get_tag_by_name(tag).id, input_dir)
    held_out: dict[str, str] = {}
    for tag_id in _validation_tags(platform, validation_tag):
        held_out |= _places(platform, tag_id, input_dir)
    table = _labelled(labels, places | held_out)
    names = table["filename"].to_pylist()
    split = np.isin(names, list(held_out)) if held_out else is_validation(names)
    if not np.isin(names, list(places)).any():
        raise InvalidInputError(f"no sample of the tag {tag!r} has a label: import labels first")
    return labelled_images(table.append_column("split", pa.array(np.where(split, VALIDATION, TRAIN))), decode=decode)


def _validation_tags(client: ApiWorkflowClient, name: str | None) -> list[str]:
    return list(client.get_never_offered().validation_tags) if name is None else [client.get_tag_by_name(name).id]


def _places(client: ApiWorkflowClient, tag_id: str, input_dir: PathLike | None) -> dict[str, str]:
    """Where each image of a tag lies, by name."""
    if input_dir is None:
        rows = client.export_filenames_and_read_urls_by_tag_id(tag_id)
        return {row["fileName"]: row["readUrl"] for row in rows}
    root = Location.parse(input_dir)
    names = client.get_filenames_in_tag(client.get_tag_by_id(tag_id))
    return {name: root.child(name).uri for name in names}


def _labelled(labels: Labels, places: dict[str, str]) -> pa.Table:
    """`filename`, `uri` and `label` of the samples that have one."""
    names = pa.array(sorted(places), pa.large_string())
    rows = positions_in(names, labels.table["filename"].cast(pa.large_string()).combine_chunks())
    known = np.flatnonzero(rows >= 0)
    if len(known) < len(names):
        first = names[int(np.flatnonzero(rows < 0)[0])].as_py()
        warnings.warn(
            f"{len(names) - len(known)} of {len(names)} samples have no label and are left out, first: {first!r}",
            stacklevel=3,
        )
    table = labels.table.take(pa.array(rows[known]))
    filenames = names.take(pa.array(known)).cast(pa.string())
    uris = pa.array([places[name] for name in filenames.to_pylist()], pa.string())
    whole = pa.table({"filename": filenames, "uri": uris, "label": _label(labels, table)})
    return whole.filter(pc.invert(table["cannot_be_labelled"].combine_chunks()))


def _label(labels: Labels, table: pa.Table) -> pa.Array:
    annotations = table["annotations"].combine_chunks()
    if labels.task != "classification":
        return annotations
    classes = pc.struct_field(pc.list_flatten(annotations), "class")
    counts = pc.list_value_length(annotations).to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(counts)])
    if len(counts) and counts.max() > 1:
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), classes)
    return classes.take(pa.array(ends[:-1], mask=counts == 0))
