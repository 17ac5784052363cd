"""Settings: what parses, what is refused and how, and what a command prints."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from lightly_ray.errors import InvalidInputError
from lightly_ray.settings import Settings, help_text, parse


class Resize(Settings):
    """Make images smaller."""

    input_dir: Path = Field(description="folder of images")
    width: int = Field(default=64, gt=0, description="new width in pixels")
    share: float | None = Field(default=None, description="share of the images")
    mode: Literal["fit", "crop"] = Field(default="fit", description="what gives way")


def test_parse__reads_types_and_keeps_what_follows_the_first_equals_sign() -> None:
    settings = parse(Resize, ["input_dir=a=b/c", "width=7", "share=0.25", "mode=crop"])
    assert settings == Resize(input_dir=Path("a=b/c"), width=7, share=0.25, mode="crop")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "setting 'input_dir' is required"),
        (["input_dir"], "expected key=value, got 'input_dir'"),
        (["input_dir=a", "input_dir=b"], "'input_dir' is given twice"),
        (["input_dir=a", "widht=3"], "unknown setting 'widht', did you mean 'width'?"),
        (["input_dir=a", "width=0"], "setting 'width': input should be greater than 0, got '0'"),
        (["input_dir=a", "share=nan"], "setting 'share': input should be a finite number, got 'nan'"),
        (["input_dir=a", "mode=stretch"], "setting 'mode': input should be 'fit' or 'crop', got 'stretch'"),
    ],
)
def test_parse__bad_words_are_named(words: list[str], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse(Resize, words)
    assert message in str(caught.value)


def test_help__lists_every_key_with_type_default_and_meaning() -> None:
    text = help_text(Resize, "python resize.py")
    for part in ["python resize.py [key=value", "Make images smaller.", "path, required", "folder of images"]:
        assert part in text
    assert "int, default 64" in text
    assert "float, default none" in text
    assert "fit | crop, default fit" in text


SCRIPT = """
import os, sys
from lightly_ray.errors import InvalidInputError
from lightly_ray.settings import Settings, run

class Job(Settings):
    word: str

def main(settings):
    print("noise"); os.system("echo noise of a child")
    if settings.word == "bad": raise InvalidInputError("the word is bad")
    if settings.word == "stop": raise KeyboardInterrupt
    return {"word": settings.word}

run(main, Job)
"""


@pytest.mark.parametrize(
    ("word", "status", "last_line"),
    [
        ("word=hello", 0, ""),
        ("word=bad", 1, "error: the word is bad"),
        ("wort=x", 2, "error: unknown setting 'wort', did you mean 'word'? (--help lists the settings)"),
        ("word=stop", 130, "interrupted"),
    ],
)
def test_run__status_and_streams(tmp_path: Path, word: str, status: int, last_line: str) -> None:
    script = tmp_path / "job.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, script, word], capture_output=True, text=True, check=False)
    assert done.returncode == status
    if status == 0:
        assert json.loads(done.stdout) == {"word": "hello"}
        assert "noise of a child" in done.stderr
    else:
        assert done.stdout == ""
        assert done.stderr.splitlines()[-1] == last_line
