"""Upload images: in file-name order, one request per batch, resumable, verified, nothing silently counted.

What is on the platform already is skipped, so an interrupted upload is simply run again. The platform checks the
SHA-256 of every file it gets. A file that fails is tried again at once; if it still fails, the rest goes on, and
the upload ends with an error that names it, before any tag is made: a tag never stands for a half-uploaded folder.
"""

import itertools
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lightly_ray._types import PathLike
from lightly_ray.api.api_workflow_tags import TagsMixin
from lightly_ray.api.api_workflow_upload_metadata import MetadataMixin, metadata_by_filename
from lightly_ray.api.base import CREATOR
from lightly_ray.api.models import created_id
from lightly_ray.api.names import timestamps
from lightly_ray.api.upload_batches import (
    IMG_TYPES,
    REQUEST_BYTES,
    Prepared,
    Source,
    parts_of,
    prepared,
)
from lightly_ray.data.images import find_images
from lightly_ray.data.listing import require_utf8
from lightly_ray.data.location import Location
from lightly_ray.errors import ApiError, ConflictError, InvalidInputError, LightlyRayError, TooLargeError, listed
from lightly_ray.progress import Progress

MAXIMUM_FILENAME_LENGTH = 255
_FILE_TRIES = 3
_NAME_TRIES = 5


class ImageDataset(Protocol):
    """A dataset object that knows its files, as published clients take them."""

    def get_filenames(self) -> list[str]:
        """File names of all samples."""

    def get_filepath_from_filename(self, filename: str) -> PathLike:
        """Where the file of one sample lies."""


@dataclass
class UploadReport:
    """What an upload did.

    Attributes:
        uploaded: how many images were sent now.
        present: how many were on the platform already.
        corrupt: file name -> why it could not be decoded; these are not in the dataset.
        first_frames: names of the files with several frames or pages, of which the first is shown.
    """

    uploaded: int = 0
    present: int = 0
    corrupt: dict[str, str] = field(default_factory=dict)
    first_frames: list[str] = field(default_factory=list)


