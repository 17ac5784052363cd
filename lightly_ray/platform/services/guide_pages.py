"""The guide that comes with the package, from Markdown to HTML for the web app.

HTML within the Markdown is shown as text, and links lead to pages of the guide or to the web: the guide is ours, but
what a page of the app shows is never more than that, and pictures are those that lie beside the pages.
"""

from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from typing_extensions import TypedDict

import lightly_ray
from lightly_ray.errors import NotFoundError

_FOLDER = Path(lightly_ray.__file__).parent / "guide"
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


class Entry(TypedDict):
    """A page in the list: what addresses call it, and its heading."""

    name: str
    title: str


class Page(TypedDict):
    """A page: its heading, and all of it as HTML."""

    title: str
    html: str


@cache
def listing() -> tuple[Entry, ...]:
    """All pages, in the order of their titles."""
    names = sorted(path.stem for path in _FOLDER.glob("*.md"))
    entries = [Entry(name=name, title=_title(_text(name), name)) for name in names]
    return tuple(sorted(entries, key=lambda entry: entry["title"].casefold()))


def read(name: str) -> Page:
    """One page.

    Raises:
        NotFoundError: there is none of that name.
    """
    titles = {entry["name"]: entry["title"] for entry in listing()}
    if name not in titles:  # also what keeps paths out
        raise NotFoundError(f"the guide has no page {name[:60]!r}")
    return {"title": titles[name], "html": render(_text(name), list(titles))}


def picture(name: str) -> bytes:
    """A PNG file that a page shows.

    Raises:
        NotFoundError: there is none of that name.
    """
    if name not in _pictures():
        raise NotFoundError(f"the guide has no picture {name[:60]!r}")
    return (_FOLDER / name).read_bytes()


def render(text: str, pages: list[str]) -> str:
    """Markdown as HTML.

    Args:
        text: of a page.
        pages: names of all pages: links to their files lead to the pages. Pictures are shown that the guide has.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                _lead(child, pages)
            elif child.type == "image":
                _show(child)
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return html


def _lead(link: Token, pages: list[str]) -> None:
    address = str(link.attrGet("href") or "")
    path = address.partition("#")[0]
    name = path.removesuffix(".md")
    if path.endswith(".md") and name in pages:
        link.attrSet("href", f"#/guide/{name}")
    elif address.startswith(("http://", "https://")):
        link.attrSet("rel", "noopener noreferrer")
        link.attrSet("target", "_blank")
    else:  # a file of the project, which is not here
        del link.attrs["href"]


def _show(image: Token) -> None:
    name = str(image.attrGet("src") or "")
    if name in _pictures():
        image.attrSet("src", f"app/guide/pictures/{name}")
    else:
        del image.attrs["src"]


@cache
def _pictures() -> frozenset[str]:
    return frozenset(path.name for path in _FOLDER.glob("*.png"))


def _title(text: str, name: str) -> str:
    first = text.lstrip().partition("\n")[0]
    return first.removeprefix("# ").strip() if first.startswith("# ") else name


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.md").read_text("utf-8")
