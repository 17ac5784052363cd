"""A browser that has signed in to the web app: a cookie, the header of our page, and no token."""

from dataclasses import dataclass, field
from typing import Any

import requests

from tests.platform.calls import Calls

OWN_PAGE = {"x-lightly-ray": "app"}


@dataclass
class Browser(Calls):
    """Calls what the page of the web app calls.

    Attributes:
        url: of the server.
        session: holds the cookie.
        headers: that every request has.
    """

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    headers: dict[str, str] = field(default_factory=lambda: dict(OWN_PAGE))

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return self.session.request(method, f"{self.url}/app/{path}", headers=headers, timeout=60, **options)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """What a request answers: JSON, None where there is nothing."""
        answer = self.send(method, path, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sign_in(self, **how: str) -> str:
        """Sign in by ``token`` or ``code``; the name of the token."""
        return str(self.post("session", how)["name"])