class UploadMixin(TagsMixin, MetadataMixin):
    """The part of `ApiWorkflowClient` that uploads images."""

    def upload_dataset(
        self,
        input: PathLike | ImageDataset,  # noqa: A002 - the published name, which callers use as a keyword
        max_workers: int = 8,
        mode: str = "full",
        custom_metadata: Mapping[str, Any] | None = None,
    ) -> UploadReport:
        """Upload the images of a folder, at any depth, to the current dataset.

        Corrupt images are left out and named in a warning and in the report. A dataset that has tags already is
        extended: new images come behind the others, and `initial-tag` grows.

        Args:
            input: a folder of this machine or of a store (`s3://...`), or an object with `get_filenames()` and
                `get_filepath_from_filename(filename)`.
            max_workers: how many threads decode and shrink images.
            mode: "full" uploads files and thumbnails, "thumbnails" only these, "metadata" neither.
            custom_metadata: own metadata in the format of `upload_custom_metadata`.

        Raises:
            InvalidInputError: there is no image, or a name is too long.
            TooLargeError: the dataset would be over the platform's limit.
            ApiError: files failed again and again; the message names the first. Running it again resumes.
        """
        if mode not in IMG_TYPES:
            raise InvalidInputError(f"mode must be one of {', '.join(IMG_TYPES)}, got {mode!r}")
        files = _files_of(input)
        custom = metadata_by_filename(custom_metadata) if custom_metadata is not None else {}
        had_tags = self.get_all_tags()
        present = {sample["fileName"] for sample in self._samples()}
        self._require_room(len(present.union(files)))
        todo = [file for name, file in sorted(files.items()) if name not in present]
        report = UploadReport(present=len(files) - len(todo))
        self._register(len(files), report.present)
        self._send_all(todo, mode, custom, max_workers=max_workers, report=report)
        _warn_of_corrupt(report)
        self._tag(mode, tagged=had_tags[0].tot_size if had_tags else 0, total=len(present) + report.uploaded)
        return report

    def _require_room(self, total: int) -> None:
        limit = int(self.transport.get("/v1/quota"))
        if total > limit:
            raise TooLargeError(
                f"the dataset would have {total} samples, the platform takes {limit}",
                code="DATASET_AT_MAX_CAPACITY",
            )

    def _register(self, total: int, processed: int) -> None:
        body = {"total": total, "processed": processed, "uploadMethod": CREATOR, "isRegistered": True}
        self.transport.put(self._at("registerDatasetUpload"), body)

    def _send_all(
        self,
        files: Sequence[Source],
        mode: str,
        custom: Mapping[str, Any],
        *,
        max_workers: int,
        report: UploadReport,
    ) -> None:
        failed: dict[str, str] = {}
        title = "upload images" if mode == "full" else f"upload {mode}"
        with Progress(title, len(files), show=self.show_progress) as progress:
            for batch in prepared(files, mode, custom, max_workers):
                report.corrupt |= batch.corrupt
                wrong = self._send_batch(batch.ready)
                failed |= batch.failed | wrong
                report.uploaded += len(batch.ready) - len(wrong)
                report.first_frames += [item.filename for item in batch.ready if item.several]
                note = f"{len(report.corrupt)} corrupt, {len(failed)} failed" if report.corrupt or failed else ""
                progress.advance(len(batch.ready) + len(batch.corrupt) + len(batch.failed), note)
        if failed:
            shown = listed([f"{name!r}: {reason}" for name, reason in failed.items()])
            raise ApiError(
                f"{len(failed)} of {len(files)} images were not uploaded: {shown}. "
                "No tag was made; run the upload again to resume it."
            )

    def _send_batch(self, batch: Sequence[Prepared]) -> dict[str, str]:
        """Send samples until the platform has all of them; returns those it refused, with its reasons."""
        failed: dict[str, str] = {}
        left = [item for item in batch if item.size <= REQUEST_BYTES]
        for _ in range(_FILE_TRIES):
            if not left:
                break
            failed = self._post_batch(left)
            left = [item for item in left if item.filename in failed]
        return failed | self._send_large([item for item in batch if item.size > REQUEST_BYTES])

    def _post_batch(self, batch: Sequence[Prepared]) -> dict[str, str]:
        answers = self.transport.post_parts(self._at("samples", "batch"), parts_of(batch))
        if not isinstance(answers, list):
            raise ApiError("the platform answered a batch of samples without saying which it took")
        said = {str(answer.get("fileName")): answer for answer in answers if isinstance(answer, dict)}
        failed = {}
        for item in batch:
            answer = said.get(item.filename, {"error": "the platform did not mention it"})
            if not answer.get("id"):
                failed[item.filename] = str(answer.get("error"))
        return failed

    def _send_large(self, items: Sequence[Prepared]) -> dict[str, str]:
        # A file over the limit of one request goes the way of published clients: three requests, signed URLs.
        failed = {}
        for item in items:
            try:
                body = {key: value for key, value in item.sample.items() if key != "sha256"}
                sample_id = created_id(self.transport.post(self._at("samples"), body, repeat=True))
                urls = self.transport.get(self._at("samples", sample_id, "writeurls"))
                for kind, content in (("full", item.full), ("thumb", item.thumb)):
                    if content is not None:
                        self.transport.upload(str(urls[kind]), content)
            except LightlyRayError as error:
                failed[item.filename] = str(error)
        return failed

    def _tag(self, mode: str, *, tagged: int, total: int) -> None:
        """Let a tag stand for all that is there now, also for what an earlier run sent before it broke off."""
        if not total:
            raise InvalidInputError("none of the images can be read: nothing was uploaded")
        if not tagged:
            body = {"creator": CREATOR, "imgType": IMG_TYPES[mode]}
            self.transport.post(self._at("tags", "initial"), body)
        elif total > tagged:
            self._upsize()

    def _upsize(self) -> None:
        for name in itertools.islice(timestamps(), _NAME_TRIES):
            try:
                self.transport.post(self._at("tags", "upsize"), {"upsizeTagName": name, "upsizeTagCreator": CREATOR})
            except ConflictError as error:  # another upload took the name in the same second
                if error.code != "TAG_NAME_EXISTS":
                    raise
            else:
                return
        raise ConflictError("no name was free for the tag of this upload: run it again", code="TAG_NAME_EXISTS")


def _files_of(source: PathLike | ImageDataset) -> dict[str, Source]:
    if isinstance(source, str | os.PathLike):
        place = Location.parse(source)
        files = {name: Source(name, place.child(name), info.size) for name, info in find_images(place).items()}
    else:
        places = {name: Location.parse(source.get_filepath_from_filename(name)) for name in source.get_filenames()}
        files = {name: Source(name, place, place.info().size or 0) for name, place in places.items()}
    require_utf8(files)
    too_long = [name for name in files if len(name) > MAXIMUM_FILENAME_LENGTH]
    if too_long:
        raise InvalidInputError(
            f"{len(too_long)} file names are longer than {MAXIMUM_FILENAME_LENGTH} characters, "
            f"the first is {too_long[0]!r}"
        )
    return files


def _warn_of_corrupt(report: UploadReport) -> None:
    if report.corrupt:
        shown = listed(list(report.corrupt.values()))
        warnings.warn(f"{len(report.corrupt)} corrupt images were left out: {shown}", stacklevel=3)
