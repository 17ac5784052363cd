"""Names become paths that stay below a folder."""

import pytest

from lightly_ray.data.safe_paths import safe_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.png", "a.png"),
        ("a/b c/ä-日本.png", "a/b c/ä-日本.png"),
        ("2020-01-01T10:00.png", "2020-01-01T10:00.png"),
        ("..png", "..png"),
        ("../a.png", "a-7.png"),
        ("a/../../b.png", "a/b-7.png"),
        ("/etc/passwd", "etc/passwd-7"),
        ("a//b.png", "a/b-7.png"),
        ("./a.tar.gz", "a.tar-7.gz"),
        ("..\\a\\b.png", "a/b-7.png"),
        ("C:/b.png", "b-7.png"),
        ("c:b.png", "b-7.png"),
        ("..", "image-7"),
        ("a/", "a-7"),
        ("/.hidden", ".hidden-7"),
        ("a.b/../c", "a.b/c-7"),
        ("a\nb.png", "ab-7.png"),
        ("MISSING.txt", "MISSING-7.txt"),
    ],
)
def test_safe_path__by_hand(name: str, path: str) -> None:
    assert safe_path(name, "7", ["MISSING.txt"]) == path
