"""Exports of a tag in the forms of labelling tools, and as published clients know them."""

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lightly_ray.api.api_workflow_tags import TagsMixin
from lightly_ray.data.atomic import make_folder
from lightly_ray.data.labels.exports import EXPORTS
from lightly_ray.errors import ApiError, InvalidInputError

_PAGE = 20_000


class ExportMixin(TagsMixin):
    """The part of `ApiWorkflowClient` that exports tags to labelling tools."""

    def export(
        self,
        tag: str,
        format: str,
        path: str | Path,
        predictions: str | None = None,
        labels: str | None = None,
    ) -> None:
        """Write a tag in the form of a labelling tool; the labels that come back go in by `import_labels`.

        Each sample brings its id and its file name, and where the form has a place for it the address of its image,
        which opens without a token for a while and ends in the file's own base name. A second export is byte for byte
        the first one but for the signatures of these addresses.

        Args:
            tag: name of the tag.
            format: a name of `lightly_ray.data.labels.exports.EXPORTS`: filenames, csv, label-studio, cvat, coco, yolo,
                labelbox, huggingface, fiftyone, imagefolder or zip.
            path: the file to write. Of yolo, fiftyone and imagefolder a folder that is not there yet, or a file that
                ends in .zip.
            predictions: name of stored predictions that go along, for annotators to correct; None: none.
            labels: the source of the labels that go along; None: those of all sources.

        Raises:
            NotFoundError: there is no such tag, source of labels, or predictions.
            InvalidInputError: no format is called so, or it has no place for predictions or for labels of this task;
                the labels are of several tasks and ``labels`` names no source; a sample has no image, or not its size,
                where the format needs it; the folder is there. Nothing is written then.
        """
        if format not in EXPORTS:
            raise InvalidInputError(f"unknown format {format!r}, it must be one of {', '.join(EXPORTS)}")
        target, address = Path(path), self._export(self.get_tag_by_name(tag).id, format)
        query = {"predictions": predictions, "labels": labels}
        if not EXPORTS[format].is_folder or target.suffix == ".zip":
            self.transport.download(address, target, **query)
            return
        if target.exists():
            raise InvalidInputError(f"cannot write {str(target)!r}: {format} is a folder, which must not be there yet")
        make_folder(target.parent)
        with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as draft:
            self.transport.download(address, Path(draft) / "export.zip", **query)
            with zipfile.ZipFile(Path(draft) / "export.zip") as archive:
                archive.extractall(Path(draft) / "folder")  # the platform has made its paths safe
            (Path(draft) / "folder").rename(target)

    def export_filenames_by_tag_id(self, tag_id: str) -> str:
        """File names of a tag, one per line."""
        return self._lines(tag_id, "NAME")

    def export_filenames_by_tag_name(self, tag_name: str) -> str:
        """File names of a tag, one per line."""
        return self.export_filenames_by_tag_id(self.get_tag_by_name(tag_name).id)

    def export_filenames_and_read_urls_by_tag_id(self, tag_id: str) -> list[dict[str, str]]:
        """``{"fileName", "readUrl", "datasourceUrl"}`` of each sample of a tag."""
        columns = [self._listed(tag_id, kind) for kind in ("NAME", "REDIRECTED_READ_URL", "DATASOURCE_FULL")]
        return [
            {"fileName": name, "readUrl": read, "datasourceUrl": source}
            for name, read, source in zip(*columns, strict=True)
        ]

    def export_filenames_and_read_urls_by_tag_name(self, tag_name: str) -> list[dict[str, str]]:
        """``{"fileName", "readUrl", "datasourceUrl"}`` of each sample of a tag."""
        return self.export_filenames_and_read_urls_by_tag_id(self.get_tag_by_name(tag_name).id)

    def export_label_studio_tasks_by_tag_id(self, tag_id: str) -> list[dict[str, Any]]:
        """Tasks in the basic JSON format that Label Studio imports."""
        return self._pages(tag_id, "LabelStudio", "tasks")

    def export_label_studio_tasks_by_tag_name(self, tag_name: str) -> list[dict[str, Any]]:
        """Tasks in the basic JSON format that Label Studio imports."""
        return self.export_label_studio_tasks_by_tag_id(self.get_tag_by_name(tag_name).id)

    def export_label_box_data_rows_by_tag_id(self, tag_id: str) -> list[dict[str, Any]]:
        """Data rows that Labelbox imports, in its version 3 spelling."""
        return self._pages(tag_id, "LabelBox", "datarows")

    def export_label_box_data_rows_by_tag_name(self, tag_name: str) -> list[dict[str, Any]]:
        """Data rows that Labelbox imports, in its version 3 spelling."""
        return self.export_label_box_data_rows_by_tag_id(self.get_tag_by_name(tag_name).id)

    def export_label_box_v4_data_rows_by_tag_id(self, tag_id: str) -> list[dict[str, Any]]:
        """Data rows that Labelbox imports, in its version 4 spelling."""
        return self._pages(tag_id, "LabelBoxV4", "datarows")

    def export_label_box_v4_data_rows_by_tag_name(self, tag_name: str) -> list[dict[str, Any]]:
        """Data rows that Labelbox imports, in its version 4 spelling."""
        return self.export_label_box_v4_data_rows_by_tag_id(self.get_tag_by_name(tag_name).id)

    def export_coco_images_by_tag_id(self, tag_id: str) -> dict[str, Any]:
        """``{"images": [{"id", "file_name", "height", "width"}], ...}``: a COCO file to fill with annotations."""
        return dict(self.transport.get(self._export(tag_id, "COCO", "images")))

    def export_coco_images_by_tag_name(self, tag_name: str) -> dict[str, Any]:
        """``{"images": [{"id", "file_name", "height", "width"}], ...}``: a COCO file to fill with annotations."""
        return self.export_coco_images_by_tag_id(self.get_tag_by_name(tag_name).id)

    def _lines(self, tag_id: str, kind: str) -> str:
        # Fetched as text: a JSON parser would turn a single file named "1" into a number.
        content = self.transport.get_bytes(self._export(tag_id, "basic", "filenames"), fileNameFormat=kind)
        return content.decode()

    def _listed(self, tag_id: str, kind: str) -> list[str]:
        lines = self._lines(tag_id, kind)
        return lines.split("\n") if lines else []

    def _pages(self, tag_id: str, *what: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            query = {"pageSize": _PAGE, "pageOffset": len(rows)}
            page = self.transport.get(self._export(tag_id, *what), **query)
            if not isinstance(page, list):
                raise ApiError("the platform answered something else than a list")
            rows += page
            if len(page) < _PAGE:
                return rows

    def _export(self, tag_id: str, *what: str) -> str:
        return self._at("tags", tag_id, "export", *what)
