"""The container and what starts it: compose by its schema, the Dockerfile by running its steps, systemd by its check.

There is no Docker here, so no image is built: every RUN of the Dockerfile is executed as a script, in a folder that
stands for the image, and what it installs is then started as the image starts it.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import requests
import yaml

from lightly_ray import deploy
from lightly_ray.platform.settings import ServeSettings, WorkerSettings
from lightly_ray.settings import Settings, parse
from tests.conftest import missing

PROJECT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: word and the rest of the line."""
    lines = [line for line in deploy.text("dockerfile").splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def value(word: str) -> str:
    return [rest for name, rest in instructions() if name == word][-1]


def test_dockerfile__is_slim_not_root_and_checks_its_health() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert {word for word, _ in instructions()} == known
    assert [rest.split()[0] for word, rest in instructions() if word == "FROM"] == ["python:3.11-slim"] * 2
    assert value("USER") == "10001:10001"
    after_user = [word for word, _ in instructions()][::-1]
    assert "RUN" not in after_user[: after_user.index("USER")]
    assert "/healthz" in value("HEALTHCHECK")


def test_dockerfile__starts_a_server_with_settings_that_are_there() -> None:
    program, command, *words = json.loads(value("CMD"))
    assert (program, command) == ("lightly-ray", "serve")
    assert parse(ServeSettings, words).data_dir == Path("/app/data")


class Build:
    """Executes a Dockerfile, with a folder for the file system of each stage."""

    def __init__(self, folder: Path, context: Path) -> None:
        self.folder, self.context = folder, context
        self.stages: dict[str, Path] = {}
        self.root = self.workdir = folder
        self.env: dict[str, str] = {}

    def run(self) -> None:
        for word, rest in instructions():
            step = getattr(self, f"do_{word.lower()}", None)
            if step is not None:
                step(rest)

    def do_from(self, rest: str) -> None:
        self.root = self.workdir = self.folder / f"stage-{len(self.stages)}"
        self.stages[rest.rsplit(maxsplit=1)[-1]] = self.root
        subprocess.run([sys.executable, "-m", "venv", self.root / "python"], check=True)
        path = f"{self.root / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
        self.env = {**kept, "PATH": path}

    def do_workdir(self, rest: str) -> None:
        self.workdir = self.root / rest.lstrip("/")
        self.workdir.mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest: str) -> None:
        *options, source, target = rest.split()
        stage = [option.removeprefix("--from=") for option in options]
        place = self.stages[stage[0]] / source.lstrip("/") if stage else self.context / source
        shutil.copytree(place, self.workdir / target, dirs_exist_ok=True)

    def do_run(self, rest: str) -> None:
        subprocess.run(["/bin/sh", "-e", "-c", rest], cwd=self.workdir, env=self.env, check=True)


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0, reason="its steps give a folder to another user")
def test_dockerfile__its_steps_make_an_image_that_serves(tmp_path: Path) -> None:
    """Every step but those that only Docker knows; `CMD` and `HEALTHCHECK` with the port and folder of this test."""
    left_out = shutil.ignore_patterns(".git", "__pycache__", ".venv", "*.nb[ic]", ".*_cache", "tests")
    shutil.copytree(PROJECT, tmp_path / "context", ignore=left_out)
    build = Build(tmp_path, tmp_path / "context")
    build.run()
    assert (build.workdir / "jobs" / "select_samples.py").is_file()
    assert (build.workdir / "data").stat().st_uid == 10001
    here = {"data_dir=/app/data": "data_dir=data", "port=8000": "port=18123"}
    command = [here.get(word, word) for word in json.loads(value("CMD"))]
    check = json.loads(re.findall(r"CMD (\[.*\])", value("HEALTHCHECK"))[0])
    check = [word.replace(":8000", ":18123") for word in check]
    assert subprocess.run(check, env=build.env, check=False, capture_output=True).returncode != 0
    with subprocess.Popen(
        [build.root / "python" / "bin" / command[0], *command[1:]], cwd=build.workdir, env=build.env
    ) as server:
        try:
            until = time.monotonic() + 60
            while subprocess.run(check, env=build.env, check=False, capture_output=True).returncode:
                assert time.monotonic() < until
                time.sleep(0.5)
            assert requests.get("http://127.0.0.1:18123/readyz", timeout=9).json() == {"status": "ok"}
        finally:
            server.terminate()


