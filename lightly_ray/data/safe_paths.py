"""File names of a dataset as paths below a folder, whatever they say."""

import re
from collections.abc import Collection

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"\A[A-Za-z]:")


def safe_path(name: str, sample_id: str, taken: Collection[str] = ()) -> str:
    """Where an image goes: below the folder or archive, whatever its file name says.

    A name that has to be changed for that, or is one of ``taken``, gets the sample's id, so that no two become the
    same.
    """
    parts = re.split(r"[/\\]", _DRIVE.sub("", _CONTROL.sub("", name)))
    inside = "/".join(part for part in parts if part.strip(". "))
    if inside == name and name not in taken:
        return name
    stem, dot, ending = inside.rpartition(".")
    return f"{stem}-{sample_id}.{ending}" if dot and stem and "/" not in ending else f"{inside or 'image'}-{sample_id}"
