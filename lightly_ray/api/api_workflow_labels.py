"""Labels: imported from what a labelling tool has exported, read, withdrawn."""

import io

from lightly_ray._types import PathLike
from lightly_ray.api.base import ClientBase
from lightly_ray.api.models import LabelImport, LabelReport, parse, parse_list
from lightly_ray.data.labels.files import read_labels
from lightly_ray.data.labels.packed import read_packed, write_packed
from lightly_ray.data.labels.table import SCHEMA, Labels, Task


class LabelsMixin(ClientBase):
    """The part of `ApiWorkflowClient` that handles labels."""

    def import_labels(
        self,
        path: PathLike | Labels,
        source: str = "labels",
        format: str | None = None,
        task: Task | None = None,
    ) -> LabelReport:
        """Import labels, of selected samples and of any others: all whose samples the dataset has, or nothing.

        A sample is found by its id on the platform where the file brings it, else by its full file name, else by a base
        name that can only be meant for one. A sample that the source has labelled before gets its new label; one that
        the file does not speak of keeps what it has. The same import again changes nothing. Samples that an annotator
        could not label join those of `mark_cannot_be_labelled`, and stay there if the labels are withdrawn.

        Args:
            path: a file, folder or ZIP, as a labelling tool has exported it; or labels that are in memory.
            source: a name for whose labels these are, "round-1", "reviewed", ...: 1 to 255 printable characters. All
                imports of a source are of one task.
            format: a name of `lightly_ray.data.labels.files.FORMATS`; None: the content tells.
            task: which annotations are read where there are those of several tasks; None: the only one there is.

        Raises:
            InvalidInputError: the file cannot be used; half of its samples or more are not in the dataset; two of its
                samples are one of the dataset, or a base name may be that of several. Nothing is imported then.
            NotFoundError: there is no such file.
            TooLargeError: it is over the limits of the platform.
        """
        labels = path if isinstance(path, Labels) else read_labels(path, format=format, task=task)
        content = io.BytesIO()
        write_packed(labels, content)
        return parse(LabelReport, self.transport.put_bytes(self._at("labels"), content.getvalue(), source=source))

    def labels(self, source: str | None = None, *, import_id: str | None = None) -> Labels:
        """The labels on the platform, a row per labelled sample, in the order of the dataset.

        Args:
            source: of this source. None: of all that are not withdrawn; of a sample of which several say something,
                what was brought or changed last.
            import_id: as they were after this import (`label_imports`) instead, also of a source that was withdrawn.

        Returns:
            Labels with the ids and file names of the samples, also of those that cannot be labelled.

        Raises:
            NotFoundError: there are none, or no such source or import.
            InvalidInputError: all sources are asked for, and they are of several tasks, or spell a class differently.
        """
        content = self.transport.get_bytes(self._at("labels"), source=source, importId=import_id)
        packed = read_packed(io.BytesIO(content), "what the platform answered")
        return Labels(packed.task, packed.classes, packed.table.select(SCHEMA.names))

    def label_sources(self) -> list[LabelImport]:
        """The newest import of each source that is not withdrawn, the one imported last at the end."""
        newest = {one.source: one for one in self.label_imports()}
        return sorted((one for one in newest.values() if one.withdrawn_at is None), key=lambda one: one.id)

    def label_imports(self) -> list[LabelImport]:
        """All imports of labels, the oldest first, also those of withdrawn sources."""
        return parse_list(LabelImport, self.transport.get(self._at("labels", "imports")))

    def withdraw_labels(self, source: str) -> None:
        """Let the labels of a source count no more. What it said can be read by the ids of its imports.

        The next import of that name begins from nothing. A source that was withdrawn before stays so.

        Raises:
            NotFoundError: nothing was ever imported from it.
        """
        self.transport.delete(self._at("labels"), source=source)
