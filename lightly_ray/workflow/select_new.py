"""The nightly job: what is new in a folder -> embedded, appended, and some more samples selected, as one tag.

    upload    the images that the dataset has not
    embed     those of its images without an embedding, by the model that is kept with the dataset's embedding
    upload    these embeddings
    select    some more: what the line of tags has selected already counts, and repels

Each step looks at what the platform has, not at what an earlier run remembers, so a run that was killed anywhere goes
on when it is started again; a selection that it had asked for is waited for. A tag is made only where there are samples
that the line's last tag had not looked at, so one night has one tag.

OUTPUT_DIR/new/    embeddings on their way, while the job runs
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pyarrow import fs
from pydantic import Field, model_validator

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_upload_dataset import UploadReport
from lightly_ray.data.images import find_images
from lightly_ray.data.location import Location
from lightly_ray.data.outputs import digest_of
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.errors import ConflictError
from lightly_ray.workflow.chosen_platform import chosen_platform
from lightly_ray.workflow.embed_images import embed_found, model_for, remove_embeddings
from lightly_ray.workflow.embedding_upload import family_embedder, kept_embedder, same_vectors, upload_embedding_file
from lightly_ray.workflow.folder_dataset import FolderSettings, find_dataset
from lightly_ray.workflow.tag_line import TagLine
from lightly_ray.workflow.upload import summary

Images = Mapping[str, fs.FileInfo]


class SelectNewSettings(FolderSettings):
    """Embed and append the images that are new in a folder, and select some more, as one tag: the job of every night.

    Where nothing is new it says so, and ends with success. Without a token, a platform is started under output_dir.
    """

    n_new: int = Field(ge=1, description="samples to select, beside those that are selected already")
    dataset: str | None = Field(
        default=None, description="name of the dataset, made if there is none of that name; default: the folder's"
    )
    tag: str = Field(default="nightly", min_length=1, description="what its tags are called: TAG-1, TAG-2, ...")
    after: str | None = Field(
        default=None, description="tag of what is selected before the first of these; default: nothing is"
    )
    method: Literal["auto", "cluster", "coreset", "coverage", "random"] = Field(
        default="auto", description="how to select; auto: as suits the data"
    )
    seed: int = Field(default=0, description="of random, and of the first pick of coreset")

    @model_validator(mode="after")
    def _check_dataset(self) -> Self:
        if self.dataset_id is not None and self.dataset is not None:
            raise ValueError("give dataset, a name, or dataset_id, not both")
        return self


def run_select_new(settings: SelectNewSettings) -> dict[str, object]:
    """Append what is new, and select.

    Raises:
        NotFoundError: there is no such folder, dataset or tag.
        InvalidInputError: the folder holds no image, or one of the dataset's has no embedding.
        ConflictError: the dataset's embedding was made by another model than is set, or it is not known by which.
        ApiError: some images were not taken; the message names one. Run again, it goes on.
    """
    images = find_images(settings.input_dir)
    named = settings.named_client()
    with chosen_platform(named, settings.output_dir / "platform") as (client, how_to_open):
        result = _Night(client, settings, images).run()
    sys.stderr.write(f"{how_to_open()}\n")
    return result


@dataclass(frozen=True, slots=True)
class _Fresh:
    """Some images of a folder, as an upload asks for them."""

    root: Location
    names: list[str]

    def get_filenames(self) -> list[str]:
        return self.names

    def get_filepath_from_filename(self, filename: str) -> Location:
        return self.root.child(filename)


@dataclass(frozen=True, slots=True)
class _Night:
    client: ApiWorkflowClient
    settings: SelectNewSettings
    images: Images

    def run(self) -> dict[str, object]:
        client, settings = self.client, self.settings
        name, exists = find_dataset(client, settings, settings.dataset)
        if exists:
            client.wait_for_selections()
        embedder = self._embedder(name) if exists else None
        report = self._upload(name, embedder, exists=exists)
        line = TagLine(client, settings.tag, settings.after)
        new = line.new_samples()
        result = {"dataset_id": client.dataset_id, "dataset": name, "server": client.server, **summary(report)}
        if not new:
            sys.stderr.write(f"nothing new in {settings.input_dir.shown}\n")
            return result | {"new": 0, "embedded": 0, "tag": None, "added": 0}
        return result | {"new": new, "embedded": self._embed(name, embedder), **self._select(line)}

    def _embedder(self, name: str) -> Embedder | None:
        """What the dataset's embedding was made by; None where it has no embedding."""
        client, kind = self.client, self.settings.embedding_name
        newest = client.newest_embedding(kind)
        if newest is None:
            return None
        embedder = kept_embedder(client, kind)
        if embedder is not None:
            return embedder
        # A run may have been killed before it sent the embedder of the embedding that it had sent.
        embedder = family_embedder(client, kind) or same_vectors(client, self._first(name), kind)
        if embedder is None:
            raise ConflictError(
                f"it is not known what made the embedding {newest.name!r} of this dataset, so images that are new "
                "cannot be embedded alike: give another embedding_name, or keep its embedder by upload_descriptor"
            )
        client.upload_descriptor(embedder.to_bytes(), newest.id)
        return embedder

    def _upload(self, name: str, embedder: Embedder | None, *, exists: bool) -> UploadReport:
        client, settings = self.client, self.settings
        known = set(client.get_filenames()) if exists else set()
        fresh = sorted(set(self.images) - known)
        if not fresh:
            return UploadReport(present=len(self.images))
        # A model that cannot be used is told before anything is sent.
        model_for(settings.embed_settings(self._first(name), settings.model), fresh, embedder)
        if not exists:
            client.create_dataset(name)
        report = client.upload_dataset(_Fresh(settings.input_dir, fresh), mode=settings.upload)
        report.present = len(self.images) - report.uploaded - len(report.corrupt)
        return report

    def _embed(self, name: str, embedder: Embedder | None) -> int:
        """Give every image of the folder that is in the dataset its embedding; returns how many had none."""
        client, settings = self.client, self.settings
        online = client.read_embedding(settings.embedding_name)
        embedded = set() if online is None else set(online.filenames)
        lacking = {
            name: self.images[name] for name in client.get_filenames() if name in self.images and name not in embedded
        }
        if not lacking:
            return 0
        output = self._first(name)
        if embedder is not None:  # by what is to be embedded: a run that was killed is not followed by other images
            output = Location.parse(settings.output_dir / "new" / f"{name}-{digest_of(lacking.values())}.parquet")
        embed_found(settings.embed_settings(output, settings.model), lacking, embedder)
        upload_embedding_file(client, output, settings.embedding_name)
        if embedder is not None:
            remove_embeddings(output)
        return len(lacking)

    def _first(self, name: str) -> Location:
        """Where the dataset's first embeddings are made, as by `magic`."""
        return Location.parse(self.settings.output_dir / f"{name}.parquet")

    def _select(self, line: TagLine) -> dict[str, object]:
        client, settings, before = self.client, self.settings, line.newest
        agent = ActiveLearningAgent(client, preselected_tag_name=None if before is None else before.name)
        selected, more = len(agent.labeled_set), min(settings.n_new, len(agent.unlabeled_set))
        result: dict[str, object] = {"preselected": None if before is None else before.name, "added": more}
        if not more:
            sys.stderr.write("all samples are selected already\n")
            return result | {"tag": None}
        agent.query(SamplerConfig(settings.method, selected + more, name=line.next_name, seed=settings.seed))
        return result | {"tag": line.next_name, "selected": len(agent.labeled_set)}
