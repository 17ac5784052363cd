"""The command `download`: the samples of a tag as names, as image files, or as copies from a folder."""

import shutil
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from lightly_ray.api.api_workflow_download_dataset import below
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.workflow.destination import DatasetSettings
from lightly_ray.workflow.place import Place


class DownloadSettings(DatasetSettings):
    """Write the images of a tag, or their names."""

    tag_name: str = Field(default=INITIAL_TAG, description="which samples")
    exclude_parent_tag: bool = Field(
        default=False, description="only what the tag has more than the one it goes on from: what a query added"
    )
    output_dir: Path | None = Field(default=None, description="folder to write the images to")
    input_dir: Place | None = Field(
        default=None, description="folder that holds the images: they are copied from there instead of downloaded"
    )
    filenames: Path | None = Field(default=None, description="text file to write the file names to, one per line")

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.output_dir is None and self.filenames is None:
            raise ValueError("say where to: output_dir=FOLDER for the images, filenames=FILE for their names")
        if self.output_dir is None and self.input_dir is not None:
            raise ValueError("input_dir is copied from: say where to, output_dir=FOLDER")
        return self


def run_download(settings: DownloadSettings) -> dict[str, object]:
    """Download.

    Raises:
        NotFoundError: there is no such dataset or tag, or no such file to copy.
        InvalidInputError: the dataset was uploaded without its full images.
    """
    client = settings.dataset_client()
    if client is None:
        raise InvalidInputError("which dataset? give dataset=NAME or dataset_id=ID")
    tag = client.get_tag_by_name(settings.tag_name)
    mask = client.mask_of(tag, exclude_parent_tag=settings.exclude_parent_tag)
    names = mask.select(client.get_filenames())
    if settings.filenames is not None:
        Location.parse(settings.filenames).write("".join(f"{name}\n" for name in names).encode())
    if settings.output_dir is not None and settings.input_dir is not None:
        _copy(settings.input_dir, settings.output_dir, names)
    elif settings.output_dir is not None:
        client.download_dataset(settings.output_dir, settings.tag_name, exclude_parent_tag=settings.exclude_parent_tag)
    return {"dataset_id": client.dataset_id, "tag": settings.tag_name, "samples": len(names)}


def _copy(source: Location, target: Path, names: list[str]) -> None:
    """Copy files; all are looked for before the first is written."""
    pairs = [(source.child(name), below(target, name)) for name in names]
    for place, _ in pairs:
        if not place.info().is_file:
            raise NotFoundError(f"there is no file {place.shown!r} to copy")
    for place, path in pairs:
        if place.is_local:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(place.path, path)
        else:
            Location.parse(path).write(place.read_existing())
