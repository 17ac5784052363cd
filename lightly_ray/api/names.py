"""Names that the client gives where the caller gave none, or one that is taken or cannot be."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from itertools import repeat

from lightly_ray.api.protocol import DATASET_NAME


def timestamps() -> Iterator[str]:
    """The time of day to the second, as published clients write it; then with microseconds, again and again.

    Two uploads of one second, by a loop or by two machines, must not claim one name.
    """
    yield f"{datetime.now().astimezone():%Y%m%d_%Hh%Mm%Ss}"
    for _ in repeat(None):
        yield f"{datetime.now().astimezone():%Y%m%d_%Hh%Mm%Ss_%f}"


def dataset_name(folder_name: str) -> str:
    """The name of a folder as one that a dataset may have: `Pizza.v1i.folder` becomes `Pizza-v1i-folder`.

    Letters lose their accents; what is neither letter, digit, space, _ nor - becomes a -; what is then too short gets
    a word behind it.
    """
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", folder_name) if not unicodedata.combining(letter)
    )
    name = re.sub(r"[^a-zA-Z0-9 _-]+", "-", plain).strip(" _-")[:255].strip(" _-")
    return name if DATASET_NAME.match(name) else f"{name} images".strip()
