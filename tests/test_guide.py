"""The guide says what is: routes, codes, files and links; and the examples of the public functions run."""

import doctest
import re
from pathlib import Path
from typing import get_args

import pytest
from fastapi.routing import APIRoute

from lightly_ray.errors import Code
from lightly_ray.parallel.scoring import score, typicality
from lightly_ray.parallel.selection import select
from lightly_ray.platform.http import app

PROJECT = Path(__file__).parents[1]
GUIDE = PROJECT / "lightly_ray" / "guide"
PAGES = [*sorted(GUIDE.glob("*.md")), PROJECT / "CONTRIBUTING.md", PROJECT / "README.md"]


def test_protocol__has_every_route_and_no_other() -> None:
    written = set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)`", (GUIDE / "protocol.md").read_text(), re.MULTILINE))
    routers = [*app.WITHOUT_TOKEN, *app.WITH_TOKEN]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    assert written == {(method, route.path) for route in routes for method in route.methods or ()}


def test_protocol__has_every_code_and_no_other() -> None:
    written = re.findall(r"^\| `([A-Z0-9_]+)` \|", (GUIDE / "protocol.md").read_text(), re.MULTILINE)
    assert sorted(written) == sorted(get_args(Code))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages__name_files_that_are_there(page: Path) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"
    for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|md))`", text):
        roots = (PROJECT, PROJECT / "lightly_ray")
        assert any((root / name).exists() for root in roots), f"{page.name} names {name}"


@pytest.mark.usefixtures("ray_local")
@pytest.mark.parametrize("module", [select, score, typicality], ids=["select", "score", "typicality"])
def test_examples__run(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]  # they are modules
    assert result.attempted > 3
    assert result.failed == 0
