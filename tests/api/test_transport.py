"""Retries, errors and secrecy, against a real HTTP server that misbehaves as told."""

import json
import logging
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lightly_ray.api import ApiWorkflowClient, transport
from lightly_ray.api.transport import Transport
from lightly_ray.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InvalidInputError,
    LightlyRayError,
    NotFoundError,
    TooLargeError,
)
from tests.api.downloads import download

TOKEN, SIGNATURE = "hunter2-secret", "also-secret"


class Server(ThreadingHTTPServer):
    """Answers with the next of ``answers``; None closes the connection without a word."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, Any] | None] = []
        self.more: dict[str, str] = {}
        self.seen: list[tuple[str, str, bytes, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, body, dict(self.headers)))
        answer = self.server.answers.pop(0) if self.server.answers else (200, "ok")
        if answer is None:
            self.close_connection = True
            return
        status, value = answer
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        for name, text in self.server.more.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names http.server calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(transport, "_FIRST_WAIT", 0.001)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def sender(server: Server) -> Iterator[Transport]:
    with closing(Transport(server.url, TOKEN)) as transport:
        yield transport


def test_get__sends_token_in_a_header_and_leaves_none_out(server: Server, sender: Transport) -> None:
    server.answers = [(200, {"a": 1})]
    assert sender.get("/v1/x", field="_id", unset=None) == {"a": 1}
    method, path, _, headers = server.seen[0]
    assert (method, path) == ("GET", "/v1/x?field=_id")
    assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_get__plain_text_is_an_answer_too(server: Server, sender: Transport) -> None:
    server.answers = [(200, b"25000"), (200, b"plain words")]
    assert sender.get("/v1/quota") == 25000
    assert sender.get("/v1/words") == "plain words"


@pytest.mark.parametrize("trouble", [(503, {}), (502, b"<html>"), (429, {}), None])
def test_get__is_tried_again(server: Server, sender: Transport, trouble: Any) -> None:
    assert sender.get("/v1/x") == "ok"
    server.answers = [trouble] * 7 + [(200, "at last")]
    assert sender.get("/v1/x") == "at last"
    assert len(server.seen) == 9


def test_post__is_sent_once_unless_repeating_is_harmless(server: Server, sender: Transport) -> None:
    server.answers = [None, (200, "unused")]
    with pytest.raises(ApiError, match="cannot reach the platform"):
        sender.post("/v1/datasets", {"name": "pets"})
    assert len(server.seen) == 1
    server.answers = [None, (200, {"id": "1"})]
    assert sender.post("/v1/samples", {"fileName": "a"}, repeat=True) == {"id": "1"}
    assert server.seen[-1][2] == b'{"fileName": "a"}'


def test_post__too_many_requests_is_sent_again_after_what_the_server_asks_for(
    server: Server, sender: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr(server, "more", {"Retry-After": "7"})
    server.answers = [(429, {}), (429, {}), (200, {"id": "1"})]
    assert sender.post("/v1/datasets", {"name": "pets"}) == {"id": "1"}
    assert waited == [7, 7]
    monkeypatch.setattr(server, "more", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    server.answers = [(429, {}), (200, {"id": "1"})]
    assert sender.post("/v1/datasets", {"name": "pets"}) == {"id": "1"}
    assert waited[2] < 1


def test_get__soon_gives_up_on_a_server_that_never_answered(server: Server, sender: Transport) -> None:
    server.answers = [None] * 9
    with pytest.raises(ApiError, match="cannot reach"):
        sender.get("/v1/x")
    assert len(server.seen) == transport.FIRST_TRIES


def test_retry__gives_up_and_says_what_was_answered(server: Server, sender: Transport) -> None:
    server.answers = [(503, {"code": "BUSY", "message": "the database is away"})] * 9
    with pytest.raises(ApiError, match="the database is away") as caught:
        sender.get("/v1/x")
    assert (caught.value.status, caught.value.code) == (503, "BUSY")
    assert len(server.seen) == transport.TRIES


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidInputError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, TooLargeError),
        (422, InvalidInputError),
        (500, ApiError),
    ],
)
def test_error__has_the_class_of_its_status(
    server: Server, sender: Transport, status: int, kind: type[LightlyRayError]
) -> None:
    server.answers = [(status, {"code": "TAG_UNKNOWN", "message": "it is so"})]
    with pytest.raises(kind, match="it is so") as caught:
        sender.get("/v1/x")
    assert (caught.value.code, caught.value.status) == ("TAG_UNKNOWN", status)


def test_error__of_another_server_is_said_so(server: Server, sender: Transport) -> None:
    server.answers = [(404, b"<html>nginx</html>")]
    with pytest.raises(ApiError, match="answered 404, which is no answer of this platform"):
        sender.get("/v1/x")


def test_redirect__is_not_followed_since_a_post_would_become_a_get(server: Server, sender: Transport) -> None:
    server.answers = [(302, b"")]
    with pytest.raises(ApiError, match=r"POST /v1/x at http.* answered 302"):
        sender.post("/v1/x", {})
    assert len(server.seen) == 1


def test_unreachable__one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_FIRST_WAIT", 0.001)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with closing(Transport(url, TOKEN)) as sender, pytest.raises(ApiError) as caught:
        sender.get("/v1/datasets")
    message = str(caught.value)
    assert message.startswith(f"cannot reach the platform at {url}: connection refused")
    assert "lightly-ray serve" in message
    assert "\n" not in message
    with pytest.raises(ApiError) as caught:
        download(sender, f"{url}/blob?signature={SIGNATURE}")
    assert SIGNATURE not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("trouble", [None, (401, {"code": "UNAUTHORIZED", "message": "no"}), (500, b"x")])
def test_secrets__reach_no_message_traceback_or_log(
    server: Server, sender: Transport, trouble: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for call in (
        lambda: sender.get("/v1/x"),
        lambda: sender.post("/v1/x", {}),
        lambda: sender.put_bytes("/v1/x", b""),
        lambda: download(sender, f"{server.url}/blob?signature={SIGNATURE}"),
    ):
        server.answers = [trouble] * 9
        with pytest.raises(LightlyRayError) as caught:
            call()
        shown = "".join(traceback.format_exception(caught.value))
        assert TOKEN not in shown
        assert SIGNATURE not in shown
    assert any(record.name.startswith("urllib3") for record in caplog.records)  # it does log every request
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(sender)


def test_signed_url__gets_no_token_and_content_whole_on_every_try(
    server: Server, sender: Transport, tmp_path: Path
) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"12345")
    server.answers = [(503, {}), (200, {})]
    sender.upload("/upload?signature=1", path)  # relative: on the platform itself
    assert [(method, body) for method, _, body, _ in server.seen] == [("PUT", b"12345")] * 2
    assert all("Authorization" not in headers for *_, headers in server.seen)
    sender.upload(f"{server.url}/upload", b"678")
    assert server.seen[-1][2] == b"678"
    server.answers = [(200, b"content")]
    assert download(sender, f"{server.url}/blob") == b"content"


def test_save__whole_or_not_at_all(server: Server, sender: Transport, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "x.bin"
    server.answers = [(503, b"busy"), None, (200, b"content")]
    sender.save("/blob", target)
    assert target.read_bytes() == b"content"
    server.answers = [(404, {"code": "NOT_FOUND", "message": "no such file"})]
    with pytest.raises(NotFoundError, match="no such file"):
        sender.save("/blob", target.with_name("y.bin"))
    assert [path.name for path in target.parent.iterdir()] == ["x.bin"]


def test_netrc__does_not_replace_the_token(
    server: Server, sender: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    sender._session.trust_env = True  # as for a server on another machine
    sender.get("/v1/x")
    download(sender, f"{server.url}/blob")
    assert [headers.get("Authorization") for *_, headers in server.seen] == [f"Bearer {TOKEN}", None]


def test_proxy__is_not_asked_for_a_server_on_this_machine(
    server: Server, sender: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert sender.get("/v1/x") == "ok"
    assert download(sender, f"{server.url}/blob") == b'"ok"'


def test_post_parts__is_multipart(server: Server, sender: Transport) -> None:
    sender.post_parts("/v1/batch", {"samples": ("application/json", b"[]"), "full-0": ("image/png", b"\x00\xff")})
    _, _, body, headers = server.seen[0]
    assert headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="samples"' in body
    assert b"\x00\xff" in body


def test_transport__can_be_pickled(server: Server, sender: Transport) -> None:
    with closing(pickle.loads(pickle.dumps(sender))) as copy:
        assert copy.get("/v1/x") == "ok"
    assert server.seen[0][3]["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("server_url", ["", "localhost:8000", "ftp://x", "http://"])
def test_server__must_be_a_url(server_url: str) -> None:
    with pytest.raises(InvalidInputError, match="server must be a URL"):
        Transport(server_url, TOKEN)


def test_client__reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIGHTLY_TOKEN", raising=False)
    monkeypatch.delenv("LIGHTLY_SERVER_LOCATION", raising=False)
    with pytest.raises(AuthenticationError, match="LIGHTLY_TOKEN"):
        ApiWorkflowClient()
    assert ApiWorkflowClient("t").server == "http://127.0.0.1:8000"
    monkeypatch.setenv("LIGHTLY_TOKEN", TOKEN)
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", "http://example.org:81/")
    assert ApiWorkflowClient().server == "http://example.org:81"
    assert ApiWorkflowClient(server="https://other").server == "https://other"
    assert TOKEN not in repr(vars(ApiWorkflowClient()))


def test_request__what_cannot_be_sent_is_not_the_network(server: Server) -> None:
    with closing(Transport(server.url, "x")) as sender, pytest.raises(InvalidInputError, match="cannot be sent"):
        sender.post("/x", {"a": float("nan")})
    assert server.seen == []


def test_token__a_line_end_is_none_of_it_and_two_lines_are_none(server: Server) -> None:
    with closing(Transport(server.url, f"{TOKEN}\n")) as sender:
        sender.get("/x")
    assert server.seen[0][3]["Authorization"] == f"Bearer {TOKEN}"
    for token in (f"{TOKEN}\nx", "tökén"):
        with pytest.raises(InvalidInputError, match="the token must be printable ASCII") as raised:
            Transport(server.url, token)
        assert token not in str(raised.value)
