"""The command `report`: what a selection has come to, as a page and as JSON."""

import re

from pydantic import Field

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError
from lightly_ray.workflow.destination import DatasetSettings
from lightly_ray.workflow.place import Place


class ReportSettings(DatasetSettings):
    """Report what a selection has come to, beside random draws of the same size."""

    tag_name: str = Field(description="name of the tag")
    output: Place | None = Field(
        default=None, description="HTML file to write, with JSON beside it; default: report-TAG.html"
    )


def run_report(settings: ReportSettings) -> dict[str, object]:
    """Write the report.

    Raises:
        NotFoundError: there is no such dataset or tag.
        InvalidInputError: the tag has chosen nothing.
    """
    client = settings.dataset_client()
    if client is None:
        raise InvalidInputError("which dataset? give dataset=NAME or dataset_id=ID")
    named = re.sub(r"[^A-Za-z0-9._-]+", "-", settings.tag_name)
    report = client.report(settings.tag_name)
    page, figures = report.save(settings.output or Location.parse(f"report-{named}.html"))
    return {"dataset_id": client.dataset_id, "tag": settings.tag_name, "page": page, "figures": figures}
