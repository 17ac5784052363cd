"""The guide in the web app: every page, as HTML that holds nothing of others."""

import re
from pathlib import Path

import lightly_ray
from lightly_ray.platform.services.guide_pages import render
from tests.platform.browser import Browser

GUIDE = Path(lightly_ray.__file__).parent / "guide"


def test_guide__every_page(browser: Browser) -> None:
    listed = browser.get("guide")
    assert sorted(one["name"] for one in listed) == sorted(path.stem for path in GUIDE.glob("*.md"))
    titles = [one["title"] for one in listed]
    assert titles == sorted(titles, key=str.casefold)
    for one in listed:
        page = browser.get(f"guide/{one['name']}")
        assert page["title"] == one["title"]
        assert page["html"].startswith(f"<h1>{one['title']}</h1>")
    assert "<table>" in browser.get("guide/protocol")["html"]


def test_guide__pictures(browser: Browser) -> None:
    shown = re.findall(r'<img src="app/([^"]+)" alt="[^"]+"', browser.get("guide/which_method")["html"])
    assert shown == ["guide/pictures/picks.png"]
    answer = browser.send("GET", shown[0])
    assert answer.content == (GUIDE / "picks.png").read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert browser.refused("GET", "guide/pictures/which_method.md")[0] == 404
    assert "<img" in render("![x](https://example.org/x.png)", [])
    assert "example" not in render("![x](https://example.org/x.png)", [])


def test_guide__no_other_file(browser: Browser) -> None:
    for name in ("nothing", "protocol.md", "..%2f..%2fREADME", "..", "%2e%2e%2fcli"):
        assert browser.refused("GET", f"guide/{name}")[0] in {404, 405}, name


def test_render__shows_html_as_text() -> None:
    html = render("<script>alert(1)</script> <b onclick=x>b</b>\n\n[x](javascript:alert(1))", [])
    assert "<script" not in html
    assert "<b" not in html
    assert "href" not in html


def test_render__links() -> None:
    text = "[a](one.md) [b](one.md#part) [c](two.md) [d](../cli.py) [e](https://example.org/x)"
    html = render(text, ["one"])
    assert re.findall(r'href="([^"]*)"', html) == ["#/guide/one", "#/guide/one", "https://example.org/x"]
    assert 'rel="noopener noreferrer"' in html
