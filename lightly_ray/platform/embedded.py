"""A platform inside a job: server and worker as child processes that end with the job, however it ends."""

import shlex
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from lightly_ray.errors import InvalidInputError, WorkerLostError
from lightly_ray.platform import lifeline
from lightly_ray.platform.listening import address, listen
from lightly_ray.platform.settings import ADMIN_FILE, ServeSettings

_START = 60.0  # seconds


class EmbeddedPlatform:
    """Serve a folder for the length of a `with` block.

        with EmbeddedPlatform(Path("platform")) as platform:
            client = ApiWorkflowClient(platform.token, server=platform.url)

    Args:
        data_dir: database, files and admin token; made if missing, and kept.
        host: address to listen on.
        port: 0 takes a free one.
        ray_address: Ray cluster for large selections; default: RAY_ADDRESS, else a local one.

    Attributes:
        url: of the server.
        token: the admin token.
        serve_command: opens the same data again.
    """

    def __init__(self, data_dir: Path, host: str = "127.0.0.1", port: int = 0, ray_address: str | None = None) -> None:
        self._asked = {"data_dir": data_dir.absolute(), "host": host, "ray_address": ray_address, "log": "warning"}
        self._port = port
        self._server: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.token = ""
        self.serve_command = f"lightly-ray serve data_dir={shlex.quote(str(data_dir.absolute()))}"

    def __enter__(self) -> Self:
        with listen(str(self._asked["host"]), self._port) as listener:
            self.url, port = address(listener), listener.getsockname()[1]
            settings = ServeSettings.model_validate({**self._asked, "port": port})
            self._server = lifeline.spawn("serve", settings, listener=listener)
        try:
            self._wait_until_ready()
            self.token = (settings.data_dir / ADMIN_FILE).read_text().strip()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End server and workers. What was stored stays."""
        if self._server is not None:
            lifeline.end(self._server, patience=15.0)
            self._server = None

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + _START
        while time.monotonic() < until:
            if self._server is None or self._server.poll() is not None:
                raise InvalidInputError("the embedded platform could not start; the lines above say why")
            if self._ready():
                return
            time.sleep(0.05)
        raise WorkerLostError(f"the embedded platform did not answer within {_START:.0f} s")

    def _ready(self) -> bool:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment would look for our port on its own machine
            try:
                return session.get(f"{self.url}/readyz", timeout=5).ok
            except requests.RequestException:
                return False
