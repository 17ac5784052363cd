"""The link that opens the web app, on a running platform: it signs a browser in, once."""

from urllib.parse import parse_qs, urlsplit

import pytest

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import AuthenticationError, NotFoundError
from tests.platform.browser import Browser


def parts(link: str) -> tuple[str, str, dict[str, list[str]]]:
    """Server, page and query of a link: both stand behind #, where no server sees them."""
    split = urlsplit(link)
    page, _, query = split.fragment.partition("?")
    assert (split.path, split.query) == ("/", "")
    return f"{split.scheme}://{split.netloc}", page, parse_qs(query)


def test_web_address__signs_a_browser_in(client: ApiWorkflowClient) -> None:
    server, page, query = parts(client.web_address())
    assert (server, page) == (client.server, "/sign-in")
    assert query["next"] == [f"/datasets/{client.dataset_id}"]
    browser = Browser(client.server)
    browser.sign_in(code=query["code"][0])
    assert browser.get(f"datasets/{client.dataset_id}")["id"] == client.dataset_id
    assert Browser(client.server).refused("POST", "session", json={"code": query["code"][0]})[0] == 401


def test_web_address__of_another_dataset_and_of_none(client: ApiWorkflowClient) -> None:
    assert parts(client.web_address("5f"))[2]["next"] == ["/datasets/5f"]
    assert client.transport._auth is not None
    fresh = ApiWorkflowClient(client.transport._auth._token, server=client.server)
    assert list(parts(fresh.web_address())[2]) == ["code"]
    fresh.transport.close()


def test_web_address__has_no_token(client: ApiWorkflowClient) -> None:
    assert client.transport._auth is not None
    assert client.transport._auth._token not in client.web_address()
    wrong = ApiWorkflowClient("wrong", server=client.server)
    with pytest.raises(AuthenticationError):
        wrong.web_address()
    wrong.transport.close()


def test_web_address__of_a_platform_without_a_web_app(client: ApiWorkflowClient) -> None:
    older = ApiWorkflowClient("token", server=f"{client.server}/older")
    with pytest.raises(NotFoundError):
        older.web_address()
    older.transport.close()
