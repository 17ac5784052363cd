"""What tests say to a server, whoever they say it as."""

from typing import Any, Protocol

import requests


class Calls(Protocol):
    """Ways to ask, on top of `send` and `call`."""

    def send(self, method: str, path: str, **options: Any) -> requests.Response: ...

    def call(self, method: str, path: str, **options: Any) -> Any:
        """What a request that must be good answers."""

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
