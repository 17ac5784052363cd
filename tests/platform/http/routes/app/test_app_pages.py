"""The page of the web app and its assets: under a digest, under a strict policy, and nothing else of the disk."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from lightly_ray.platform.http.assets import FOLDER, PAGE, read_assets, web_assets
from tests.platform.served import Api

PROJECT = Path(__file__).parents[5]


def get(api: Api, path: str) -> requests.Response:
    return requests.get(f"{api.url}/{path}", timeout=9, allow_redirects=False)


def test_page__with_relative_addresses(api: Api) -> None:
    page = get(api, "")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert f'"web/{web_assets().digest}/' in page.text
    assert "{{web}}" not in page.text
    assert 'src="/' not in page.text


def test_page__runs_nothing_of_others(api: Api) -> None:
    headers = get(api, "").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_asset__kept_for_good_under_its_digest(api: Api) -> None:
    digest = web_assets().digest
    asset = get(api, f"web/{digest}/app.js")
    assert asset.content == (FOLDER / "app.js").read_bytes()
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in asset.headers["cache-control"]
    other = get(api, "web/000000000000/app.js")
    assert (other.content, other.headers["cache-control"]) == (asset.content, "no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "missing.js",
        "",
        PAGE,  # its placeholder is of use to nobody
        "../settings.py",
        "..%2fsettings.py",
        "..%2f..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/pyproject.toml",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "app.js%00.css",
        "./app.js%2f..%2f..%2fsettings.py",
    ],
)
def test_asset__nothing_but_what_is_listed(api: Api, path: str) -> None:
    # Prepared by hand: requests would resolve the dots itself.
    request = requests.Request("GET", api.url).prepare()
    request.url = f"{api.url}/web/{web_assets().digest}/{path}"
    with requests.Session() as session:
        assert session.send(request, timeout=9).status_code == 404


def test_read_assets__what_browsers_use_at_any_depth(tmp_path: Path) -> None:
    for name in ("index.html", "lib/dom.js", "style/a.css", "notes.txt", "lib/code.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assets = read_assets(tmp_path)
    assert list(assets.files) == ["index.html", "lib/dom.js", "style/a.css"]
    (tmp_path / "lib" / "dom.js").write_text("else")
    assert read_assets(tmp_path).digest != assets.digest
    assert len(assets.digest) == 12


def test_wheel__holds_every_asset(tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=PROJECT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"lightly_ray/platform/web/{name}" for name in web_assets().files} <= names
    assert "lightly_ray/platform/storage/migrations/versions/0002_web_app.py" in names


def test_answers__are_compressed_from_a_kilobyte_on(api: Api) -> None:
    session = requests.Session()
    headers = {"x-lightly-ray": "app", "accept-encoding": "gzip"}
    session.post(f"{api.url}/app/session", json={"token": api.token}, headers=headers, timeout=9)
    large = session.get(f"{api.url}/app/guide/protocol", headers=headers, timeout=9)
    assert large.headers["content-encoding"] == "gzip"
    assert (large.headers["x-content-type-options"], large.headers["cache-control"]) == ("nosniff", "no-store")
    assert "content-encoding" not in session.get(f"{api.url}/app/session", headers=headers, timeout=9).headers
    plain = session.get(f"{api.url}/app/guide/protocol", headers={"accept-encoding": "identity"}, timeout=9)
    assert "content-encoding" not in plain.headers
    outside = session.get(f"{api.url}/openapi.json", params={"token": api.token}, headers=headers, timeout=9)
    assert "content-encoding" not in outside.headers
