"""Scores: one number per sample of a tag, in the order of the tag's rows. Every upload is a new version."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from lightly_ray.errors import NotFoundError
from lightly_ray.methods import default_score
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import scores, tags
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.records import Score, record


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
    """The scores of a tag, the one uploaded last at the end."""
    query = select(scores).where(scores.c.tag_id == tag_id).order_by(scores.c.uploaded_at, scores.c.id)
    return [record(Score, row) for row in db.execute(query)]


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
    """All scores of a dataset with what their tag is, the initial tag first, then from the oldest to the newest."""
    of_tag = (tags.c.name, tags.c.prev_tag_id.is_(None), tags.c.last_modified_at)
    query = select(*scores.columns, *of_tag).join(tags, tags.c.id == scores.c.tag_id)
    query = query.where(tags.c.dataset_id == dataset_id)
    query = query.order_by(tags.c.prev_tag_id.is_not(None), tags.c.id, scores.c.score_type)
    return [(Score(*row[:-3]), Scored(*row[-3:])) for row in db.execute(query)]


def read(db: Connection, tag_id: str, score_id: str) -> Score:
    """One score.

    Raises:
        NotFoundError: the tag has none of that id (SCORE_UNKNOWN).
    """
    row = db.execute(select(scores).where(scores.c.tag_id == tag_id, scores.c.id == score_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"the tag has no score with id {score_id[:60]!r}", code="SCORE_UNKNOWN")
    return record(Score, row)


def choose(db: Connection, tag_id: str, score_type: str | None) -> Score:
    """The score that a selection uses.

    Args:
        db: any connection.
        tag_id: of the query tag.
        score_type: as asked for; None takes `DEFAULT_SCORE` if there is one, else the last uploaded.

    Raises:
        NotFoundError: it was not uploaded for this tag (SCORE_UNKNOWN).
    """
    uploaded = listing(db, tag_id)
    by_type = {score.score_type: score for score in uploaded}
    if not uploaded:
        raise NotFoundError("no scores have been uploaded for the query tag", code="SCORE_UNKNOWN")
    if score_type is None:
        return by_type[default_score([uploaded[-1].score_type, *by_type])]
    if score_type not in by_type:
        have = ", ".join(sorted(by_type))
        raise NotFoundError(f"no score {score_type!r} for the query tag, there is: {have}", code="SCORE_UNKNOWN")
    return by_type[score_type]
