"""What the guide's pages for operators say is so: metrics, messages, settings, figures of the memory's formula."""

import re
from pathlib import Path

import pytest

import lightly_ray
from lightly_ray import deploy
from lightly_ray.parallel import metrics
from lightly_ray.platform import limits
from lightly_ray.platform.settings import ServeSettings

ROOT = Path(lightly_ray.__file__).parent
PAGES = ["operating", "running_on_a_cluster", "sizing", "monitoring", "upgrading", "what_to_do_when"]


def page(name: str) -> str:
    return (ROOT / "guide" / f"{name}.md").read_text()


def test_monitoring__has_every_metric_of_ray_and_no_other() -> None:
    written = re.findall(r"^\| `(ray_\w+)`", page("monitoring"), re.MULTILINE)
    assert written == [metrics.exported_name(metric) for metric in metrics.ALL]


def test_what_to_do_when__its_messages_are_ours() -> None:
    source = "\n".join(path.read_text() for path in sorted(ROOT.rglob("*.py")))
    plain = re.sub(r"\{[^{}]*\}", "...", re.sub(r'"\s*\n\s*f?"', "", source)).replace("'...'", "...")
    table = page("what_to_do_when").split("| it says |")[1].split("\n\n")[0]
    messages = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[1:]
    assert len(messages) > 5
    for message in messages:
        for part in re.split(r" ?\.\.\.,? ?", message):
            assert part in plain, part


@pytest.mark.parametrize("name", PAGES)
def test_pages__name_settings_and_files_to_deploy_that_are_there(name: str) -> None:
    text = page(name)
    assert set(re.findall(r"LIGHTLY_RAY_([A-Z_]+)", text)) <= {field.upper() for field in ServeSettings.model_fields}
    assert set(re.findall(r"`lightly-ray deploy ([a-z-]+)", text)) <= set(deploy.DEPLOYED)


def test_sizing__its_table_follows_the_formula() -> None:
    rows = re.findall(r"^\| ([\d,]+) \| ([\d.]+) GB \|", page("sizing"), re.MULTILINE)
    assert len(rows) == 4
    for count, gigabytes in rows:
        expected = int(count.replace(",", "")) * (1.2 * 128 * 4 + 48) / 1e9
        assert float(gigabytes) == pytest.approx(expected, rel=0.08)


def test_operating__has_every_setting_and_limit() -> None:
    settings, rest = page("operating").split("## Limits")
    rows = re.findall(r"^\| (`.+?) \|", settings, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(ServeSettings.model_fields)
    written = dict(re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) \|", rest, re.MULTILINE))
    assert {name: int(number.replace(",", "")) for name, number in written.items()} == {
        name: value
        for name, value in vars(limits).items()
        if name.isupper() and isinstance(value, int)
        if not name.startswith("MOST_")
    }
