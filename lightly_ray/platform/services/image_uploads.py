"""Images of the web app, which a browser sends as they are: described and shrunk here as the client does it there."""

import hashlib
import io
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from lightly_ray.api.upload_batches import thumb_name
from lightly_ray.data.image_metadata import image_metadata, thumbnail
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import sample_batches
from lightly_ray.platform.services.decoding import decoded
from lightly_ray.platform.storage.store import datasets, samples, tags
from lightly_ray.platform.storage.store.samples import NewSample

CREATOR = "USER_WEBAPP"


def take(platform: Platform, dataset_id: str, name: str, path: Path) -> None:
    """Add an image to a dataset. The same image again changes nothing.

    Args:
        platform: where.
        dataset_id: whose.
        name: of the sample.
        path: of the image file.

    Raises:
        NotFoundError: there is no such dataset.
        CorruptImageError: it cannot be decoded.
        ConflictError: another image has this name.
        InvalidInputError: the name cannot be used.
    """
    limits.file_name(name)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if _is_there(platform, dataset_id, name, digest):
        return
    with decoded(lambda: path, name) as image:
        figures, small = image_metadata(image, path.stat().st_size), thumbnail(image)
    sample = NewSample(name, thumb_name=thumb_name(name), meta_data=figures)
    with path.open("rb") as full:
        item = sample_batches.Item(sample, {"full": digest}, {"full": full, "thumb": io.BytesIO(small)})
        [answer] = sample_batches.store(platform, dataset_id, [item])
    if answer.error is not None:
        raise InvalidInputError(answer.error)


def finish(db: Connection, dataset_id: str) -> int:
    """Let a tag stand for what was uploaded: the initial tag, or one of the samples that came after it.

    Args:
        db: a transaction.
        dataset_id: whose.

    Returns:
        How many samples have got their row now; 0 where there are no new ones, and no tag is made.
    """
    dataset = datasets.lock(db, dataset_id)
    added = dataset.n_samples - dataset.total
    if added and not dataset.total:
        tags.create_initial(db, dataset, img_type="full", creator=CREATOR)
    elif added:
        tags.upsize(db, dataset, _free_name(db, dataset_id), CREATOR)
    return added


def _is_there(platform: Platform, dataset_id: str, name: str, digest: str) -> bool:
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        known = samples.named(db, dataset_id, name)
    if known is None or known.full_sha256 is None:
        return False
    if known.full_sha256 != digest:
        raise ConflictError(f"the dataset has another image that is named {name!r}")
    return True


def _free_name(db: Connection, dataset_id: str) -> str:
    name = first = f"added {datetime.now().astimezone():%Y-%m-%d %H.%M.%S}"
    number = 1
    while tags.owner_of(db, dataset_id, name) is not None:  # another upload was finished in the same second
        number += 1
        name = f"{first} {number}"
    return name
