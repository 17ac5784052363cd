r"""Signed URLs: each allows one thing with one file until it expires, without a token.

    signature = HMAC-SHA256(secret, method "\n" path "\n" expires [ "\n" by ])

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

    def sign(self, method: str, path: str, name: str = "", by: str = "") -> str:
        """The path with its expiry and signature as query.

        Args:
            method: that is allowed.
            path: of what.
            name: stands behind the path, for tools that call a file by the end of its address; it is not signed.
            by: the id of whoever will have done it, where it changes something.
        """
        expires = str(int(time.time()) + self._lifetime)
        # A browser takes dots for a way up.
        behind = f"/{quote(name, safe='')}" if name.strip(".") else ""
        who = f"&by={by}" if by else ""
        return f"{path}{behind}?expires={expires}{who}&signature={self._signature(method, path, expires, by)}"

    def check(self, method: str, path: str, expires: str, signature: str, by: str = "") -> None:
        """Refuse what we did not sign, and what has expired.

        Raises:
            AuthenticationError: the signature is wrong or too old.
        """
        expected = self._signature(method, path, expires, by)
        # Compared in constant time, as bytes: text beyond ASCII would raise.
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise AuthenticationError("the signature of this URL is wrong", code="FORBIDDEN")
        if int(expires) < time.time():
            raise AuthenticationError("this URL has expired: ask for a new one", code="FORBIDDEN")

    def _signature(self, method: str, path: str, expires: str, by: str) -> str:
        text = "\n".join((method, path, expires, *([by] if by else [])))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
