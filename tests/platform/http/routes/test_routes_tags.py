"""Tags over HTTP."""

import pytest

from lightly_ray.bitmask import BitMask
from tests.platform.served import Api

OPERATIONS = {"UNION": [1, 2, 3, 5], "INTERSECTION": [3], "DIFFERENCE": [1, 5]}


def test_initial_tag__covers_everything(api: Api) -> None:
    dataset = api.dataset(7, tagged=False)
    assert api.get(f"{dataset.path}/tags") == []
    tag_id = dataset.tag_all()
    [tag] = api.get(f"{dataset.path}/tags")
    assert (tag["id"], tag["name"], tag["bitMaskData"], tag["totSize"]) == (tag_id, "initial-tag", "0x7f", 7)
    assert tag["prevTagId"] is None
    assert api.get(dataset.path)["imgType"] == "full"
    assert api.get(f"{dataset.path}/tags/{tag_id}/provenance")["kind"] == "initial"


def test_initial_tag__only_once(api: Api) -> None:
    answer = api.refused("POST", f"{api.dataset(3).path}/tags/initial", json={"imgType": "meta"})
    assert answer[:2] == (409, "TAG_INITIAL_EXISTS")


def test_initial_tag__needs_samples(api: Api) -> None:
    assert api.refused("POST", f"{api.dataset().path}/tags/initial", json={})[0] == 422


def test_upsize__old_rows_stay(api: Api) -> None:
    dataset = api.dataset(5)
    before = dataset.names()
    old = dataset.tag("old", [0, 4])
    dataset.add(["a-later.png", "c-later.png"])
    assert dataset.names() == before  # nothing changes until the upload is finished
    new = api.post(
        f"{dataset.path}/tags/upsize", {"upsizeTagName": "20261122_05h13m59s", "upsizeTagCreator": "USER_PIP"}
    )
    assert dataset.names() == [*before, "a-later.png", "c-later.png"]
    tags = dataset.tags()
    assert list(tags) == ["initial-tag", "old", "20261122_05h13m59s"]
    assert {tag["totSize"] for tag in tags.values()} == {7}
    assert [tag["bitMaskData"] for tag in tags.values()] == ["0x7f", "0x11", "0x60"]
    assert dataset.names_of(new["id"]) == ["a-later.png", "c-later.png"]
    assert dataset.names_of(old) == [before[0], before[4]]


def test_upsize__nothing_new(api: Api) -> None:
    dataset = api.dataset(5)
    answer = api.post(f"{dataset.path}/tags/upsize", {"upsizeTagName": "nothing-new"})
    assert answer["id"] == dataset.tags()["initial-tag"]["id"]
    assert list(dataset.tags()) == ["initial-tag"]


def test_upsize__before_the_first_tag(api: Api) -> None:
    path = f"{api.dataset(2, tagged=False).path}/tags/upsize"
    assert api.refused("POST", path, json={"upsizeTagName": "too-early"})[:2] == (422, "TAG_NO_TAG_IN_DATASET")


def test_create_tag__of_a_mask_and_of_file_names(api: Api) -> None:
    dataset = api.dataset(9)
    first = dataset.tags()["initial-tag"]["id"]
    by_mask = {"name": "by-mask", "prevTagId": first, "bitMaskData": "0x112", "totSize": 9, "creator": "USER_PIP"}
    by_name = {"name": "by-name", "prevTagId": first, "fileNames": ["b-08.png", "b-01.png", "b-04.png"]}
    ids = [api.post(f"{dataset.path}/tags", body)["id"] for body in (by_mask, by_name)]
    tags = dataset.tags()
    assert tags["by-mask"]["bitMaskData"] == tags["by-name"]["bitMaskData"] == "0x112"
    for tag_id in ids:
        assert dataset.names_of(tag_id) == ["b-01.png", "b-04.png", "b-08.png"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bitMaskData": "0x200"}, "DATASET_TAG_INVALID"),
        ({"totSize": 8}, "DATASET_TAG_INVALID"),
        ({"fileNames": ["b-01.png"]}, "DATASET_TAG_INVALID"),
        ({"bitMaskData": None}, "DATASET_TAG_INVALID"),
        ({"bitMaskData": None, "fileNames": ["nobody.png"]}, "DATASET_TAG_INVALID"),
        ({"bitMaskData": "612"}, "BAD_REQUEST"),
        ({"prevTagId": "0" * 24}, "TAG_PREVTAG_NOT_IN_DATASET"),
        ({"name": "x"}, "BAD_REQUEST"),
        ({"name": "initial-tag"}, "TAG_NAME_EXISTS"),
    ],
)
def test_create_tag__refused(api: Api, change: dict[str, object], code: str) -> None:
    dataset = api.dataset(9)
    wanted = {"name": "some", "prevTagId": dataset.tags()["initial-tag"]["id"], "bitMaskData": "0x3", **change}
    assert api.refused("POST", f"{dataset.path}/tags", json=wanted)[1] == code
    assert list(dataset.tags()) == ["initial-tag"]


def test_create_tag__default_names_of_clients(api: Api) -> None:
    dataset = api.dataset(3)
    dataset.tag("CORESET_32_-1_11_22_2026__05_28_26", [1])
    assert "CORESET_32_-1_11_22_2026__05_28_26" in dataset.tags()


def test_read_tag__of_another_dataset(api: Api) -> None:
    other = api.dataset(2).tags()["initial-tag"]["id"]
    assert api.refused("GET", f"{api.dataset(2).path}/tags/{other}")[:2] == (404, "TAG_UNKNOWN")


