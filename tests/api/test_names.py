"""Names that the client gives."""

from itertools import islice

import pytest

from lightly_ray.api.names import dataset_name, timestamps
from lightly_ray.api.protocol import DATASET_NAME


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Pizza.v1i.folder", "Pizza-v1i-folder"),
        ("v1", "v1 images"),
        ("fotos (1)", "fotos -1"),
        ("k\u00fcche", "kuche"),
        ("_hidden", "hidden"),
        ("\u65e5\u672c", "images"),
        ("", "images"),
        ("my photos_2", "my photos_2"),
        ("x" * 300, "x" * 255),
    ],
)
def test_dataset_name__of_any_folder(folder: str, name: str) -> None:
    assert dataset_name(folder) == name
    assert DATASET_NAME.match(name)


def test_timestamps__the_first_as_published_clients_write_it_and_no_two_alike() -> None:
    first, *others = islice(timestamps(), 5)
    assert len(first) == len("20261125_23h47m43s")
    assert len({first, *others}) == 5
