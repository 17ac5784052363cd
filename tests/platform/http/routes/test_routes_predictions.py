"""Stored predictions and evaluations over HTTP, on both kinds of database."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.labels.packed import write_packed as write_labels
from lightly_ray.data.predictions.packed import read_packed, write_packed
from lightly_ray.platform.jobs.worker import Worker
from tests.evaluation.tables import classified, detected, distributions
from tests.platform.http.routes.app.reading import get
from tests.platform.served import Api, Dataset, ended

ROWS = {"b-00.png": [0.75, 0.25], "b-01.png": [0.5, 0.5], "b-02.png": [0.125, 0.875]}


@pytest.fixture
def dataset(api: Api) -> Dataset:
    """Three samples, b-00.png to b-02.png."""
    return api.dataset(3)


def packed(rows: dict[str, list[float]]) -> bytes:
    body = io.BytesIO()
    write_packed(distributions(rows, ["ant", "bee"]), body)
    return body.getvalue()


def label(dataset: Dataset, labels: dict[str, list[str]]) -> None:
    body = io.BytesIO()
    write_labels(classified(labels), body)
    dataset.api.call("PUT", f"{dataset.path}/labels", params={"source": "people"}, data=body.getvalue())


def test_put__versions_and_the_same_again(dataset: Dataset) -> None:
    api, path = dataset.api, f"{dataset.path}/predictions/round 1"
    first = api.call("PUT", path, data=packed(dict(reversed(ROWS.items()))))
    assert (first["version"], first["rows"], first["classes"], first["creator"]) == (1, 3, ["ant", "bee"], "admin")
    assert api.call("PUT", path, data=packed(ROWS)) == first
    second = api.call("PUT", path, data=packed({"b-01.png": [1, 0]}))
    assert (second["id"], second["version"], second["rows"]) == (first["id"], 2, 1)
    assert api.get(f"{dataset.path}/predictions") == [second]
    content = api.send("GET", f"{dataset.path}/predictions/{first['id']}").content
    assert read_packed(io.BytesIO(content), "p").filenames.to_pylist() == ["b-01.png"]


def test_put__what_is_no_such_file(dataset: Dataset) -> None:
    path = f"{dataset.path}/predictions/model"
    assert dataset.api.refused("PUT", path, data=b"PAR1 and no more")[0] == 422
    plain = io.BytesIO()
    pq.write_table(pa.table({"filename": ["b-00.png"], "probabilities": [[1.0, 0.0]]}), plain)
    status, _, message = dataset.api.refused("PUT", path, data=plain.getvalue())
    assert (status, "do not say task and classes" in message) == (422, True)
    # What a client's own checks let nobody send.
    broken = io.BytesIO()
    says = json.dumps({"task": "classification", "classes": []})
    table = pa.table({"filename": ["b-00.png", "b-01.png"], "probabilities": [[1.0, 0.0], [0.75, 0.75]]})
    pq.write_table(table.replace_schema_metadata({"lightly_ray.predictions": says}), broken)
    status, _, message = dataset.api.refused("PUT", path, data=broken.getvalue())
    assert (status, "first: 'b-01.png' has class probabilities" in message) == (422, True)
    assert dataset.api.get(f"{dataset.path}/predictions") == []


def test_unknown__has_its_codes(dataset: Dataset) -> None:
    api, nobody = dataset.api, "/v1/datasets/" + 24 * "0"
    assert api.refused("PUT", f"{nobody}/predictions/model", data=packed(ROWS))[:2] == (404, "DATASET_UNKNOWN")
    assert api.refused("GET", f"{nobody}/predictions")[:2] == (404, "DATASET_UNKNOWN")
    assert api.refused("GET", f"{nobody}/evaluations")[:2] == (404, "DATASET_UNKNOWN")
    for path in ("predictions/model", "evaluations/" + 24 * "0"):
        code = f"{path.split('/')[0].upper()}_UNKNOWN".replace("EVALUATIONS", "EVALUATION")
        assert api.refused("GET", f"{dataset.path}/{path}")[:2] == (404, code)
    start = f"{dataset.path}/evaluations"
    assert api.refused("POST", start, json={"predictions": "model"})[:2] == (404, "PREDICTIONS_UNKNOWN")
    api.call("PUT", f"{dataset.path}/predictions/model", data=packed(ROWS))
    assert api.refused("POST", start, json={"predictions": "model"})[:2] == (404, "LABELS_UNKNOWN")
    label(dataset, {"b-00.png": ["ant"]})
    wrong = {"predictions": "model", "tagId": 24 * "0"}
    assert api.refused("POST", start, json=wrong)[:2] == (404, "TAG_UNKNOWN")


def test_evaluation__of_the_moment_at_which_it_was_asked_for(dataset: Dataset, worker: Worker) -> None:
    api = dataset.api
    api.call("PUT", f"{dataset.path}/predictions/model", data=packed(ROWS))
    label(dataset, {"b-00.png": ["ant"], "b-02.png": ["ant"]})
    job = api.post(f"{dataset.path}/evaluations", {"predictions": "model", "source": "people"})["jobId"]
    api.call("PUT", f"{dataset.path}/predictions/model", data=packed({"b-00.png": [0, 1]}))
    done = ended(api, job)
    assert (done["status"], done["jobType"], worker.stopping.is_set()) == ("FINISHED", "EVALUATION", False)
    one = api.get(f"{dataset.path}/evaluations/{done['result']['data']}")
    assert (one["predictionsVersion"], one["metrics"]["accuracy"], one["stale"]) == (1, 0.5, False)
    assert one["result"]["confusion"] == [[0, 0, 1], [0, 1, 1]]
    assert one["result"]["worst"]["prediction_error"][0] == {"filename": "b-02.png", "value": 0.875}
    listed = api.get(f"{dataset.path}/evaluations")
    assert listed == [{key: value for key, value in one.items() if key != "result"}]


def test_web_app__shows_what_was_stored_last(dataset: Dataset) -> None:
    api = dataset.api
    assert get(dataset, "samples/1").json()["predicted"] is None
    api.call("PUT", f"{dataset.path}/predictions/model", data=packed({"b-01.png": [0.25, 0.75]}))
    sample = get(dataset, "samples/1").json()
    bee, ant = ({"label": name, "box": None} for name in ("bee", "ant"))
    objects = [bee | {"code": 1, "score": 0.75}, ant | {"code": 0, "score": 0.25}]
    assert sample["predicted"] == {"name": "model", "version": 1, "objects": objects}
    scores = {one["title"]: one["value"] for one in sample["scores"]}
    assert scores["uncertainty_margin"] == 0.5
    assert get(dataset, "samples/2").json()["scores"] == []
    body = io.BytesIO()
    write_packed(detected({"b-02.png": [(0, 0.5, [0, 0.25, 1, 1])]}, ["car"]), body)
    api.call("PUT", f"{dataset.path}/predictions/boxes", data=body.getvalue())
    shown = get(dataset, "samples/2").json()["predicted"]
    assert shown["objects"] == [{"label": "car", "code": 0, "score": 0.5, "box": [0, 0.25, 1, 1]}]
