"""Labels over HTTP: in and out, whole or not at all, by source; their history; who may."""

import io
import threading
from typing import Any

import pyarrow as pa
import pytest

from lightly_ray.bitmask import BitMask
from lightly_ray.data.labels.packed import read_packed
from lightly_ray.data.labels.table import SCHEMA, Labels
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import labels as current
from lightly_ray.platform.storage.store import label_imports
from tests.label_tables import SKIPPED, Said, classes_of, labels, packed
from tests.platform.served import Api, Dataset

FIRST: dict[str, Said] = {"b-04.png": "cat", "b-01.png": "dog", "b-02.png": SKIPPED, "b-03.png": None}


def put(dataset: Dataset, found: Labels, source: str = "round-1") -> Any:
    return dataset.api.call("PUT", f"{dataset.path}/labels", params={"source": source}, data=packed(found))


def refused(dataset: Dataset, content: bytes, source: str = "round-1") -> tuple[int, str, str]:
    return dataset.api.refused("PUT", f"{dataset.path}/labels", params={"source": source}, data=content)


def get(dataset: Dataset, **query: str) -> Labels:
    answer = dataset.api.send("GET", f"{dataset.path}/labels", params=query)
    assert answer.ok, answer.text
    found = read_packed(io.BytesIO(answer.content), "the answer")
    assert found.table.schema.names == SCHEMA.names
    return Labels(*found)


def imports(dataset: Dataset) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dataset.api.get(f"{dataset.path}/labels/imports")
    return found


def counts(report: dict[str, Any]) -> dict[str, int]:
    return {name: it["count"] for name, it in report.items() if isinstance(it, dict) and it["count"]}


def test_import__labels_come_back_in_the_order_of_the_dataset(api: Api) -> None:
    dataset = api.dataset(6)
    report = put(dataset, labels(FIRST))
    assert counts(report) == {"matched": 4, "withoutLabel": 1, "cannotBeLabelled": 1}
    assert report["matched"]["first"] == ["b-01.png", "b-02.png", "b-03.png", "b-04.png"]
    assert (report["source"], report["task"]) == ("round-1", "classification")
    found = get(dataset)
    assert list(classes_of(found).items()) == [("b-01.png", "dog"), ("b-02.png", SKIPPED), ("b-04.png", "cat")]
    ids = dataset.api.get(f"{dataset.path}/mappings", field="_id")
    assert found.table["sample_id"].to_pylist() == [ids[1], ids[2], ids[4]]
    assert found.classes == ("cat", "dog")


def test_import__the_same_again_changes_nothing(api: Api) -> None:
    dataset = api.dataset(6)
    put(dataset, labels(FIRST))
    before = api.get(dataset.path)["lastModifiedAt"], imports(dataset)
    again = put(dataset, labels(dict(reversed(FIRST.items()))))
    assert counts(again) == {"matched": 4, "withoutLabel": 1, "cannotBeLabelled": 1, "unchanged": 3}
    assert again["importId"] is None
    assert (api.get(dataset.path)["lastModifiedAt"], imports(dataset)) == before


def test_import__what_is_new_what_changed_and_what_stays(api: Api) -> None:
    dataset = api.dataset(6)
    first = put(dataset, labels(FIRST))["importId"]
    second = put(dataset, labels({"b-01.png": "dog", "b-04.png": "bird", "b-00.png": "cat", "none.png": "cat"}))
    assert counts(second) == {"matched": 3, "unknown": 1, "unchanged": 1, "changed": 1}
    assert second["changed"]["first"] == ["b-04.png"]
    assert second["unknown"]["first"] == ["none.png"]
    now = {"b-00.png": "cat", "b-01.png": "dog", "b-02.png": SKIPPED, "b-04.png": "bird"}
    assert classes_of(get(dataset, source="round-1")) == now
    history = imports(dataset)
    assert [(one["id"], one["version"], one["samples"]) for one in history] == [
        (first, 1, 3),
        (second["importId"], 2, 4),
    ]
    assert {one["creator"] for one in history} == {"admin"}
    assert history[1]["report"] == second
    assert classes_of(get(dataset, importId=first))["b-04.png"] == "cat"


def test_import__without_any_label_is_none(api: Api) -> None:
    dataset = api.dataset(4)
    report = put(dataset, labels({"b-01.png": None, "b-03.png": None}))
    assert (counts(report), report["importId"]) == ({"matched": 2, "withoutLabel": 2}, None)
    assert imports(dataset) == []


def test_import__skipped_samples_are_never_offered_again(api: Api) -> None:
    dataset = api.dataset(6)
    put(dataset, labels(FIRST))
    put(dataset, labels({"b-05.png": SKIPPED}), source="other")
    assert BitMask.from_hex(dataset.tags()["cannot-be-labelled"]["bitMaskData"]).to_rows().tolist() == [2, 5]


