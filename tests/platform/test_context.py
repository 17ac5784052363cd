"""Opening the platform's data: what cannot be used is one line, and no second database appears beside the first."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lightly_ray.errors import ConflictError, InvalidInputError, UnavailableError
from lightly_ray.platform.context import Store
from lightly_ray.platform.settings import ServeSettings, TokenSettings
from lightly_ray.settings import parse
from tests.conftest import in_full


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_open__a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    url = f"postgresql://me:secret@127.0.0.1:{_free_port()}/nowhere"
    with pytest.raises(
        UnavailableError, match=r"the database postgresql.*://me:\*\*\*@127.* cannot be used: "
    ) as raised:
        Store.open(ServeSettings(data_dir=tmp_path, database=url))
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_open__a_database_that_is_none(tmp_path: Path, postgresql_url: str) -> None:
    url = postgresql_url.replace("/postgres?", "/absent?")
    with pytest.raises(UnavailableError, match=r'cannot be used: .*"absent" does not exist'):
        Store.open(ServeSettings(data_dir=tmp_path, database=url))


def test_open__a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for data_dir in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(InvalidInputError, match=r"data_dir '.*file.*' cannot be used: "):
            Store.open(ServeSettings(data_dir=data_dir))
    with pytest.raises(InvalidInputError, match=r"storage '.*file/blobs' cannot be used: "):
        Store.open(ServeSettings(data_dir=tmp_path / "new", storage=f"{tmp_path}/file/blobs"))


@pytest.mark.parametrize("command", ["serve", in_full("worker"), in_full("token")])
def test_command__a_database_that_cannot_be_reached_is_one_line(tmp_path: Path, command: str) -> None:
    words = [command, f"data_dir={tmp_path}", f"database=postgresql://127.0.0.1:{_free_port()}/x"]
    words += ["port=0"] if command == "serve" else []
    code = "from lightly_ray.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: the database postgresql")


def test_token__does_not_open_another_database_than_the_server(tmp_path: Path, postgresql_url: str) -> None:
    store = Store.open(ServeSettings(data_dir=tmp_path, database=postgresql_url))
    store.database.close()
    with pytest.raises(ConflictError, match=r"keeps its data in postgresql.*, not in sqlite: give the setting"):
        Store.open(TokenSettings(data_dir=tmp_path))
    assert not (tmp_path / "lightly_ray.db").exists()
    Store.open(TokenSettings(data_dir=tmp_path, database=postgresql_url)).database.close()
    assert "@" not in (tmp_path / "database").read_text()


def test_settings__from_the_environment_and_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "platform.settings"
    file.write_text(
        f"# shared\n\ndata_dir={tmp_path}/data\ndatabase=postgresql://me:secret@db/x\nport=9000\ncreate=x\n"
    )
    assert parse(ServeSettings, [f"settings_file={file}"]).port == 9000
    token = parse(TokenSettings, [f"settings_file={file}"])
    assert (token.database, token.create) == ("postgresql://me:secret@db/x", "x")
    monkeypatch.setenv("LIGHTLY_RAY_SETTINGS_FILE", str(file))
    monkeypatch.setenv("LIGHTLY_RAY_PORT", "9001")
    assert parse(ServeSettings, []).port == 9001
    assert parse(ServeSettings, ["port=9002"]).port == 9002
    file.write_text("data_dir=x\ndatabsae=postgresql://me:secret@db/x\n")
    with pytest.raises(InvalidInputError, match=r"unknown setting 'databsae', did you mean 'database'") as raised:
        parse(ServeSettings, [])
    file.write_text("data_dir=x\nsecret\n")
    with pytest.raises(InvalidInputError, match=r"expected key=value$") as raised:
        parse(ServeSettings, [])
    assert "secret" not in str(raised.value)
    monkeypatch.setenv("LIGHTLY_RAY_SETTINGS_FILE", str(tmp_path / "absent"))
    with pytest.raises(InvalidInputError, match=r"settings_file '.*absent' cannot be read"):
        parse(ServeSettings, ["data_dir=x"])


def test_token__takes_its_settings_from_the_environment_as_serve_does(tmp_path: Path) -> None:
    env = os.environ | {"LIGHTLY_RAY_DATA_DIR": str(tmp_path)}
    code = "from lightly_ray.cli import main; main()"
    command = [sys.executable, "-c", code, "token", "create=ci"]
    said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True).stdout
    assert '"name": "ci"' in said
    assert (tmp_path / "lightly_ray.db").exists()
