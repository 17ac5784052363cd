"""nginx as we configure it: its own check, and a platform behind it, with TLS and under a path."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from lightly_ray import deploy
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.settings import ServeSettings
from tests.conftest import missing
from tests.platform.served import serving

pytestmark = pytest.mark.full
TEMPORARY = " ".join(f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
MAIN = (
    "daemon off; master_process off; error_log stderr warn; pid nginx.pid; events {} "
    f"http {{ {TEMPORARY} include site.conf; }}"
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    for program in ("nginx", "openssl"):
        if shutil.which(program) is None:
            missing("nginx", f"there is no {program}")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


def site(certificate: tuple[Path, Path], folder: Path, *, plain: int = 0, tls: int = 0) -> str:
    """Our file with ports, names and folders of a test."""
    text = deploy.text("nginx").replace("listen 80;", f"listen 127.0.0.1:{plain};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{tls} ssl;").replace("platform.example;", "127.0.0.1;")
    text = re.sub(r"ssl_certificate .*;", f"ssl_certificate {certificate[0]};", text)
    text = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {certificate[1]};", text)
    return text.replace("/var/log/nginx/", f"{folder}/")


def under_a_path(text: str) -> str:
    """With the locations exchanged, as the file says."""
    lines = text.splitlines()
    first, mark = lines.index("    location = /metrics { return 404; }"), lines.index("    # Under a path:")
    path = [re.sub(r"^    # ", "    ", line) for line in lines[mark + 1 : -1]]
    return "\n".join([*lines[:first], *path, lines[-1], ""])


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def command(folder: Path) -> list[str]:
    (folder / "main.conf").write_text(MAIN)
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "main.conf")]


def test_nginx__says_that_both_forms_are_right(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    plain, tls = free_ports(2)
    text = site(certificate, tmp_path, plain=plain, tls=tls)
    for form in (text, under_a_path(text)):
        (tmp_path / "site.conf").write_text(form)
        done = subprocess.run([*command(tmp_path), "-t"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "[warn]" not in done.stderr


@pytest.fixture
def behind(certificate: tuple[Path, Path], tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URL and token of a platform behind nginx, under the path /labels/."""
    plain, tls = free_ports(2)
    url = f"https://127.0.0.1:{tls}/labels"
    platform = Platform.open(ServeSettings(data_dir=tmp_path / "data", public_url=url))
    with platform.database.write() as db:
        token = tokens.create(db, users.admin(db), "tests")
    with serving(platform) as inside:
        text = under_a_path(site(certificate, tmp_path, plain=plain, tls=tls))
        (tmp_path / "site.conf").write_text(text.replace("127.0.0.1:8000", inside.removeprefix("http://")))
        with subprocess.Popen(command(tmp_path), env={**os.environ}) as nginx:
            try:
                until = time.monotonic() + 30
                while not answers(tls):
                    assert time.monotonic() < until
                    time.sleep(0.1)
                yield url, token
            finally:
                nginx.terminate()
    platform.database.close()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_platform__serves_the_client_behind_nginx_under_a_path(
    behind: tuple[str, str], certificate: tuple[Path, Path], images: Path, tmp_path: Path
) -> None:
    url, token = behind
    client = ApiWorkflowClient(token, server=url, show_progress=False)
    client.transport._session.verify = str(certificate[0])  # on loopback it looks into no environment
    client.create_dataset("behind nginx")
    client.upload_dataset(images, mode="full")
    names = client.get_filenames()
    assert len(names) == 12
    client.download_dataset(tmp_path / "out")
    assert (tmp_path / "out" / "cats" / "0.png").read_bytes() == (images / "cats" / "0.png").read_bytes()
    get = partial(requests.get, timeout=9, verify=str(certificate[0]))
    assert get(f"{url}/readyz").json() == {"status": "ok"}
    assert get(f"{url}/metrics", params={"token": token}).status_code == 404
    client.transport.close()
    log = (tmp_path / "lightly-ray.log").read_text()
    assert "/labels/v1/datasets" in log
    assert token not in log
