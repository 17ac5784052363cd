"""Users: made, found, removed when they own nothing."""

import pytest

from lightly_ray.errors import AuthenticationError, ConflictError, InvalidInputError, NotFoundError
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.store import datasets, deletions


def test_admin__is_there_from_the_start(database: Database) -> None:
    with database.write() as db:
        admin = users.admin(db)
        assert (admin.name, admin.role) == ("admin", "admin")
        with pytest.raises(ConflictError, match="stays"):
            users.remove(db, "admin")


def test_create__names_are_unique(database: Database) -> None:
    with database.write() as db:
        made = users.create(db, "ada")
        assert not made.is_admin
        assert users.named(db, "ada") == users.of_id(db, made.id) == made
        assert [one.name for one in users.listing(db)] == ["ada", "admin"]
        with pytest.raises(ConflictError, match="ada"):
            users.create(db, "ada", "admin")


@pytest.mark.parametrize("name", ["", "a\x00b", "a\nb", "x" * 300, "\ud800"])
def test_create__what_is_no_name(database: Database, name: str) -> None:
    with database.write() as db, pytest.raises(InvalidInputError, match="name of a user"):
        users.create(db, name)


def test_remove__with_all_tokens_but_not_with_datasets(database: Database) -> None:
    with database.write() as db:
        ada = users.create(db, "ada")
        token = tokens.create(db, ada, "laptop")
        dataset_id = datasets.create(db, ada.id, "hers")
        with pytest.raises(ConflictError, match="owns 1 dataset"):
            users.remove(db, "ada")
        deletions.begin(db, dataset_id)
        users.remove(db, "ada")
        with pytest.raises(AuthenticationError):
            tokens.check(db, token)
        with pytest.raises(NotFoundError, match="ada"):
            users.named(db, "ada")
        assert users.of_id(db, ada.id) is None
