"""`lightly-ray deploy`: every file by its name, all names, and a clear word on others."""

import subprocess
import sys
from importlib.resources import files

import pytest

from lightly_ray import deploy
from lightly_ray.errors import NotFoundError


def run(*words: str) -> subprocess.CompletedProcess[str]:
    code = "from lightly_ray.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def test_deploy__prints_a_file() -> None:
    done = run("deploy", "dockerfile")
    assert (done.returncode, done.stdout, done.stderr) == (0, deploy.text("dockerfile"), "")
    assert "FROM python:3.11-slim" in done.stdout


def test_deploy__lists_all_of_them_in_a_line_each() -> None:
    lines = run("deploy").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(deploy.DEPLOYED)
    assert all(len(line) < 100 for line in lines)


def test_deploy__an_unknown_name_and_two_names_are_errors() -> None:
    done = run("deploy", "helm")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no 'helm' to deploy; there are dockerfile, compose, ")
    assert run("deploy", "compose", "nginx").returncode == 2
    with pytest.raises(NotFoundError):
        deploy.text("../errors.py")


def test_deploy__names_every_file_that_is_there() -> None:
    there = {one.name for one in files(deploy).iterdir() if one.name not in {"__init__.py", "__pycache__"}}
    assert {one.file for one in deploy.DEPLOYED.values()} == there


@pytest.mark.parametrize("name", deploy.DEPLOYED)
def test_deploy__each_file_says_how_it_is_used(name: str) -> None:
    text = deploy.text(name)
    assert text.endswith("\n")
    if name != "grafana":  # JSON has no comments
        head = "".join(line for line in text.splitlines(keepends=True)[:20] if line.startswith("#"))
        assert f"lightly-ray deploy {name}" in head
