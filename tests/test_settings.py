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


class Loader(Settings):
    """Inner settings."""

    batch_size: int = Field(default=64, description="images at a time")
    shuffle: bool = Field(default=False, description="in any order")


class Train(Settings):
    """With inner settings."""

    lr: float = Field(default=0.1, description="step")
    loader: Loader = Loader()


def test_parse__keys_behind_a_dot(tmp_path: Path) -> None:
    assert parse(Train, ["loader.batch_size=3"]) == Train(loader=Loader(batch_size=3))
    with pytest.raises(InvalidInputError, match=r"'loader\.batchsize', did you mean 'loader\.batch_size'"):
        parse(Train, ["loader.batchsize=3"])
    with pytest.raises(InvalidInputError, match=r"setting 'loader\.batch_size': .* got 'x'"):
        parse(Train, ["loader.batch_size=x"])
    text = help_text(Train, "train")
    assert "loader.batch_size  int, default 64" in text
    assert "config=FILE.yaml" in text


def test_parse__a_yaml_file_below_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("lr: 0.5\nloader:\n  batch_size: 7\n  shuffle: true\n")
    assert parse(Train, [f"config={file}"]) == Train(lr=0.5, loader=Loader(batch_size=7, shuffle=True))
    assert parse(Train, [f"config={file}", "lr=2"]).lr == 2
    file.write_text("")
    assert parse(Train, [f"config={file}"]) == Train()
    for content, message in (
        ("lr: 0.5\ntoken: secret", "unknown setting 'token'"),
        ("lr: [secret", "line 1 is no YAML"),
        ("- secret", "must hold `key: value` lines"),
        ("!!python/object/apply:os.system ['secret']", "is no YAML"),
    ):
        file.write_text(content)
        with pytest.raises(InvalidInputError, match=message) as caught:
            parse(Train, [f"config={file}"])
        assert "secret" not in str(caught.value)
    with pytest.raises(InvalidInputError, match="cannot be read: No such file"):
        parse(Train, [f"config={tmp_path / 'nowhere.yaml'}"])


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
