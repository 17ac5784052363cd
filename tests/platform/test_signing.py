"""Signed URLs: exactly what was signed passes, until it expires."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from lightly_ray.errors import AuthenticationError
from lightly_ray.platform.signing import Signer

SIGNER = Signer(b"s" * 32, 60)


def parts(url: str) -> tuple[str, str, str]:
    query = parse_qs(urlsplit(url).query)
    return urlsplit(url).path, query["expires"][0], query["signature"][0]


def test_check__what_was_signed() -> None:
    path, expires, signature = parts(SIGNER.sign("PUT", "/v1/a"))
    SIGNER.check("PUT", path, expires, signature)
    assert 55 < int(expires) - time.time() <= 60


@pytest.mark.parametrize("changed", ["method", "path", "expires", "signature", "secret"])
def test_check__anything_else(changed: str) -> None:
    path, expires, signature = parts(SIGNER.sign("PUT", "/v1/a"))
    given = {"method": "PUT", "path": path, "expires": expires, "signature": signature}
    other = {"method": "GET", "path": "/v1/b", "expires": str(int(expires) + 1), "signature": "ä" + signature[1:]}
    signer = Signer(b"t" * 32, 60) if changed == "secret" else SIGNER
    with pytest.raises(AuthenticationError, match="wrong"):
        signer.check(**(given | {name: value for name, value in other.items() if name == changed}))


@pytest.mark.parametrize(("expires", "signature"), [("", ""), ("soon", "x"), ("9" * 30, "x")])
def test_check__nonsense(expires: str, signature: str) -> None:
    with pytest.raises(AuthenticationError, match="wrong"):
        SIGNER.check("PUT", "/v1/a", expires, signature)


def test_check__expired() -> None:
    path, expires, signature = parts(Signer(b"s" * 32, -2).sign("PUT", "/v1/a"))
    with pytest.raises(AuthenticationError, match="expired"):
        SIGNER.check("PUT", path, expires, signature)


def test_sign__a_name_behind_is_not_signed() -> None:
    path, expires, signature = parts(SIGNER.sign("GET", "/v1/a", "ä #1?.png"))
    assert path == "/v1/a/%C3%A4%20%231%3F.png"
    SIGNER.check("GET", "/v1/a", expires, signature)
    assert parts(SIGNER.sign("GET", "/v1/a", ".."))[0] == "/v1/a"  # no way up
