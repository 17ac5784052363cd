r"""Signed URLs: each allows one thing with one file until it expires, without a token.

    signature = HMAC-SHA256(secret, method "\n" path "\n" expires)

The secret lies in the database, so every server process accepts what another one signed.
"""

import hashlib
import hmac
import time
from urllib.parse import quote

from lightly_ray.errors import AuthenticationError


class Signer:
    """Sign paths and check signatures.

    Args:
        secret: at least 32 random bytes, shared by all server processes.
        lifetime: seconds for which a URL is valid.
    """

    def __init__(self, secret: bytes, lifetime: int) -> None:
        self._secret, self._lifetime = secret, lifetime

    def sign(self, method: str, path: str, name: str = "") -> str:
        """The path with its expiry and signature as query.

        Args:
            method: that is allowed.
            path: of what.
            name: stands behind the path, for tools that call a file by the end of its address; it is not signed.
        """
        expires = str(int(time.time()) + self._lifetime)
        # A browser takes dots for a way up.
        behind = f"/{quote(name, safe='')}" if name.strip(".") else ""
        return f"{path}{behind}?expires={expires}&signature={self._signature(method, path, expires)}"

    def check(self, method: str, path: str, expires: str, signature: str) -> None:
        """Refuse what we did not sign, and what has expired.

        Raises:
            AuthenticationError: the signature is wrong or too old.
        """
        expected = self._signature(method, path, expires)
        # Compared in constant time, as bytes: text beyond ASCII would raise.
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise AuthenticationError("the signature of this URL is wrong", code="FORBIDDEN")
        if int(expires) < time.time():
            raise AuthenticationError("this URL has expired: ask for a new one", code="FORBIDDEN")

    def _signature(self, method: str, path: str, expires: str) -> str:
        text = f"{method}\n{path}\n{expires}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
