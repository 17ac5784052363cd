"""Download the images of a tag, as the files they were."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from lightly_ray.api.api_workflow_tags import TagsMixin
from lightly_ray.api.models import DatasetData, parse
from lightly_ray.errors import ApiError, InvalidInputError, LightlyRayError, listed
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.progress import Progress


class DownloadMixin(TagsMixin):
    """The part of `ApiWorkflowClient` that downloads images."""

    def download_dataset(
        self,
        output_dir: str | Path,
        tag_name: str = INITIAL_TAG,
        max_workers: int = 8,
        verbose: bool = True,
        *,
        exclude_parent_tag: bool = False,
    ) -> None:
        """Write the images of a tag below a folder, under their file names.

        Args:
            output_dir: the folder; it is made where it does not exist.
            tag_name: which samples.
            max_workers: how many files are fetched at a time.
            verbose: show progress.
            exclude_parent_tag: leave out the samples of the tag that this one goes on from.

        Raises:
            InvalidInputError: the dataset was uploaded without its full images, or a file name leads outside
                the folder.
            NotFoundError: the dataset has no such tag.
            ApiError: files failed again and again; all others are written, the message names the first.
        """
        dataset = parse(DatasetData, self.transport.get(self._at()))
        if dataset.img_type != "full":
            raise InvalidInputError(f"dataset {dataset.name!r} has no full images: it was uploaded without them")
        tag = self.get_tag_by_name(tag_name)
        mask = self.mask_of(tag, exclude_parent_tag=exclude_parent_tag)
        ids = mask.select(list(self.transport.get(self._at("mappings"), field="_id")))
        targets = [below(Path(output_dir), name) for name in mask.select(self.get_filenames())]
        title, show = f"download {tag_name!r}", verbose and self.show_progress
        with ThreadPoolExecutor(max(1, max_workers)) as pool, Progress(title, len(ids), show=show) as progress:
            failed = []
            for reason in pool.map(self._fetch, ids, targets):
                progress.advance()
                failed += [reason] if reason else []
        if failed:
            raise ApiError(f"{len(failed)} of {len(ids)} images were not downloaded: {listed(failed)}")

    def _fetch(self, sample_id: str, target: Path) -> str | None:
        """Write one image; returns what went wrong."""
        try:
            url = self.transport.get(self._at("samples", sample_id, "readurl"), type="full")
            self.transport.save(str(url), target)
        except LightlyRayError as error:
            return f"{target}: {error}"
        return None


def below(folder: Path, filename: str) -> Path:
    """Where a file of this name lies below a folder.

    Raises:
        InvalidInputError: the name leads outside.
    """
    path = PurePosixPath(filename)
    if path.is_absolute() or ".." in path.parts:
        raise InvalidInputError(f"file name {filename!r} leads outside the output folder")
    return folder / path