def test_change_tag__renames(api: Api) -> None:
    dataset = api.dataset(4)
    tag = dataset.tag("before", [2])
    api.call("PUT", f"{dataset.path}/tags/{tag}", json={"name": "after"})
    assert list(dataset.tags()) == ["initial-tag", "after"]
    dataset.tag("before", [3])  # the old name is free
    assert api.refused("PUT", f"{dataset.path}/tags/{tag}", json={"name": "before"})[1] == "TAG_NAME_EXISTS"
    first = dataset.tags()["initial-tag"]["id"]
    assert api.refused("PUT", f"{dataset.path}/tags/{first}", json={"name": "mine"})[1] == "DATASET_TAG_INVALID"


def test_mark__makes_a_tag_that_grows(api: Api) -> None:
    dataset = api.dataset(5)
    names, path = dataset.names(), f"{dataset.path}/tags/cannot-be-labelled"
    marked = api.post(path, {"fileNames": [names[3], names[3]], "creator": "USER_PIP"})["id"]
    tag = dataset.tags()["cannot-be-labelled"]
    assert (tag["id"], tag["bitMaskData"]) == (marked, "0x8")
    assert tag["prevTagId"] == dataset.tags()["initial-tag"]["id"]
    for more in ([names[1], names[3]], [names[1]], []):
        assert api.post(path, {"fileNames": more})["id"] == marked
        assert dataset.names_of(marked) == [names[1], names[3]]
    provenance = api.get(f"{dataset.path}/tags/{marked}/provenance")
    assert (provenance["kind"], provenance["creator"]) == ("marked", "USER_PIP")
    dataset.add(["zz-later.png"])
    api.post(f"{dataset.path}/tags/upsize", {"upsizeTagName": "later"})
    api.post(path, {"fileNames": ["zz-later.png"]})
    assert dataset.names_of(marked) == [names[1], names[3], "zz-later.png"]


def test_mark__refused(api: Api) -> None:
    dataset = api.dataset(3)
    names, path = dataset.names(), f"{dataset.path}/tags/cannot-be-labelled"
    status, code, message = api.refused("POST", path, json={"fileNames": [names[0], "no.png", "nor.png"]})
    assert (status, code) == (422, "DATASET_TAG_INVALID")
    assert "2 file names are no samples of the dataset, first: 'no.png'" in message
    assert list(dataset.tags()) == ["initial-tag"]
    untagged = api.dataset(2, tagged=False)
    path = f"{untagged.path}/tags/cannot-be-labelled"
    assert api.refused("POST", path, json={"fileNames": []})[1] == "TAG_NO_TAG_IN_DATASET"


def test_mark__the_tag_keeps_its_name_and_can_be_taken_back(api: Api) -> None:
    dataset = api.dataset(3)
    path = f"{dataset.path}/tags/cannot-be-labelled"
    marked = f"{dataset.path}/tags/{api.post(path, {'fileNames': dataset.names()[:1]})['id']}"
    assert api.refused("PUT", marked, json={"name": "other"})[:2] == (422, "DATASET_TAG_INVALID")
    api.call("DELETE", marked)
    assert list(dataset.tags()) == ["initial-tag"]
    assert dataset.names_of(api.post(path, {"fileNames": dataset.names()[1:2]})["id"]) == dataset.names()[1:2]


def test_delete_tag__only_leaves(api: Api) -> None:
    dataset = api.dataset(4)
    first, middle = dataset.tags()["initial-tag"]["id"], dataset.tag("middle", [2])
    leaf = api.post(f"{dataset.path}/tags", {"name": "leaf", "prevTagId": middle, "bitMaskData": "0x1"})["id"]
    path = f"{dataset.path}/tags"
    assert api.refused("DELETE", f"{path}/{first}", json={})[:2] == (409, "TAG_UNDELETABLE_IS_INITIAL")
    assert api.refused("DELETE", f"{path}/{middle}", json={})[:2] == (409, "TAG_UNDELETABLE_NOT_A_LEAF")
    for tag in (leaf, middle):
        api.call("DELETE", f"{path}/{tag}", json={})
    assert list(dataset.tags()) == ["initial-tag"]
    dataset.tag("middle", [1])  # the name is free again


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("route", ["arithmetics", "arithmetics/bitmask"])
def test_combine_tags__mask_alone(api: Api, operation: str, route: str) -> None:
    dataset = api.dataset(8)
    left, right = dataset.tag("left", [1, 3, 5]), dataset.tag("right", [2, 3])
    body = {"tagId1": left, "tagId2": right, "operation": operation}
    answer = api.post(f"{dataset.path}/tags/{route}", body)
    assert BitMask.from_hex(answer["bitMaskData"]).to_rows().tolist() == OPERATIONS[operation]
    assert len(dataset.tags()) == 3


def test_combine_tags__with_a_name(api: Api) -> None:
    dataset = api.dataset(8)
    left, right = dataset.tag("left", [1, 3, 5]), dataset.tag("right", [2, 3])
    body = {"tagId1": left, "tagId2": right, "operation": "UNION", "newTagName": "both"}
    made = api.post(f"{dataset.path}/tags/arithmetics", body)["id"]
    assert dataset.tags()["both"]["id"] == made
    provenance = api.get(f"{dataset.path}/tags/{made}/provenance")
    assert (provenance["kind"], provenance["operation"]) == ("arithmetics", "UNION")
    assert [tag["name"] for tag in provenance["tags"]] == ["left", "right"]
