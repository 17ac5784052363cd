"""Downloads and exports from a running platform."""

import json
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
import requests

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_download_dataset import below
from lightly_ray.data.images import list_images
from lightly_ray.errors import InvalidInputError, NotFoundError
from tests.api.downloads import download


def test_download_dataset__the_files_as_they_were(uploaded: ApiWorkflowClient, images: Path, tmp_path: Path) -> None:
    uploaded.download_dataset(tmp_path / "all")
    names = list_images(images)
    assert list_images(tmp_path / "all") == names
    assert all((tmp_path / "all" / name).read_bytes() == (images / name).read_bytes() for name in names)
    uploaded.create_tag_from_filenames([names[2], names[9]], "two")
    uploaded.download_dataset(tmp_path / "two", "two", verbose=False)
    assert sorted(str(path.relative_to(tmp_path / "two")) for path in (tmp_path / "two").rglob("*.*")) == [
        names[2],
        names[9],
    ]


def test_download_dataset__what_is_not_there(uploaded: ApiWorkflowClient, images: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no tag 'absent'"):
        uploaded.download_dataset(tmp_path, "absent")
    uploaded.create_new_dataset_with_unique_name("thumbnails only")
    uploaded.upload_dataset(images, mode="thumbnails")
    with pytest.raises(ValueError, match="has no full images"):
        uploaded.download_dataset(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.png", "a/../../x.png"])
def test_download_dataset__no_way_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="leads outside"):
        below(tmp_path, name)


def test_export__filenames_and_read_urls(uploaded: ApiWorkflowClient, images: Path) -> None:
    names = uploaded.get_filenames()
    uploaded.create_tag_from_filenames(names[3:6], "some")
    assert uploaded.export_filenames_by_tag_name("some").split("\n") == names[3:6]
    rows = uploaded.export_filenames_and_read_urls_by_tag_name("some")
    assert [row["fileName"] for row in rows] == names[3:6]
    assert download(uploaded.transport, rows[1]["readUrl"]) == (images / names[4]).read_bytes()


def test_export__label_studio_tasks(uploaded: ApiWorkflowClient, images: Path) -> None:
    names = uploaded.get_filenames()
    uploaded.create_tag_from_filenames(names[3:6], "some")
    tasks = uploaded.export_label_studio_tasks_by_tag_name("some")
    assert len(tasks) == 3
    assert json.loads(json.dumps(tasks)) == tasks
    assert download(uploaded.transport, tasks[0]["data"]["image"]) == (images / names[3]).read_bytes()


def test_export__labelbox_rows_and_coco_images(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.create_tag_from_filenames(names[3:6], "some")
    rows = uploaded.export_label_box_v4_data_rows_by_tag_name("some")
    assert [row["external_id"] for row in rows] == names[3:6]
    rows = uploaded.export_label_box_data_rows_by_tag_name("some")
    assert [row["externalId"] for row in rows] == names[3:6]
    coco = uploaded.export_coco_images_by_tag_name("some")
    assert [(image["file_name"], image["width"], image["height"]) for image in coco["images"]] == [
        (name, 23, 17) for name in names[3:6]
    ]


def test_export__an_empty_tag_has_nothing(uploaded: ApiWorkflowClient) -> None:
    uploaded.create_tag_from_filenames([], "nothing")
    assert uploaded.export_filenames_by_tag_name("nothing") == ""
    for export in (
        uploaded.export_filenames_and_read_urls_by_tag_name,
        uploaded.export_label_studio_tasks_by_tag_name,
        uploaded.export_label_box_data_rows_by_tag_name,
        uploaded.export_label_box_v4_data_rows_by_tag_name,
    ):
        assert export("nothing") == []
    assert uploaded.export_coco_images_by_tag_name("nothing")["images"] == []


def test_signed_urls__are_read_from_pages_of_other_origins(uploaded: ApiWorkflowClient) -> None:
    uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), np.eye(12))
    sample = uploaded.transport.get(f"/v1/datasets/{uploaded.dataset_id}/samples")[0]["id"]
    base = f"/v1/datasets/{uploaded.dataset_id}"
    urls = [uploaded.transport.get(f"{base}/samples/{sample}/readurl", type=kind) for kind in ("full", "thumbnail")]
    urls.append(uploaded.transport.get(f"{base}/embeddings/{uploaded.embedding_id}/readCSVUrl"))
    for url in urls:
        answer = requests.get(urljoin(uploaded.server, url), headers={"Origin": "http://studio.test:8080"}, timeout=10)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    private = requests.get(f"{uploaded.server}/v1/datasets", headers={"Origin": "http://studio.test"}, timeout=10)
    assert "access-control-allow-origin" not in private.headers