def test_sources__what_was_said_last_counts(api: Api) -> None:
    dataset = api.dataset(6)
    put(dataset, labels({"b-01.png": "cat", "b-02.png": "cat"}), source="a")
    put(dataset, labels({"b-02.png": "dog", "b-03.png": "dog"}), source="b")
    put(dataset, labels({"b-02.png": "cat", "b-04.png": "bird"}), source="a")  # of the second it says nothing new
    assert classes_of(get(dataset)) == {"b-01.png": "cat", "b-02.png": "dog", "b-03.png": "dog", "b-04.png": "bird"}
    assert classes_of(get(dataset, source="a"))["b-02.png"] == "cat"
    put(dataset, labels({"b-02.png": "bird"}), source="a")
    assert classes_of(get(dataset))["b-02.png"] == "bird"


def test_sources__of_several_tasks_are_asked_for_by_name(api: Api) -> None:
    dataset = api.dataset(4)
    box = {"class": "Cat", "box": [0.1, 0.2, 0.4, 0.9]}
    put(dataset, labels({"b-01.png": "cat"}), source="classes")
    put(dataset, labels({"b-01.png": [box], "b-02.png": []}, "detection"), source="boxes")
    status, _, message = api.refused("GET", f"{dataset.path}/labels")
    assert status == 422
    assert "classification (as 'classes'), detection (as 'boxes')" in message
    [one, nothing] = get(dataset, source="boxes").table.to_pylist()
    assert (one["annotations"][0]["box"], nothing["annotations"]) == (box["box"], [])
    status, _, message = refused(dataset, packed(labels({"b-01.png": "x"})), source="boxes")
    assert status == 422
    assert "'boxes' has labels for detection, these are for classification" in message


def test_withdraw__a_source_says_nothing_and_can_be_read(api: Api) -> None:
    dataset = api.dataset(4)
    first = put(dataset, labels({"b-01.png": "cat"}))["importId"]
    put(dataset, labels({"b-02.png": "dog"}), source="other")
    for _ in range(2):
        api.call("DELETE", f"{dataset.path}/labels", params={"source": "round-1"})
    assert classes_of(get(dataset)) == {"b-02.png": "dog"}
    gone = api.refused("GET", f"{dataset.path}/labels", params={"source": "round-1"})
    assert gone[:2] == (404, "LABELS_UNKNOWN")
    assert "'other'" in gone[2]
    assert [one["withdrawnBy"] for one in imports(dataset)] == ["admin", None]
    assert classes_of(get(dataset, importId=first)) == {"b-01.png": "cat"}
    # The same again is new, since nothing is said any more; it may be of another task.
    box = [{"class": "Cat", "box": [0.1, 0.2, 0.4, 0.9]}]
    again = put(dataset, labels({"b-03.png": box}, "detection"))
    assert counts(again) == {"matched": 1}
    assert [one["version"] for one in imports(dataset) if one["source"] == "round-1"] == [1, 2]
    assert get(dataset, source="round-1").table["filename"].to_pylist() == ["b-03.png"]


def test_withdraw__what_was_never_imported(api: Api) -> None:
    dataset = api.dataset(2)
    for method, query in (("DELETE", {"source": "x"}), ("GET", {}), ("GET", {"importId": "0" * 24})):
        assert api.refused(method, f"{dataset.path}/labels", params=query)[:2] == (404, "LABELS_UNKNOWN")
    assert api.get(f"{dataset.path}/labels/imports") == []


def test_classes__a_class_with_other_case(api: Api) -> None:
    dataset = api.dataset(4)
    put(dataset, labels({"b-01.png": "cat", "b-02.png": "dog"}))
    status, _, message = refused(dataset, packed(labels({"b-01.png": "Cat", "b-03.png": "Dog"})))
    assert status == 422
    assert "'dog' and 'Dog' differ by case alone" in message
    # Where nobody has the old spelling any more, the new one is right.
    put(dataset, labels({"b-01.png": "Cat"}))
    assert get(dataset).classes == ("dog", "Cat")


UNREADABLE = [
    (b"PAR1 and nothing else", "no Parquet file"),
    (packed(labels({"b-01.png": "cat"}))[:-9], "no Parquet file"),
    (packed(labels({})), "there are no labels"),
    (packed(labels({"b-01.png": "cat", "x.png": "dog", "b-02.png": "a", "y.png": "b"})), "2 of 4 samples"),
    (packed(labels({"0" * 24: "cat"}, by="sample_id")), "an export of another dataset"),
    (packed(labels({"other/b-01.png": "cat", "again/b-01.png": "cat"})), "are one sample"),
]


@pytest.mark.parametrize(("content", "named"), UNREADABLE)
def test_import__bad_input_is_one_error_and_nothing_stays(api: Api, content: bytes, named: str) -> None:
    dataset = api.dataset(4)
    put(dataset, labels({"b-03.png": "cat"}))
    before = imports(dataset), api.get(dataset.path)["lastModifiedAt"]
    status, _, message = refused(dataset, content)
    assert status == 422
    assert named in message
    assert (imports(dataset), api.get(dataset.path)["lastModifiedAt"]) == before


