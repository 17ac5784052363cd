"""Signed URLs as tools in a browser read them: lengths, parts, and leave for pages of any origin."""

from urllib.parse import unquote, urlsplit

import pytest
import requests

from tests.platform.served import PNG, Api

IMAGE = PNG + bytes(range(256)) * 20_000  # several MB: more than is read at once


def signed_url(api: Api, content: bytes = IMAGE) -> str:
    """The read URL of a new sample with that image."""
    dataset = api.dataset(1)
    sample = f"{dataset.path}/samples/{api.get(f'{dataset.path}/mappings', field='_id')[0]}"
    assert requests.put(api.get(f"{sample}/writeurls")["full"], data=content, timeout=60).ok
    return str(api.get(f"{sample}/readurl", type="full"))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=1000000-4000000", 1_000_000, 4_000_000),
        (f"bytes={len(IMAGE) - 1}-", len(IMAGE) - 1, len(IMAGE) - 1),
        (f"bytes=7-{10**17}", 7, len(IMAGE) - 1),
        ("bytes=-3", len(IMAGE) - 3, len(IMAGE) - 1),
    ],
)
def test_read__a_part(api: Api, asked: str, first: int, last: int) -> None:
    answer = requests.get(signed_url(api), headers={"range": asked}, timeout=60)
    assert answer.status_code == 206
    assert answer.content == IMAGE[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(IMAGE)}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize("asked", ["", "bytes=", "bytes=-", "bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b"])
def test_read__the_whole_where_no_part_is_asked_for(api: Api, asked: str) -> None:
    answer = requests.get(signed_url(api), headers={"range": asked} if asked else {}, timeout=60)
    assert (answer.status_code, answer.content) == (200, IMAGE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(IMAGE))


@pytest.mark.parametrize("asked", [f"bytes={len(IMAGE)}-", f"bytes={10**17}-", "bytes=-0"])
def test_read__a_part_behind_the_end(api: Api, asked: str) -> None:
    answer = requests.get(signed_url(api), headers={"range": asked}, timeout=60)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(IMAGE)}"


def test_head__what_get_would_say(api: Api) -> None:
    url = signed_url(api)
    answer = requests.head(url, timeout=60)
    assert (answer.status_code, answer.content) == (200, b"")
    whole = requests.get(url, timeout=60)
    for name in ("content-length", "content-type", "accept-ranges", "access-control-allow-origin"):
        assert answer.headers[name] == whole.headers[name]
    assert requests.head(url[:-1], timeout=60).status_code == 403


def test_options__pages_of_any_origin_may_read(api: Api) -> None:
    asking = {"origin": "https://labels.example", "access-control-request-method": "GET"}
    answer = requests.options(signed_url(api), headers=asking, timeout=60)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "range"
    # No leave to write: an upload's URL is for the client that asked for it.
    assert "PUT" not in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("name", ["a b.png", "50%.png", "wie?#.png", "a/b/\xfc+&=.png", ".png"])
def test_exported_address__ends_in_the_base_name(api: Api, name: str) -> None:
    dataset = api.dataset()
    dataset.add([name])
    tag = dataset.tag_all()
    sample = api.get(f"{dataset.path}/mappings", field="_id")[0]
    assert requests.put(api.get(f"{dataset.path}/samples/{sample}/writeurls")["full"], data=IMAGE, timeout=60).ok
    [exported] = api.get(f"{dataset.path}/tags/{tag}/export/basic/filenamesAndReadUrls")
    url = exported["readUrl"]
    assert unquote(urlsplit(url).path.rpartition("/")[2]) == name.rpartition("/")[2]
    assert requests.get(url, headers={"range": "bytes=5-9"}, timeout=60).content == IMAGE[5:10]
    assert requests.head(url, timeout=60).headers["content-length"] == str(len(IMAGE))
    assert requests.put(url, data=b"x", timeout=60).status_code in {403, 405}
    assert requests.get(url.replace("/full/", "/thumb/"), timeout=60).status_code == 403
