"""Samples held out for validation: drawn once, of what is not selected, and offered to nobody."""

import pytest

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import held_out
from lightly_ray.platform.storage.store import tags
from lightly_ray.platform.storage.store.records import Tag
from lightly_ray.selection.random_draw import random_keys
from tests.platform.served import Api, Dataset, body


def draw(platform: Platform, dataset: Dataset, share: float, seed: int = 0, name: str = "validation") -> Tag:
    with platform.database.write() as db:
        tag_id = held_out.draw(db, dataset.id, held_out.Wanted(name, share, seed, "USER_PIP"))
        return tags.read(db, dataset.id, tag_id)


def select_by_hand(platform: Platform, dataset: Dataset, rows: list[int]) -> None:
    """A tag as a selection makes it."""
    with platform.database.write() as db:
        first = tags.initial(db, dataset.id)
        new = tags.NewTag("chosen", BitMask.from_rows(rows), first.id, "SAMPLER", {"kind": "sampling"}, first.id)
        tags.insert(db, dataset.id, new)


def test_draw__is_the_smallest_keys_of_the_names(platform: Platform, api: Api) -> None:
    dataset = api.dataset(21)
    names = dataset.names()
    keys = random_keys(names, 5)
    expected = sorted(sorted(range(21), key=lambda row: keys[row])[:3])  # 0.1 of 21, rounded up
    tag = draw(platform, dataset, 0.1, seed=5)
    assert tag.mask.to_rows().tolist() == expected
    made = api.get(f"{dataset.path}/tags/{tag.id}/provenance")
    assert (made["kind"], made["drawn_from"], made["selected_before"], made["selected"]) == ("validation", 21, 0, 3)
    never = api.get(f"{dataset.path}/tags/never-offered")
    assert never == {"cannotBeLabelled": "0x0", "validation": tag.mask.to_hex(), "validationTags": [tag.id]}


def test_draw__leaves_out_what_is_selected_marked_or_held_out(platform: Platform, api: Api) -> None:
    dataset = api.dataset(9)
    select_by_hand(platform, dataset, [0, 3])
    marked = api.post(f"{dataset.path}/tags/cannot-be-labelled", {"fileNames": [dataset.names()[8]]})
    assert marked["id"]
    first = draw(platform, dataset, 0.5)
    second = draw(platform, dataset, 0.99, name="the rest")
    assert first.mask.count == 3  # half of 6
    assert (first.mask | second.mask).to_rows().tolist() == [1, 2, 4, 5, 6, 7]
    assert api.get(f"{dataset.path}/tags/{first.id}/provenance")["selected_before"] == 2
    assert api.get(f"{dataset.path}/tags/never-offered")["validation"] == (first.mask | second.mask).to_hex()
    with pytest.raises(InvalidInputError, match="no sample is left to hold out"):
        draw(platform, dataset, 0.5, name="none")


@pytest.mark.parametrize("share", [0, 1, -0.2, 3])
def test_draw__a_share_that_is_none(platform: Platform, api: Api, share: float) -> None:
    dataset = api.dataset(5)
    with pytest.raises(InvalidInputError, match="share is a part of the samples"):
        draw(platform, dataset, share)
    with pytest.raises(InvalidInputError, match="take another name"):
        draw(platform, dataset, 0.5, name="cannot-be-labelled")
    assert list(dataset.tags()) == ["initial-tag"]


def test_draw__not_beside_a_selection(platform: Platform, api: Api) -> None:
    dataset = api.dataset(5)
    api.post(f"{dataset.path}/sampling", body("queued", "RANDOM", 2))
    with pytest.raises(ConflictError, match="wait for its end"):
        draw(platform, dataset, 0.5)


def test_sampling__counts_without_them(platform: Platform, api: Api) -> None:
    dataset = api.dataset(10)
    draw(platform, dataset, 0.3)
    _, _, message = api.refused("POST", f"{dataset.path}/sampling", json=body("all", "RANDOM", 8))
    assert "8 is more than the 7 samples" in message
    assert "without 3 that are left out" in message
    api.post(f"{dataset.path}/tags/cannot-be-labelled", {"fileNames": dataset.names()})
    _, _, message = api.refused("POST", f"{dataset.path}/sampling", json=body("all", "RANDOM", 1))
    assert (
        "all 10 samples that could be selected are marked as cannot be labelled or held out for validation" in message
    )


def test_tag__keeps_its_meaning_under_another_name(platform: Platform, api: Api) -> None:
    dataset = api.dataset(5)
    tag = draw(platform, dataset, 0.5)
    api.call("PUT", f"{dataset.path}/tags/{tag.id}", json={"name": "exam"})
    assert api.get(f"{dataset.path}/tags/never-offered")["validation"] == tag.mask.to_hex()
    api.call("DELETE", f"{dataset.path}/tags/{tag.id}")
    assert api.get(f"{dataset.path}/tags/never-offered")["validation"] == "0x0"