def test_import__unchecked_tables_are_checked_here(api: Api) -> None:
    dataset = api.dataset(4)
    good = labels({"b-01.png": [{"class": "a", "box": [0.1, 0.2, 0.3, 0.4]}]}, "detection")
    outside = good.table.to_pylist()
    outside[0]["annotations"][0]["box"] = [0.1, 0.2, 1.3, 0.4]
    for rows, named in ((outside, "leaves the image"), (outside * 2, "more than once"), ([*outside, {}], "neither")):
        status, _, message = refused(dataset, packed(Labels("detection", (), pa.Table.from_pylist(rows, SCHEMA))))
        assert (status, named in message) == (422, True), message
    assert imports(dataset) == []


def test_import__names_in_another_unicode_form_are_hinted_at(api: Api) -> None:
    dataset = api.dataset()
    dataset.add(["ma\u0308use.png"])
    dataset.tag_all()
    message = refused(dataset, packed(labels({"m\xe4use.png": "cat"})))[2]
    assert "differs from" in message
    assert "Unicode form" in message


def test_import__before_the_upload_is_finished(api: Api) -> None:
    dataset = api.dataset(3, tagged=False)
    assert refused(dataset, packed(labels({"b-01.png": "cat"})))[:2] == (422, "TAG_NO_TAG_IN_DATASET")


@pytest.mark.parametrize("source", ["", "a\nb", "x" * 256])
def test_import__names_of_sources(api: Api, source: str) -> None:
    assert refused(api.dataset(2), packed(labels({"b-01.png": "cat"})), source)[0] == 422


def test_import__appended_samples_are_found(api: Api) -> None:
    dataset = api.dataset(2)
    put(dataset, labels({"b-01.png": "cat"}))
    dataset.add(["a-new.png"])
    assert refused(dataset, packed(labels({"a-new.png": "dog"})))[0] == 422  # the upload goes on
    api.post(f"{dataset.path}/tags/upsize", {"upsizeTagName": "later"})
    put(dataset, labels({"a-new.png": "dog"}))
    assert list(classes_of(get(dataset)).items()) == [("b-01.png", "cat"), ("a-new.png", "dog")]


def test_import__needs_a_token_and_a_dataset(api: Api) -> None:
    path = f"{api.dataset(2).path}/labels"
    stranger = Api(api.url, "wrong")
    for method, where in (("PUT", path), ("GET", path), ("DELETE", path), ("GET", f"{path}/imports")):
        assert stranger.refused(method, where, params={"source": "a"})[:2] == (401, "UNAUTHORIZED")
        unknown = where.replace(path.split("/")[3], "0" * 24)
        content = packed(labels({"b-01.png": "cat"})) if method == "PUT" else None
        found = api.refused(method, unknown, params={"source": "a"}, data=content)
        assert found[:2] == (404, "DATASET_UNKNOWN")


def test_import__several_at_the_same_time(api: Api) -> None:
    """Each comes after the others: what none of them contradicts is there in the end, and no version twice."""
    dataset = api.dataset(12)
    failed: list[BaseException] = []

    def _put(number: int) -> None:
        try:
            mine = Dataset(Api(api.url, api.token), dataset.id)
            put(mine, labels({f"b-{number:02d}.png": f"class {number}", "b-11.png": f"class {number}"}))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=_put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [one["version"] for one in imports(dataset)] == list(range(1, 9))
    found = classes_of(get(dataset))
    [last, _] = imports(dataset)[-1]["report"]["matched"]["first"]
    assert found.pop("b-11.png") == found[last]
    assert found == {f"b-{number:02d}.png": f"class {number}" for number in range(8)}


def test_import__a_withdrawal_in_between_is_seen(api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the file and its row the source is withdrawn: what it said must not come back with the import."""
    dataset = api.dataset(4)
    put(dataset, labels({"b-01.png": "cat"}))
    write = current.write_import
    tries: list[str] = []

    def _write(*args: Any) -> str:
        if not tries:
            api.call("DELETE", f"{dataset.path}/labels", params={"source": "round-1"})
        tries.append(args[1])
        return write(*args)

    monkeypatch.setattr("lightly_ray.platform.services.label_imports.write_import", _write)
    put(dataset, labels({"b-02.png": "dog"}))
    assert len(set(tries)) == 2
    assert classes_of(get(dataset)) == {"b-02.png": "dog"}
    with platform.database.read() as db:
        [it] = label_imports.current(db, dataset.id)
    assert current.version_of(platform, dataset.id) == it.id


def test_delete__a_dataset_takes_its_labels_along(api: Api, platform: Platform) -> None:
    dataset = api.dataset(2)
    put(dataset, labels({"b-01.png": "cat"}))
    api.call("DELETE", dataset.path)
    with platform.database.read() as db:
        assert label_imports.listing(db, dataset.id) == []
