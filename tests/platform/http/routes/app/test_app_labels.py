"""Labels in the web app: files of tools come in, the column and the sample show them."""

from typing import Any

import pytest

from tests.label_tables import SKIPPED, Said, labels
from tests.platform.browser import Browser
from tests.platform.http.routes.app.reading import columns, get, values
from tests.platform.http.routes.test_routes_labels import imports, put
from tests.platform.served import Api, Dataset

KEY = "label:imported"
NOTHING = "nothing to be seen"


def send(browser: Browser, dataset: Dataset, content: str, **query: str) -> Any:
    return browser.call("PUT", f"datasets/{dataset.id}/labels", params=query, data=content.encode())


def box(name: str, left: float = 0.25) -> dict[str, Any]:
    return {"class": name, "box": [left, 0.25, 0.75, 1.0]}


def test_import__a_tool_s_file(api: Api, browser: Browser) -> None:
    dataset = api.dataset(4)
    report = send(browser, dataset, "filename,label\nb-01.png,cat\nb-03.png,dog\nb-09.png,dog\n", source="l")
    assert (report["matched"]["count"], report["unknown"]["first"]) == (2, ["b-09.png"])
    assert values(dataset, KEY) == [None, "cat", None, "dog"]
    assert columns(dataset)[KEY]["title"] == "label"
    [one] = browser.get(f"datasets/{dataset.id}/labels")
    assert (one["source"], one["creator"], one["report"]) == ("l", "admin", report)
    browser.call("DELETE", f"datasets/{dataset.id}/labels", params={"source": "l"})
    assert browser.get(f"datasets/{dataset.id}/labels") == []
    assert KEY not in columns(dataset)


@pytest.mark.parametrize("content", ["", "filename,label", '[{"id": 1, "data"', "<annotations><image", "no labels"])
def test_import__a_bad_file_is_one_error_that_names_no_place_of_the_server(
    api: Api, browser: Browser, content: str
) -> None:
    dataset = api.dataset(2)
    path = f"datasets/{dataset.id}/labels"
    status, _, message = browser.refused("PUT", path, params={"source": "l"}, data=content.encode())
    assert status == 422
    assert "/upload" not in message
    assert imports(dataset) == []


def test_import__needs_our_page_and_somebody_signed_in(api: Api, browser: Browser) -> None:
    path = f"datasets/{api.dataset(2).id}/labels"
    for method in ("PUT", "DELETE"):
        assert Browser(api.url).refused(method, path, params={"source": "l"})[0] == 401
        answer = browser.send(method, path, params={"source": "l"}, headers={"x-lightly-ray": "other"})
        assert answer.status_code == 403


def test_column__of_several_annotations_and_sources(api: Api) -> None:
    dataset = api.dataset(6)
    first: dict[str, Said] = {"b-00.png": [box("dog"), box("cat"), box("dog")], "b-01.png": [], "b-02.png": SKIPPED}
    put(dataset, labels(first, "detection"), "a")
    assert values(dataset, KEY) == ["cat, dog", NOTHING, SKIPPED, None, None, None]
    put(dataset, labels({"b-05.png": "of another task"}), "b")
    assert values(dataset, KEY) == [None, None, None, None, None, "of another task"]
    put(dataset, labels({"b-01.png": [box("Cat")]}, "detection"), "c")  # spelled otherwise: two words, no error
    assert values(dataset, KEY) == ["cat, dog", "Cat", SKIPPED, None, None, None]


def test_column__the_main_class_where_combinations_are_too_many(api: Api) -> None:
    dataset, names = api.dataset(), [f"{number:04d}.png" for number in range(1100)]
    for start in range(0, len(names), 250):
        dataset.add(names[start : start + 250])
    dataset.tag_all()
    said = {
        name: [box("a"), box("b"), box("b"), *(box(f"c{bit}") for bit in range(11) if number >> bit & 1)]
        for number, name in enumerate(names)
    }
    said[names[7]] = [box("z"), box("y")]
    put(dataset, labels(said, "detection"))
    found = values(dataset, KEY)
    assert found[7] == "y"
    assert set(found) == {"b", "y"}


def test_sample__what_each_source_says(api: Api) -> None:
    dataset = api.dataset(4)
    put(dataset, labels({"b-02.png": [box("dog"), box("cat", 0.5)], "b-03.png": []}, "detection"), "boxes")
    put(dataset, labels({"b-02.png": "cat", "b-01.png": SKIPPED}), "classes")
    boxes, classes = get(dataset, "samples/2").json()["annotations"]
    assert [(one["class"], one["box"]) for one in boxes["annotations"]] == [
        ("dog", [0.25, 0.25, 0.75, 1.0]),
        ("cat", [0.5, 0.25, 0.75, 1.0]),
    ]
    assert (boxes["source"], boxes["task"], boxes["classes"]) == ("boxes", "detection", {"cat": 0, "dog": 1})
    assert (classes["source"], classes["annotations"][0]["class"]) == ("classes", "cat")
    [skipped] = get(dataset, "samples/1").json()["annotations"]
    assert (skipped["cannot_be_labelled"], skipped["annotations"]) == (True, [])
    assert get(dataset, "samples/0").json()["annotations"] == []
