"""Pages of samples: whatever is missing, and wherever a page begins, they are slices of one list."""

import pytest

from lightly_ray.platform.services import users
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.store import datasets, sample_pages, samples, tags
from lightly_ray.platform.storage.store.samples import Blob, NewSample

WITH_ROW = [f"b-{number:02}.png" for number in range(12)]
WITHOUT = [f"a-{number:02}.png" for number in range(5)]
BLOB = Blob("datasets/x/y", "0" * 64, 1)


def filled(database: Database, missing: set[int]) -> str:
    """A dataset of 12 samples with rows and 5 without; the thumbnails of some have been announced and never came."""
    with database.write() as db:
        dataset_id = datasets.create(db, users.admin(db).id, "pages")
        for names in (WITH_ROW, WITHOUT):
            news = [
                NewSample(name, thumb_name="t.png", files={} if number in missing else {"thumb": BLOB})
                for number, name in enumerate(names)
            ]
            samples.upsert(db, dataset_id, news, at_most=100)
            if names is WITH_ROW:
                tags.create_initial(db, datasets.lock(db, dataset_id), img_type="full", creator="tests")
    return dataset_id


@pytest.mark.parametrize("missing", [set(), {0}, {11}, {3, 4}, {0, 1, 2, 5, 11}, set(range(12))])
def test_pages__are_slices_of_the_whole(database: Database, missing: set[int]) -> None:
    dataset_id = filled(database, missing)
    expected = [name for names in (WITH_ROW, WITHOUT) for number, name in enumerate(names) if number not in missing]
    with database.read() as db:
        assert [one.file_name for one in sample_pages.listing(db, dataset_id)] == expected
        for offset in range(len(expected) + 2):
            for size in (1, 2, 7, 50):
                page = sample_pages.names(db, dataset_id, offset=offset, size=size)
                assert [name for _, name in page] == expected[offset : offset + size]


def test_pages__look_at_no_sample_before_them(database: Database) -> None:
    """The rows of what is missing come from their own index, in either database."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL scans tables this small, and is right")
    with database.read() as db:
        query = sample_pages.rows_of_missing("0" * 24).compile(db, compile_kwargs={"literal_binds": True})
        plan = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {query.string}").all()
    assert "ix_samples_incomplete" in str(plan)
