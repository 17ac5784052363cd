"""A table of labelled images as a Ray dataset, the images decoded where they are needed.

In: a table with the columns `filename` and `uri`, and any others. Out: the same rows; with ``decode`` also `image`,
(H, W, 3) uint8, as pictures are seen. Workers fetch and decode, so no pixel passes through the caller.
"""

from typing import Any

import pyarrow as pa
import ray.data
import requests
from requests.adapters import HTTPAdapter, Retry

from lightly_ray.data.images import decode_rgb
from lightly_ray.data.location import Location
from lightly_ray.errors import UnreadableError
from lightly_ray.parallel.cluster import connect

_BLOCK = 500  # rows: small enough that workers share a thousand images
_TIMEOUT = 60  # seconds
_TRIES = 4


def labelled_images(table: pa.Table, *, decode: bool) -> ray.data.Dataset:
    """The dataset.

    Args:
        table: `filename`, `uri` (a path, a URI, or a signed URL of a platform), and more columns.
        decode: whether the images come with it.

    Raises:
        UnreadableError: when the dataset is read: an image cannot be fetched; the error names it.
        CorruptImageError: when it is read: an image cannot be decoded.
    """
    connect()
    blocks = [table.slice(start, _BLOCK) for start in range(0, len(table), _BLOCK)]
    dataset = ray.data.from_arrow(blocks or [table])
    return dataset.map(_with_image) if decode else dataset


def _with_image(row: dict[str, Any]) -> dict[str, Any]:
    name = row["filename"]
    return {**row, "image": decode_rgb(_fetch(row["uri"], name), name=name)}


def _fetch(uri: str, name: str) -> bytes:
    if not uri.startswith(("http://", "https://")):
        return Location.parse(uri).read_existing()
    with requests.Session() as session:
        retry = Retry(total=_TRIES, backoff_factor=0.5, status_forcelist=(502, 503, 504))
        session.mount("http", HTTPAdapter(max_retries=retry))
        try:
            answer = session.get(uri, timeout=_TIMEOUT)
        except requests.RequestException as error:
            # Without the address: its signature is a key to the image.
            raise UnreadableError(f"the image {name!r} cannot be fetched: {type(error).__name__}") from None
    if not answer.ok:
        expired = ", its address is no longer valid: make the dataset anew" if answer.status_code in {401, 403} else ""
        raise UnreadableError(f"the image {name!r} cannot be fetched: status {answer.status_code}{expired}")
    return answer.content
