"""The command `lightly-ray`, run as users run it."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from lightly_ray import __version__
from lightly_ray.cli import COMMANDS, main
from lightly_ray.platform.listening import listen
from tests.platform.browser import Browser

PROGRAM = Path(sys.executable).parent / "lightly-ray"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help__lists_every_command(words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 0
    for name, command in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(command.summary)}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_help__of_each_command(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["lightly-ray", name, "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: lightly-ray {name}" in shown
    assert "settings:" in shown


def test_version() -> None:
    assert run("version").stdout == f"{__version__}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["serv"], "unknown command 'serv', did you mean 'serve'?"),
        (["serve"], "setting 'data_dir' is required"),
        (["serve", "data_dir=x", "prt=1"], "unknown setting 'prt', did you mean 'port'?"),
        (["serve", "data_dir=x", "port=x"], "setting 'port'"),
        (["serve", "data_dir=x", "database=mysql://h/n"], "database must be"),
        (["serve", "data_dir=x", "database=user:secret"], "database must be a URL"),
        (["serve", "data_dir=x", "public_url=example.org"], "public_url must start with"),
        (["token", "data_dir=x", "create=a", "revoke=b"], "either create or revoke"),
    ],
)
def test_errors__are_one_clear_line(words: list[str], line: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert line in done.stderr
    assert "secret" not in done.stderr


def test_serve__port_in_use(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = run("serve", f"data_dir={tmp_path}", f"port={port}")
    assert done.returncode == 1
    assert done.stderr == f"error: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert list(tmp_path.iterdir()) == []


def test_serve__prints_its_token_once(tmp_path: Path) -> None:
    command = [str(PROGRAM), "serve", f"data_dir={tmp_path}", "port=0", "workers=0"]
    for start in range(2):
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            lines = [server.stderr.readline() for _ in range(4)]
            url = re.search(r"http://\S+:\d+", lines[0])
            token = (tmp_path / "admin-token").read_text().strip()
            assert url is not None
            assert (token in lines[1]) == (start == 0)
            assert requests.get(f"{url[0]}/v1/quota", params={"token": token}, timeout=9).ok
            link = re.fullmatch(rf"open {url[0]}/#/sign-in\?code=(\w+)\n", lines[2])
            assert link is not None, lines
            assert Browser(url[0]).sign_in(code=link[1]) == "admin"
            server.send_signal(signal.SIGINT)
            rest = server.stderr.read()
        assert "Traceback" not in rest
        assert server.returncode == 0  # the usual way to stop a server


def test_worker__stops_in_order(tmp_path: Path) -> None:
    command = [str(PROGRAM), "worker", f"data_dir={tmp_path}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        assert "waiting for jobs" in worker.stderr.readline()
        until = time.monotonic() + 60
        while not psutil.Process(worker.pid).children() and time.monotonic() < until:
            time.sleep(0.05)
        worker.send_signal(signal.SIGINT)
        rest = worker.stderr.read()
    assert "Traceback" not in rest
    assert worker.returncode == 0


@pytest.mark.full
def test_token__made_listed_revoked(tmp_path: Path) -> None:
    made = json.loads(run("token", f"data_dir={tmp_path}", "create=laptop").stdout)
    assert len(made["token"]) == 48
    assert json.loads(run("token", f"data_dir={tmp_path}").stdout)["tokens"][0]["name"] == "laptop"
    assert run("token", f"data_dir={tmp_path}", "revoke=nobody").returncode == 1
    assert json.loads(run("token", f"data_dir={tmp_path}", "revoke=laptop").stdout)["revoked"] == "laptop"


@pytest.mark.full
def test_user__made_listed_removed(tmp_path: Path) -> None:
    where = f"data_dir={tmp_path}"
    assert json.loads(run("user", where, "create=ada").stdout) == {"name": "ada", "role": "member"}
    assert json.loads(run("token", where, "create=laptop", "user=ada", "days=30").stdout)["user"] == "ada"
    [token] = json.loads(run("token", where, "user=ada").stdout)["tokens"]
    assert token["expires_at"] - token["created_at"] == 30 * 24 * 3600 * 1000
    assert json.loads(run("user", where, "remove=ada").stdout) == {"removed": "ada"}
    assert json.loads(run("token", where).stdout) == {"tokens": []}
    assert [one["name"] for one in json.loads(run("user", where).stdout)["users"]] == ["admin"]
    assert "there is no user named 'ada'" in run("token", where, "create=again", "user=ada").stderr
