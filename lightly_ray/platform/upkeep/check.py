"""`lightly-ray check`: whether database, files and masks agree, beside a server that runs or not."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Connection, func, select

from lightly_ray.errors import ConflictError
from lightly_ray.platform.context import Store
from lightly_ray.platform.settings import CheckSettings
from lightly_ray.platform.storage.blobs import Found
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import datasets, samples, scores, tags
from lightly_ray.platform.upkeep.inventory import named, stands_alone

_YOUNG = 3_600_000  # milliseconds: a file of a request that goes on is named only at its end
_SHOWN = 20


def check(settings: CheckSettings) -> dict[str, object]:
    """Compare what the database says with what is there.

    Returns:
        How much was compared, and what nothing names: as many files, and their bytes.

    Raises:
        NotFoundError: there is no platform.
        ConflictError: something is wrong; the message names it.
    """
    store = Store.reach(settings)
    try:
        found = {one.key: one for one in store.blobs.listing()}
        with store.database.read() as db:
            names = dict(named(db))
            dataset_ids = set(db.scalars(select(datasets.c.id)))
            wrong = [*_lost(store, names, found), *_sizes(db, found), *_rows(db), *_masks(db), *_scores(db)]
        orphans = _orphans(found, names, dataset_ids)
        if settings.repair == "orphans":
            for one in orphans:
                store.blobs.delete(one.key)
    finally:
        store.database.close()
    if wrong:
        more = f"\n... and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ConflictError(f"{len(wrong)} things are wrong:\n" + "\n".join(wrong[:_SHOWN]) + more)
    orphaned = {"files": len(orphans), "bytes": sum(one.size for one in orphans)}
    return {
        "datasets": len(dataset_ids),
        "files": len(found),
        "named": len(names),
        "orphans": orphaned,
        "removed": settings.repair == "orphans",
    }


def _lost(store: Store, names: dict[str, str], found: dict[str, Found]) -> Iterator[str]:
    for key, where in sorted(names.items()):
        # Looked at once more: it may have come after the listing.
        if key not in found and not store.blobs.has(key):
            yield f"{where}: its file {key} is gone"


def _sizes(db: Connection, found: dict[str, Found]) -> Iterator[str]:
    for kind in ("full", "thumb"):
        key, size = samples.c[f"{kind}_key"], samples.c[f"{kind}_bytes"]
        query = select(samples.c.file_name, key, size).where(key.is_not(None), size.is_not(None))
        for name, at, expected in db.execute(query.execution_options(yield_per=5_000)):
            if at in found and found[at].size != expected:
                yield f"sample {name!r}: its file {at} has {found[at].size} bytes instead of {expected}"


def _rows(db: Connection) -> Iterator[str]:
    counted = (
        select(
            samples.c.dataset_id,
            func.count(samples.c.row).label("rows"),
            func.max(samples.c.row).label("last"),
            func.count().label("all"),
            func.coalesce(func.sum(func.coalesce(samples.c.full_bytes, 0) + func.coalesce(samples.c.thumb_bytes, 0)), 0)
            .cast(BigInteger)
            .label("bytes"),
        )
        .group_by(samples.c.dataset_id)
        .subquery()
    )
    query = select(datasets, *counted.c["rows", "last", "all", "bytes"])
    for it in db.execute(query.outerjoin_from(datasets, counted, counted.c.dataset_id == datasets.c.id)):
        name, total, rows, last = it.name, it.total, it.rows, it.last
        if (rows or 0) != total or (total and last != total - 1):
            yield f"dataset {name!r}: {rows or 0} samples have rows up to {last}, it says {total}"
        if (it.all or 0) != it.n_samples:
            yield f"dataset {name!r}: it has {it.all or 0} samples, it says {it.n_samples}"
        if (it.bytes or 0) != it.size_in_bytes:
            yield f"dataset {name!r}: its files have {it.bytes or 0} bytes, it says {it.size_in_bytes}"


def _masks(db: Connection) -> Iterator[str]:
    query = select(datasets.c.name, datasets.c.total, tags.c.name, tags.c.mask).join_from(tags, datasets)
    for dataset, total, name, mask in db.execute(query.execution_options(yield_per=100)):
        if not mask.fits(total):
            yield f"tag {name!r} of dataset {dataset!r}: its mask needs more than the {total} samples there are"


def _scores(db: Connection) -> Iterator[str]:
    query = select(tags.c.name, tags.c.mask, scores.c.score_type, scores.c.count).join_from(scores, tags)
    for name, mask, score_type, count in db.execute(query.execution_options(yield_per=100)):
        if count > mask.count:
            yield f"score {score_type!r} of tag {name!r}: {count} values for {mask.count} samples"


def _orphans(found: dict[str, Found], names: dict[str, str], dataset_ids: set[str]) -> list[Found]:
    latest = now() - _YOUNG
    return [
        one
        for key, one in sorted(found.items())
        if key not in names and one.written_at < latest and not stands_alone(key, dataset_ids)
    ]