@pytest.fixture
def compose() -> dict[str, Any]:
    # The specification has no `<<`, which YAML resolves.
    loaded: dict[str, Any] = yaml.safe_load(deploy.text("compose"))
    return loaded


def test_compose__is_what_the_specification_allows(compose: dict[str, Any]) -> None:
    read = compose_spec.PyCompose.from_json(json.dumps(compose))
    assert sorted(read.to_dict()["services"]) == ["bucket", "database", "server", "store", "worker"]
    broken = {**compose, "services": {**compose["services"], "worker": {"image": "x", "comand": ["y"]}}}
    with pytest.raises(ValueError, match="comand"):
        compose_spec.PyCompose.from_json(json.dumps(broken))


def test_compose__keeps_no_password_and_opens_loopback_alone(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [service for service in services if "ports" in services[service]] == ["server"]
    assert all(port.startswith("127.0.0.1:") for port in services["server"]["ports"])
    secrets = re.findall(r"(?:_PASSWORD|_ACCESS_KEY|secretKey\"): \"?(\S\S)|lightly:(..)", deploy.text("compose"))
    assert ["".join(found) for found in secrets] == ["${"] * 4
    used = {volume.split(":")[0] for name in services for volume in services[name].get("volumes", []) if ":" in volume}
    assert used == set(compose["volumes"])


@pytest.mark.parametrize(("name", "model"), [("server", ServeSettings), ("worker", WorkerSettings)])
def test_compose__its_commands_and_environment_are_settings(
    compose: dict[str, Any], name: str, model: type[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = compose["services"][name]
    for variable, text in service["environment"].items():
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:[-?]([^}]*)\}", r"\1", text))
        assert not variable.startswith("LIGHTLY_RAY_") or variable[12:].lower() in ServeSettings.model_fields
    settings = parse(model, service["command"][2:]).model_dump()
    assert settings["storage_endpoint"] == "http://store:8333"
    assert settings["log_format"] == "json"


def test_compose__the_step_that_makes_the_bucket_makes_it(compose: dict[str, Any], s3_endpoint: str) -> None:
    import boto3

    bucket = compose["services"]["bucket"]
    program, *arguments = bucket["command"]
    assert program == "python"
    storage = bucket["environment"]["LIGHTLY_RAY_STORAGE"]
    env = {"LIGHTLY_RAY_STORAGE_ENDPOINT": s3_endpoint, "LIGHTLY_RAY_STORAGE": storage}
    for _ in range(2):  # it runs at every start
        subprocess.run([sys.executable, *arguments], env={**os.environ, **env}, check=True)
    names = [one["Name"] for one in boto3.client("s3", endpoint_url=s3_endpoint).list_buckets()["Buckets"]]
    assert "lightly-ray" in names


def test_systemd__its_command_and_environment_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = deploy.text("systemd")
    (given,) = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
    for name, _, text in (word.partition("=") for word in shlex.split(given)):
        monkeypatch.setenv(name, text)
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    program, name, *words = shlex.split(command)
    assert (Path(program).name, name) == ("lightly-ray", "serve")
    assert parse(ServeSettings, words).log_format == "json"


@pytest.mark.full
def test_systemd__says_that_its_unit_is_right(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd", "there is no systemd-analyze")
    unit = tmp_path / "lightly-ray.service"
    unit.write_text(deploy.text("systemd").replace("/opt/lightly-ray/bin/lightly-ray", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHomes=yes"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert "ProtectHomes" in done.stderr
