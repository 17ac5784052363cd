"""Uploads of real images to a running platform: order, verification, resumption, and what goes wrong."""

import io
import os
import shutil
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightly_ray.api import ApiWorkflowClient, api_workflow_upload_dataset, upload_batches
from lightly_ray.data.images import list_images
from lightly_ray.errors import ApiError, InvalidInputError
from tests.api.downloads import download


def add_image(path: Path, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, size=(13, 11, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def copy(images: Path, tmp_path: Path) -> Path:
    """The folder of images, free to change."""
    return Path(shutil.copytree(images, tmp_path / "copy"))


@pytest.mark.parametrize(("mode", "img_type"), [("full", "full"), ("thumbnails", "thumbnail"), ("metadata", "meta")])
def test_upload_dataset__every_mode(client: ApiWorkflowClient, images: Path, mode: str, img_type: str) -> None:
    report = client.upload_dataset(images, mode=mode)
    assert (report.uploaded, report.present, report.corrupt) == (12, 0, {})
    assert client.get_filenames() == list_images(images)
    dataset = client.get_dataset_by_id(client.dataset_id)
    assert (dataset.n_samples, dataset.img_type) == (12, img_type)
    (tag,) = client.get_all_tags()
    assert (tag.name, tag.bit_mask_data, tag.tot_size, tag.prev_tag_id) == ("initial-tag", "0xfff", 12, None)


def test_upload_dataset__thumbnail_and_metadata_arrive(client: ApiWorkflowClient, images: Path) -> None:
    client.upload_dataset(images)
    (sample_id, *_) = client.transport.get(f"/v1/datasets/{client.dataset_id}/mappings", field="_id")
    base = f"/v1/datasets/{client.dataset_id}/samples/{sample_id}"
    thumb = download(client.transport, client.transport.get(f"{base}/readurl", type="thumbnail"))
    assert Image.open(io.BytesIO(thumb)).size == (23, 17)
    sample = client.transport.get(base)
    assert sample["metaData"]["shape"] == [17, 23, 3]
    assert sample["metaData"]["sizeInBytes"] == (images / "cats/0.png").stat().st_size


def test_upload_dataset__many_batches_keep_the_order(
    client: ApiWorkflowClient, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_batches, "BATCH_SAMPLES", 2)
    assert client.upload_dataset(images, max_workers=3).uploaded == 12
    assert client.get_filenames() == list_images(images)


def test_upload_dataset__again_does_nothing(uploaded: ApiWorkflowClient, images: Path) -> None:
    report = uploaded.upload_dataset(images, mode="full")
    assert (report.uploaded, report.present) == (0, 12)
    assert len(uploaded.get_all_tags()) == 1


def test_upload_dataset__further_images_come_behind(uploaded: ApiWorkflowClient, copy: Path) -> None:
    add_image(copy / "a_first_by_name.png", seed=7)
    assert uploaded.upload_dataset(copy, mode="full").uploaded == 1
    assert uploaded.get_filenames() == [*list_images(copy)[1:], "a_first_by_name.png"]
    assert uploaded.get_all_tags()[0].bit_mask_data == "0x1fff"


def test_upload_dataset__corrupt_images_are_named_and_left_out(client: ApiWorkflowClient, copy: Path) -> None:
    (copy / "dogs" / "3b.png").write_bytes((copy / "dogs" / "3.png").read_bytes()[:300])
    (copy / "text.png").write_text("not an image")
    with pytest.warns(UserWarning, match="2 corrupt images were left out"):
        report = client.upload_dataset(copy)
    assert sorted(report.corrupt) == ["dogs/3b.png", "text.png"]
    assert report.uploaded == 12
    assert len(client.get_filenames()) == 12


def test_upload_dataset__nothing_readable_makes_no_tag(client: ApiWorkflowClient, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("not an image")
    with (
        pytest.warns(UserWarning, match="1 corrupt"),
        pytest.raises(InvalidInputError, match="none of the images can be read"),
    ):
        client.upload_dataset(tmp_path)
    assert client.get_all_tags() == []


def test_upload_dataset__a_refused_file_is_tried_again_named_and_resumed(
    client: ApiWorkflowClient, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bytes of one file change on the way, as on a bad line; the real platform checks and refuses them.
    sent = upload_batches.parts_of
    tries = []

    def damaged(batch: Any) -> Mapping[str, tuple[str, bytes]]:
        parts = dict(sent(batch))
        for row, item in enumerate(batch):
            if item.filename == "dogs/2.png":
                tries.append(item.filename)
                parts[f"full-{row}"] = ("application/octet-stream", parts[f"full-{row}"][1] + b"!")
        return parts

    monkeypatch.setattr(api_workflow_upload_dataset, "parts_of", damaged)
    with pytest.raises(ApiError, match=r"1 of 12 images were not uploaded: 'dogs/2\.png'.*resume"):
        client.upload_dataset(images, mode="full")
    assert len(tries) == 3
    assert client.get_all_tags() == []
    monkeypatch.undo()
    report = client.upload_dataset(images, mode="full")
    assert (report.uploaded, report.present) == (1, 11)
    assert client.get_filenames() == list_images(images)
    assert client.get_all_tags()[0].bit_mask_data == "0xfff"


def test_upload_dataset__an_interrupted_run_resumes(
    client: ApiWorkflowClient, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_batches, "BATCH_SAMPLES", 5)
    post = client.transport.post_parts
    calls = []

    def breaks_off(path: str, parts: Any) -> Any:
        calls.append(path)
        if len(calls) == 2:
            raise ApiError("the line is dead")
        return post(path, parts)

    monkeypatch.setattr(client.transport, "post_parts", breaks_off)
    with pytest.raises(ApiError, match="the line is dead"):
        client.upload_dataset(images, mode="full")
    monkeypatch.undo()
    report = client.upload_dataset(images, mode="full")
    assert (report.uploaded, report.present) == (7, 5)
    assert client.get_filenames() == list_images(images)


def test_upload_dataset__files_over_the_limit_of_a_request(
    client: ApiWorkflowClient, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_workflow_upload_dataset, "REQUEST_BYTES", 1)
    assert client.upload_dataset(images, mode="full").uploaded == 12
    client.download_dataset(tmp_path / "back")
    assert (tmp_path / "back/dogs/5.png").read_bytes() == (images / "dogs/5.png").read_bytes()


def test_upload_dataset__takes_an_object_that_knows_its_files(client: ApiWorkflowClient, images: Path) -> None:
    class Dataset:
        def get_filenames(self) -> list[str]:
            return ["z.png", "b/y.png"]

        def get_filepath_from_filename(self, filename: str) -> str:
            return str(images / "cats" / ("0.png" if filename == "z.png" else "1.png"))

    client.upload_dataset(Dataset())
    assert client.get_filenames() == ["b/y.png", "z.png"]


def test_upload_dataset__a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(
    client: ApiWorkflowClient, images: Path
) -> None:
    class Dataset:
        def get_filenames(self) -> list[str]:
            return ["a.png", "gone.png", "z.png"]

        def get_filepath_from_filename(self, filename: str) -> str:
            return str(images / "cats" / {"a.png": "0.png", "z.png": "1.png"}.get(filename, filename))

    with pytest.raises(ApiError, match=r"1 of 3 images were not uploaded: 'gone\.png': cannot read '.*gone\.png'"):
        client.upload_dataset(Dataset(), mode="full")
    assert client.get_all_tags() == []
    assert sorted(sample["fileName"] for sample in client._samples()) == ["a.png", "z.png"]


def test_upload_dataset__bad_input(client: ApiWorkflowClient, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no image"):
        client.upload_dataset(tmp_path)
    with pytest.raises(InvalidInputError, match="mode must be one of full, thumbnails, metadata, got 'all'"):
        client.upload_dataset(tmp_path, mode="all")
    deep = tmp_path / ("d" * 200) / ("e" * 60)
    deep.mkdir(parents=True)
    add_image(deep / "x.png", seed=1)
    with pytest.raises(InvalidInputError, match="1 file names are longer than 255"):
        client.upload_dataset(tmp_path)
    assert client.get_all_tags() == []


CUSTOM = {
    "images": [{"file_name": "cats/1.png", "id": 7}, {"file_name": "dogs/0.png", "id": 9}],
    "metadata": [{"image_id": 9, "weather": "rain"}, {"image_id": 7, "weather": {"sun": 1}}],
}


def weather(client: ApiWorkflowClient) -> dict[str, Any]:
    samples = client.transport.get(f"/v1/datasets/{client.dataset_id}/samples")
    return {sample["fileName"]: sample["customMetaData"] for sample in samples if sample.get("customMetaData")}


def test_custom_metadata__with_the_upload_or_later(client: ApiWorkflowClient, images: Path) -> None:
    expected = {"cats/1.png": {"image_id": 7, "weather": {"sun": 1}}, "dogs/0.png": {"image_id": 9, "weather": "rain"}}
    client.upload_dataset(images, custom_metadata=CUSTOM)
    assert weather(client) == expected
    client.create_new_dataset_with_unique_name("later")
    client.upload_dataset(images)
    client.upload_custom_metadata(CUSTOM)
    assert weather(client) == expected


def test_custom_metadata__of_no_image_is_warned_of(uploaded: ApiWorkflowClient) -> None:
    odd = {"images": [{"file_name": "gone.png", "id": 1}], "metadata": [{"image_id": 1}]}
    with pytest.warns(UserWarning, match=r"metadata of 1 images is left out.*'gone\.png'"):
        uploaded.upload_custom_metadata(odd)
    with pytest.warns(UserWarning, match="image_id 5 belongs to no image"):
        uploaded.upload_custom_metadata({"images": [], "metadata": [{"image_id": 5}]})
    with pytest.raises(InvalidInputError, match="this lacks 'metadata'"):
        uploaded.upload_custom_metadata({"images": []})


def test_upload_dataset__again_and_again_within_a_second(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    for number in range(3):
        add_image(tmp_path / f"{number}.png", seed=number)
        uploaded.upload_dataset(tmp_path, mode="metadata")
    assert len({tag.name for tag in uploaded.get_all_tags()}) == 4
    assert uploaded.get_all_tags()[0].tot_size == 15


def test_upload_dataset__two_at_a_time(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    def upload(part: str) -> None:
        (tmp_path / part).mkdir()
        add_image(tmp_path / part / f"{part}.png", seed=ord(part))
        uploaded.upload_dataset(tmp_path / part, mode="metadata")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(upload, "xyz"))
    names = uploaded.get_filenames()
    assert sorted(names[12:]) == ["x.png", "y.png", "z.png"]
    assert uploaded.get_all_tags()[0].tot_size == 15


def test_upload_dataset__follows_links_as_embed_does(client: ApiWorkflowClient, images: Path, tmp_path: Path) -> None:
    add_image(tmp_path / "a.png", seed=1)
    (tmp_path / "more").symlink_to(images / "dogs")
    client.upload_dataset(tmp_path, mode="metadata")
    assert client.get_filenames() == ["a.png", *(f"more/{number}.png" for number in range(6))]


def test_upload_dataset__a_name_that_is_not_utf8_stops_it_before_the_work(
    client: ApiWorkflowClient, tmp_path: Path
) -> None:
    add_image(tmp_path / "a.png", seed=1)
    shutil.copy(tmp_path / "a.png", os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    with pytest.raises(InvalidInputError, match=r"1 file name is not UTF-8, the first is b'.*caf\\xe9\.png'"):
        client.upload_dataset(tmp_path)
    assert client.get_filenames() == []


def test_upload_dataset__corrupt_images_of_many_threads_are_warned_of_and_filters_stay(
    client: ApiWorkflowClient, tmp_path: Path
) -> None:
    add_image(tmp_path / "0.png", seed=1)
    for number in range(1, 300):
        shutil.copy(tmp_path / "0.png", tmp_path / f"{number}.png")
    (tmp_path / "290.png").write_bytes(b"broken")
    before = list(warnings.filters)
    with pytest.warns(UserWarning, match=r"1 corrupt images were left out: .*290\.png"):
        client.upload_dataset(tmp_path, mode="metadata")
    assert list(warnings.filters) == before


def test_custom_metadata__numbers_of_numpy_and_holes(client: ApiWorkflowClient, images: Path) -> None:
    entry = {"image_id": np.int64(7), "depth": np.float32(1.5), "heat": float("nan")}
    odd = {"images": [{"file_name": "cats/1.png", "id": 7}], "metadata": [entry]}
    expected = {"cats/1.png": {"image_id": 7, "depth": 1.5, "heat": None}}
    client.upload_dataset(images, custom_metadata=odd)
    assert weather(client) == expected
    client.upload_custom_metadata(odd)
    assert weather(client) == expected
    with pytest.raises(InvalidInputError, match=r"metadata of 'cats/1\.png', key 'when'"):
        client.upload_custom_metadata(odd | {"metadata": [entry | {"when": object()}]})
    with pytest.raises(InvalidInputError, match="image id 7 more than once among its metadata"):
        client.upload_custom_metadata(odd | {"metadata": [entry, entry]})
    with pytest.raises(InvalidInputError, match="image id 7 more than once among its images"):
        client.upload_custom_metadata(odd | {"images": odd["images"] * 2})
