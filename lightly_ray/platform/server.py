"""`lightly-ray serve`: a process that serves HTTP, with worker processes beside it that it replaces when they die.

Where several are to serve, all of them are children that share one listening socket, and the first process looks after
them alone.
"""

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import uvicorn

from lightly_ray.platform import lifeline
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.app import create_app
from lightly_ray.platform.http.measured import COUNTERS
from lightly_ray.platform.listening import address, listen
from lightly_ray.platform.log import configure
from lightly_ray.platform.memory import give_memory_back
from lightly_ray.platform.services import sessions, tokens
from lightly_ray.platform.settings import ADMIN_FILE, ServeSettings, WorkerSettings
from lightly_ray.settings import Settings

_log = logging.getLogger("lightly_ray.platform")
_LOOK = 1.0  # seconds between looks at the children
_PATIENCE = 15.0  # seconds for them to end


class _Child(NamedTuple):
    """A process that is to be there."""

    role: str
    settings: Settings
    env: Mapping[str, str] | None = None
    listener: socket.socket | None = None

    def start(self) -> subprocess.Popen[bytes]:
        return lifeline.spawn(self.role, self.settings, env=self.env, listener=self.listener)


def serve(settings: ServeSettings, *, announce: bool = True, given: socket.socket | None = None) -> None:
    """Serve until interrupted.

    Args:
        settings: as given.
        announce: print where the server is, and a new admin token, for a person at a terminal.
        given: a listening socket; None: one is made of host and port.

    Raises:
        InvalidInputError: the port is in use, or the address is not this machine's.
    """
    configure(settings.log, settings.log_format)
    give_memory_back()
    with given or listen(settings.host, settings.port) as listener:
        platform = Platform.open(settings)
        token = tokens.ensure_admin(platform.database, settings.data_dir / ADMIN_FILE)
        if announce:
            _announce(platform, listener, token)
        try:
            _run(_serve(platform, listener) if settings.servers == 1 else _supervise(settings, listener))
        finally:
            platform.database.close()


def run_child(settings_json: object) -> None:
    """Serve as the child of an embedded platform."""
    lifeline.follow()
    serve(ServeSettings.model_validate(settings_json), announce=False, given=lifeline.inherited_listener())


def http_server(platform: Platform) -> uvicorn.Server:
    """The HTTP server of a platform."""
    config = uvicorn.Config(
        create_app(platform), log_config=None, access_log=False, timeout_graceful_shutdown=10, server_header=False
    )
    # Its access log shows the query, which holds the token; ours does not. Without a log configuration of its
    # own, `access_log=False` alone does not silence it.
    logging.getLogger("uvicorn.access").disabled = True
    return uvicorn.Server(config)


def _run(work: Coroutine[Any, Any, None]) -> None:
    # The same that uvicorn would take by itself: uvloop where there is one.
    factory = uvicorn.Config("", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work)


async def _serve(platform: Platform, listener: socket.socket) -> None:
    server = http_server(platform)
    workers = asyncio.create_task(_look_after(_workers(platform.settings)))
    try:
        await server.serve(sockets=[listener])
    finally:
        workers.cancel()
        with suppress(asyncio.CancelledError):
            await workers


async def _supervise(settings: ServeSettings, listener: socket.socket) -> None:
    own = settings.model_copy(update={"servers": 1, "workers": 0})
    with tempfile.TemporaryDirectory() as counters:
        servers = [_Child("serve", own, {COUNTERS: counters}, listener)] * settings.servers
        children = asyncio.create_task(_look_after([*_workers(settings), *servers]))
        for kind in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(kind, children.cancel)
        with suppress(asyncio.CancelledError):
            await children


def _workers(settings: ServeSettings) -> list[_Child]:
    return [_Child("worker", worker_settings(settings))] * settings.workers


async def _look_after(wanted: Sequence[_Child]) -> None:
    """Keep each of these processes, and end all of them at last."""
    running = list[subprocess.Popen[bytes]]()
    try:
        running += [one.start() for one in wanted]
        while True:
            await asyncio.sleep(_LOOK)
            for number, one in enumerate(wanted):
                if (status := running[number].poll()) is not None:
                    _log.warning("a process of %s ended with status %s, another one is started", one.role, status)
                    running[number] = one.start()
    finally:
        for child in running:  # all at once: each finishes what it works on
            child.terminate()
        for child in running:
            lifeline.end(child, patience=_PATIENCE)


def worker_settings(settings: ServeSettings) -> WorkerSettings:
    """The settings of a worker of this server."""
    return WorkerSettings(**settings.model_dump(include=set(WorkerSettings.model_fields)))


def _own_address(settings: ServeSettings, listener: socket.socket) -> str:
    """Where a browser, on this machine where nothing else is said, finds the server."""
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    return address(listener).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _announce(platform: Platform, listener: socket.socket, made: str | None) -> None:
    settings = platform.settings
    path = settings.data_dir / ADMIN_FILE
    if settings.log_format == "json":  # read by programs: no token, and nothing that is no JSON
        _log.info("serving on %s, data in %s, admin token in %s", address(listener), settings.data_dir, path)
        return
    with platform.database.write() as db:
        code = sessions.make_code(db, path.read_text().strip())
    lines = [f"lightly_ray platform on {address(listener)} (API page: /docs), data in {settings.data_dir}"]
    lines.append(f"admin token: {made}, kept in {path}" if made else f"the admin token is in {path}")
    lines.append(f"open {_own_address(settings, listener)}/#/sign-in?code={code}")
    lines.append("this link signs in once, within 15 minutes; after that, the token does; stop with Ctrl-C")
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
