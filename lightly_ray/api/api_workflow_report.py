"""The report of a tag: one page that holds all it shows, and the figures in it."""

import json
from dataclasses import dataclass
from typing import Any

from lightly_ray._types import PathLike
from lightly_ray.api.api_workflow_tags import TagsMixin
from lightly_ray.data.location import Location


@dataclass(frozen=True, slots=True)
class Report:
    """What a selection has come to.

    Attributes:
        html: the page: one file, without scripts, that asks for nothing.
        figures: what it shows, as JSON values.
    """

    html: str
    figures: dict[str, Any]

    def save(self, path: PathLike) -> tuple[str, str]:
        """Write the page, and the figures beside it, which end in `.json`; return where both lie."""
        page = Location.parse(path)
        figures = page.at(f"{page.path.removesuffix('.html')}.json")
        page.write(self.html.encode())
        figures.write(json.dumps(self.figures, indent=2, ensure_ascii=False).encode())
        return page.shown, figures.shown


class ReportMixin(TagsMixin):
    """The part of `ApiWorkflowClient` that reports."""

    def report(self, tag_name: str) -> Report:
        """What a selection has come to, beside random draws of the same size.

        What was asked; what was chosen; where it lies in the embedding; how near the pool lies to it, before and after;
        near duplicates; classes and scores of the chosen; accuracy and labels over the rounds; what going on would
        cost. Where the difference to random draws lies within their spread, it says so. Of a large pool a random sample
        is looked at, so a report takes seconds.

        Args:
            tag_name: of a tag that has chosen something: a selection's, or one made by hand.

        Raises:
            NotFoundError: the dataset has no tag of this name.
            InvalidInputError: it is the tag of all samples, or adds none to the one before it.
        """
        where = self._at("tags", self.get_tag_by_name(tag_name).id, "report")
        figures = dict(self.transport.get(where, form="json"))
        return Report(self.transport.get_bytes(where, form="html").decode(), figures)
