"""Own metadata of samples, in the COCO-like format of published clients."""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lightly_ray.api.base import ClientBase
from lightly_ray.api.json_values import as_json
from lightly_ray.errors import ApiError, InvalidInputError
from lightly_ray.progress import Progress


class InvalidCustomMetadataWarning(UserWarning):
    """An entry of custom metadata belongs to no image."""


class MetadataMixin(ClientBase):
    """The part of `ApiWorkflowClient` that handles custom metadata and lists samples."""

    def upload_custom_metadata(
        self, custom_metadata: Mapping[str, Any], verbose: bool = False, max_workers: int = 8
    ) -> None:
        """Store metadata beside samples that are on the platform.

        Args:
            custom_metadata: ``{"images": [{"file_name", "id"}, ...], "metadata": [{"image_id", ...}, ...]}``;
                each entry of "metadata" is stored whole beside the image whose id it names; NaN is stored as null.
                Entries of no uploaded image are left out with a warning.
            verbose: show progress.
            max_workers: how many requests run at a time.
        """
        entries = metadata_by_filename(custom_metadata)
        ids = {str(sample["fileName"]): str(sample["id"]) for sample in self._samples()}
        absent = [name for name in entries if name not in ids]
        if absent:
            warnings.warn(
                f"metadata of {len(absent)} images is left out: they are not in the dataset, first {absent[0]!r}",
                InvalidCustomMetadataWarning,
                stacklevel=2,
            )
        names = [name for name in entries if name in ids]

        def store(name: str) -> None:
            self.transport.put(self._at("samples", ids[name]), {"customMetaData": entries[name]})

        with (
            ThreadPoolExecutor(max(1, max_workers)) as pool,
            Progress("upload metadata", len(names), show=verbose and self.show_progress) as progress,
        ):
            for _ in pool.map(store, names):
                progress.advance()

    def get_samples(self) -> list[dict[str, Any]]:
        """All samples, in the order of the dataset: ``fileName``, figures of the image in ``metaData``, and more."""
        return self._samples("full")

    def _samples(self, mode: str = "fileNames") -> list[dict[str, Any]]:
        answer = self.transport.get(self._at("samples", "partial"), mode=mode)
        if not isinstance(answer, list) or any("fileName" not in sample for sample in answer):
            raise ApiError("the platform answered something else than a list of samples")
        return answer


def metadata_by_filename(custom_metadata: Mapping[str, Any]) -> dict[str, Any]:
    """File name -> entry of "metadata"; images without an entry are left out.

    Raises:
        InvalidInputError: a key is missing, an id comes twice, or a value is no JSON value.
    """
    try:
        images = [(image["id"], str(image["file_name"])) for image in custom_metadata["images"]]
        metadata = [(entry["image_id"], entry) for entry in custom_metadata["metadata"]]
        names, entries = dict(images), dict(metadata)
    except (KeyError, TypeError) as error:
        raise InvalidInputError(
            'custom metadata looks like {"images": [{"file_name", "id"}], "metadata": [{"image_id", ...}]}; '
            f"this lacks {error}"
        ) from error
    for what, pairs, distinct in (("images", images, names), ("metadata", metadata, entries)):
        if len(distinct) < len(pairs):
            twice = Counter(image_id for image_id, _ in pairs).most_common(1)[0][0]
            raise InvalidInputError(f"custom metadata has the image id {twice} more than once among its {what}")
    for image_id in _lost(entries, names):
        warnings.warn(
            f"custom metadata of image_id {image_id!r} belongs to no image and is left out",
            InvalidCustomMetadataWarning,
            stacklevel=3,
        )
    return {
        name: as_json(entries[image_id], f"metadata of {name!r}")
        for image_id, name in names.items()
        if image_id in entries
    }


def _lost(entries: Mapping[Any, Any], names: Mapping[Any, str]) -> Iterator[Any]:
    return (image_id for image_id in entries if image_id not in names)
