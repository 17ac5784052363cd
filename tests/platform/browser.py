"""A browser that has signed in to the web app: a cookie, the header of our page, and no token."""

from dataclasses import dataclass, field
from typing import Any

import requests

OWN_PAGE = {"x-lightly-ray": "app"}


@dataclass
class Browser:
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

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.call("POST", path, json=body)

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, str, str]:
        """Status, code and message of an error; it must have nothing else."""
        answer = self.send(method, path, **options)
        assert not answer.ok, answer.text
        error = answer.json()
        assert set(error) == {"code", "message"}
        return answer.status_code, error["code"], error["message"]

    def sign_in(self, **how: str) -> str:
        """Sign in by ``token`` or ``code``; the name of the token."""
        return str(self.post("session", how)["name"])
