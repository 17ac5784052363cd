"""The command `export`: a tag in the form of a labelling tool, as a file or a folder."""

from pathlib import Path

from pydantic import Field

from lightly_ray.data.labels.exports import EXPORTS
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.workflow.destination import DatasetSettings


class ExportSettings(DatasetSettings):
    """Write a tag in the form of a labelling tool; what comes back goes in by `import-labels`."""

    tag_name: str = Field(default=INITIAL_TAG, description="which samples")
    format: str = Field(description=", ".join(EXPORTS))
    output: Path = Field(description="file to write; of yolo, fiftyone and imagefolder a folder, or a .zip")
    predictions: str | None = Field(
        default=None, description="name of stored predictions that go along, for annotators to correct"
    )
    labels: str | None = Field(default=None, description="source of the labels that go along; default: all sources")


def run_export(settings: ExportSettings) -> dict[str, object]:
    """Export.

    Raises:
        NotFoundError: there is no such dataset, tag, source of labels, or predictions.
        InvalidInputError: the format has no place for what is asked for; nothing is written then.
    """
    client = settings.dataset_client()
    if client is None:
        raise InvalidInputError("which dataset? give dataset=NAME or dataset_id=ID")
    client.export(settings.tag_name, settings.format, settings.output, settings.predictions, settings.labels)
    samples = client.get_tag_by_name(settings.tag_name).mask.count
    return {"dataset_id": client.dataset_id, "tag": settings.tag_name, "samples": samples, "path": str(settings.output)}
