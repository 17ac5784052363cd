"""A report as one HTML file: its style, drawings and thumbnails within it, and no script.

The file forbids scripts and requests by a policy of its own, so it is as safe in a mail as on the platform.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from lightly_ray.report import tables
from lightly_ray.report.spread import Json
from lightly_ray.report.words import class_words, cost_words, cover_words, duplicate_words, round_words, score_words

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may do with the page: show what it holds, nothing else."""

_STYLE = Path(__file__).with_name("page.css")


def page(report: Json, pictures: Mapping[int, str]) -> str:
    """The report as HTML.

    Args:
        report: as `lightly_ray.platform` puts it together.
        pictures: thumbnails as data URLs, by row.
    """
    tag, title = report["tag"], f"{report['tag']['name']} – {report['dataset']['name']}"
    parts = [
        _section("", tables.cards(report)),
        _section(
            f"What was chosen: the first {len(report['chosen'])} of {tag['added']:,}",
            tables.contact_sheet(report, pictures),
        ),
        _section(
            "Where it lies",
            tables.where(report),
            [*cover_words(report["cover"]), *duplicate_words(report["duplicates"])],
        ),
    ]
    for key, heading in (("predicted", "Predicted classes"), ("labelled", "True classes")):
        if report[key] is not None:
            parts.append(_section(heading, tables.classes(report[key]), class_words(report[key])))
    if report["scores"] is not None:
        parts.append(_section("Scores", tables.scores(report["scores"]), score_words(report["scores"])))
    over = report["rounds"]
    parts += [
        _section("Over the rounds", tables.rounds(over), round_words(over)),
        _section("What going on would cost", "", cost_words(over["going_on"])),
        _section("What was asked", tables.facts(report["asked"])),
        _section("How to read this", "", report["notes"]),
    ]
    head = (
        f"<p class=soft>Report of a selection · {escape(report['dataset']['name'])}</p><h1>{escape(tag['name'])}</h1>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="content-security-policy" content="{escape(POLICY, quote=True)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text('utf-8')}</style></head>"
        f"<body><main><header>{head}<p class=lead>{escape(report['sentence'])}</p></header>{''.join(parts)}"
        f"<footer class=soft>lightly_ray {escape(report['version'])} · made {escape(report['made'])}</footer>"
        "</main></body></html>"
    )


def _section(title: str, content: str, texts: list[str] | None = None) -> str:
    if not content and not texts:
        return ""
    heading = f"<h2>{escape(title)}</h2>" if title else ""
    return f"<section>{heading}{content}{tables.paragraphs(texts or [])}</section>"
