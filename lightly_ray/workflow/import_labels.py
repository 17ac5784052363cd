"""The command `import-labels`: what a labelling tool has exported comes back to the samples of a dataset."""

import sys

from pydantic import Field

from lightly_ray.api.models import Counted
from lightly_ray.data.labels.files import FORMATS
from lightly_ray.data.labels.table import Task
from lightly_ray.errors import InvalidInputError
from lightly_ray.workflow.destination import DatasetSettings
from lightly_ray.workflow.place import Place


class ImportLabelsSettings(DatasetSettings):
    """Import labels of samples, selected or not. The same again changes nothing."""

    labels: Place = Field(description="file, folder or ZIP as a labelling tool has exported it: a path, or a URI")
    source: str = Field(default="labels", description="name for whose labels these are: round-1, reviewed, ...")
    format: str | None = Field(
        default=None,
        description=f"{', '.join(FORMATS)}; default: the content tells",
    )
    task: Task | None = Field(default=None, description="which annotations are read, where there are several kinds")


def run_import_labels(settings: ImportLabelsSettings) -> dict[str, object]:
    """Import; samples that the dataset does not have are named on standard error.

    Raises:
        NotFoundError: there is no such dataset, or file.
        InvalidInputError: the labels cannot be used; nothing is imported then.
    """
    client = settings.dataset_client()
    if client is None:
        raise InvalidInputError("which dataset? give dataset=NAME or dataset_id=ID")
    report = client.import_labels(settings.labels, settings.source, settings.format, settings.task)
    if report.unknown.count:
        names = "; ".join(report.unknown.first)
        sys.stderr.write(f"{report.unknown.count} samples of the labels are not in the dataset, first: {names}\n")
    counts = {name: it.count for name, it in report if isinstance(it, Counted)}
    said = {"source": report.source, "task": report.task, "import_id": report.import_id}
    return {"dataset_id": client.dataset_id, **said, **counts}
