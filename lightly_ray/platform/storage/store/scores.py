"""Scores: one number per sample of a tag, in the order of the tag's rows. Every upload is a new version.

Stored predictions have scores that nobody uploads: those of their task, for every tag, computed when they are read. Of
an uploaded and a computed score of one name the newer one counts.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from lightly_ray.errors import NotFoundError
from lightly_ray.methods import default_score
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import scores, tags
from lightly_ray.platform.storage.store import predictions
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.records import Score, StoredPredictions, record
from lightly_ray.scores.tasks import SCORE_NAMES


@dataclass(frozen=True, slots=True)
class Upload:
    """Scores that have been checked and stored.

    Attributes:
        file_key: of the .npy file.
        sha256: of its numbers.
        count: how many there are.
    """

    file_key: str
    sha256: str
    count: int


def put(db: Connection, tag_id: str, score_type: str, upload: Upload) -> str:
    """Make an upload the newest version of a score and return the score's id, the same for every version.

    Args:
        db: with the dataset locked.
        tag_id: of a tag that exists.
        score_type: a name, checked.
        upload: the numbers.
    """
    note_change(db, select(tags.c.dataset_id).where(tags.c.id == tag_id).scalar_subquery())
    same = (scores.c.tag_id == tag_id, scores.c.score_type == score_type)
    values = {"file_key": upload.file_key, "sha256": upload.sha256, "count": upload.count, "uploaded_at": now()}
    old_id = db.scalar(select(scores.c.id).where(*same))
    if old_id is not None:
        db.execute(update(scores).where(*same).values(version=scores.c.version + 1, **values))
        return str(old_id)
    score_id = new_id()
    values |= {"id": score_id, "tag_id": tag_id, "score_type": score_type, "version": 1}
    db.execute(scores.insert().values(created_at=now(), **values))
    return score_id


def listing(db: Connection, tag_id: str) -> list[Score]:
    """The scores of a tag, uploaded and computed ones, the newest at the end."""
    rows = db.execute(select(scores).where(scores.c.tag_id == tag_id).order_by(scores.c.id))
    tag = db.execute(select(tags.c.dataset_id, tags.c.mask).where(tags.c.id == tag_id)).one()
    computed = _computed(db, tag.dataset_id, tag_id, tag.mask.count)
    return _newest([*(record(Score, row) for row in rows), *computed])


@dataclass(frozen=True, slots=True)
class Scored:
    """A tag that has scores, without its mask.

    Attributes:
        name: of the tag.
        is_initial: whether it is the tag of all samples.
        last_modified_at: when its name or samples changed.
    """

    name: str
    is_initial: bool
    last_modified_at: int


def of_dataset(db: Connection, dataset_id: str) -> list[tuple[Score, Scored]]:
    """All scores of a dataset with what their tag is, the initial tag first, then from the oldest to the newest.

    Computed ones are those of the initial tag: of the others they are the same numbers, or nearly.
    """
    of_tag = (tags.c.name, tags.c.prev_tag_id.is_(None), tags.c.last_modified_at)
    query = select(*scores.columns, *of_tag).join(tags, tags.c.id == scores.c.tag_id)
    query = query.where(tags.c.dataset_id == dataset_id)
    query = query.order_by(tags.c.prev_tag_id.is_not(None), tags.c.id, scores.c.score_type)
    found = [(Score(*row[:-3]), Scored(*row[-3:])) for row in db.execute(query)]
    first = select(tags.c.id, tags.c.mask, *of_tag).where(tags.c.dataset_id == dataset_id, tags.c.prev_tag_id.is_(None))
    initial = db.execute(first).one_or_none()
    if initial is None:
        return found
    uploaded = [score for score, tag in found if tag.is_initial]
    newest = _newest([*uploaded, *_computed(db, dataset_id, initial.id, initial.mask.count)])
    of_initial = [(score, Scored(*initial[-3:])) for score in sorted(newest, key=lambda one: one.score_type)]
    return [*of_initial, *((score, tag) for score, tag in found if not tag.is_initial)]


def read(db: Connection, tag_id: str, score_id: str) -> Score:
    """One score.

    Raises:
        NotFoundError: the tag has none of that id (SCORE_UNKNOWN).
    """
    found = next((one for one in listing(db, tag_id) if one.id == score_id), None)
    if found is None:
        raise NotFoundError(f"the tag has no score with id {score_id[:60]!r}", code="SCORE_UNKNOWN")
    return found


def choose(db: Connection, tag_id: str, score_type: str | None) -> Score:
    """The score that a selection uses.

    Args:
        db: any connection.
        tag_id: of the query tag.
        score_type: as asked for; None takes `DEFAULT_SCORE` if there is one, else the newest.

    Raises:
        NotFoundError: it was not uploaded for this tag, and no stored predictions have it (SCORE_UNKNOWN).
    """
    listed = listing(db, tag_id)
    by_type = {score.score_type: score for score in listed}
    if not listed:
        raise NotFoundError(
            "no scores have been uploaded for the query tag, and no predictions are stored", code="SCORE_UNKNOWN"
        )
    if score_type is None:
        return by_type[default_score([listed[-1].score_type, *by_type])]
    if score_type not in by_type:
        have = ", ".join(sorted(by_type))
        raise NotFoundError(f"no score {score_type!r} for the query tag, there is: {have}", code="SCORE_UNKNOWN")
    return by_type[score_type]


def _computed(db: Connection, dataset_id: str, tag_id: str, count: int) -> list[Score]:
    """What the stored predictions of a dataset say of a tag: of each name the newest."""
    listed = predictions.listing(db, dataset_id)
    return _newest([_of(one, tag_id, name, count) for one in listed for name in SCORE_NAMES[one.task]])


def _of(it: StoredPredictions, tag_id: str, score_type: str, count: int) -> Score:
    # The same id whenever it is asked for, as of a score that has a row.
    digest = hashlib.sha256(f"{tag_id}/{it.id}/{score_type}".encode()).hexdigest()
    # Made again when it is asked for, as columns are.
    key = f"datasets/{it.dataset_id}/columns/predicted/{it.id}-{it.version}/{tag_id}-{count}/{score_type}.npy"
    return Score(
        id=digest[:24],
        tag_id=tag_id,
        score_type=score_type,
        version=it.version,
        file_key=key,
        sha256=it.sha256,
        count=count,
        created_at=it.created_at,
        uploaded_at=it.uploaded_at,
        predictions=it,
    )


def _newest(listed: list[Score]) -> list[Score]:
    """Of each name the newest, and the newest of all at the end; of equally new ones the one that was uploaded."""
    ordered = sorted(listed, key=lambda one: (one.uploaded_at, one.predictions is None))
    by_type: dict[str, Score] = {}
    for one in ordered:
        by_type.pop(one.score_type, None)
        by_type[one.score_type] = one
    return list(by_type.values())
