"""The parts of a report as HTML: every text that comes from outside is escaped here."""

from collections.abc import Mapping
from html import escape
from typing import Any

from lightly_ray.report import charts
from lightly_ray.report.charts import Series
from lightly_ray.report.spread import Json

_MOST_CLASSES = 40
_THAN_RANDOM = {"above": "more", "below": "fewer", "within": ""}
_SIGNS = {"good": "better", "bad": "worse", "same": "no difference shown"}


def number(value: Any) -> str:
    """A figure as people read it."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def words(compared: Json) -> str:
    """What may be said of a figure beside random draws."""
    if compared["verdict"] == "within":
        return f"within the spread of {compared['draws']} random draws"
    higher = "higher" if compared["verdict"] == "above" else "lower"
    return f"{higher} than each of {compared['draws']} random draws"


def card(title: str, value: str, compared: Json | None, better: str | None) -> str:
    """A figure with its verdict; ``better`` is the verdict that is wanted, None where neither is."""
    beside, chip = "", ""
    if compared is not None:
        beside = (
            f"random {number(compared['mean'])} ({number(compared['low'])} to {number(compared['high'])}): "
            f"{words(compared)}"
        )
        sign = "same" if compared["verdict"] == "within" else "good" if compared["verdict"] == better else "bad"
        if better is not None or sign == "same":
            chip = f'<span class="chip {sign}">{_SIGNS[sign]}</span>'
    return (
        f'<div class="card"><h3>{escape(title)}</h3><p class="figure">{escape(value)}</p>{chip}'
        f'<p class="soft">{escape(beside)}</p></div>'
    )


def cards(report: Json) -> str:
    """The figures that say most."""
    cover, duplicates, scores = report["cover"], report["duplicates"], report["scores"]
    shown = []
    if cover is not None:
        for key, title in (("mean", "Mean distance to the nearest selected"), ("radius", "Radius")):
            one = cover[key]
            value = (
                number(one["after"]) if one["before"] is None else f"{number(one['before'])} → {number(one['after'])}"
            )
            shown.append(card(title, value, one.get("compared"), "below"))
    if duplicates is not None:
        avoided = duplicates.get("compared")
        shown.append(card("Near duplicates among the chosen", number(duplicates["chosen"]), avoided, "below"))
    for key, title in (("predicted", "Evenness of predicted classes"), ("labelled", "Evenness of true classes")):
        if report[key] is not None and "evenness" in report[key]:
            evenness = report[key]["evenness"]
            shown.append(card(title, number(evenness["chosen"]), evenness, "above"))
    if scores is not None:
        shown.append(card(f"Mean {scores['name']}", number(scores["compared"]["chosen"]), scores["compared"], None))
    return f'<div class="cards">{"".join(shown)}</div>' if shown else ""


def contact_sheet(report: Json, pictures: Mapping[int, str]) -> str:
    """Thumbnails of the first chosen, in their order of choice."""
    tiles = []
    for one in report["chosen"]:
        name, source = escape(one["filename"], quote=True), pictures.get(one["row"])
        image = f'<img src="{escape(source, quote=True)}" alt="">' if source else '<span class="none">no image</span>'
        gain = f"<small>{number(one['gain'])}</small>" if one["gain"] is not None else ""
        label = f"<small>{escape(one['label'])}</small>" if one["label"] else ""
        tiles.append(f'<li title="{name}">{image}<span class="name">{name}</span>{gain}{label}</li>')
    return f'<ol class="sheet">{"".join(tiles)}</ol>'


def where(report: Json) -> str:
    """The picture of the embedding beside the distances."""
    picture, cover = report["picture"], report["cover"]
    if picture is None or cover is None:
        return ""
    bins = cover["histogram"]
    series = [
        Series("before", "before", bins["before"]) if bins["before"] else None,
        Series("random", "random draws", bins["random"]) if bins["random"] else None,
        Series("new", "after", bins["after"]),
    ]
    lines = [one for one in series if one is not None]
    legend = [("pool", "pool"), ("before", "selected before"), ("new", "new")]
    dots = _legend([(style, text) for style, text in legend if picture[style]])
    histogram = charts.histogram(bins["edges"], lines, "distance to the nearest selected sample")
    return (
        f'<div class="two"><figure>{charts.scatter(picture)}<figcaption>{dots} {escape(picture["method"])}'
        f"</figcaption></figure><figure>{histogram}<figcaption>"
        f"{_legend([(one.style, one.title) for one in lines])}</figcaption></figure></div>"
    )


def classes(balance: Json) -> str:
    """A line per class: chosen, pool, and where random draws lie."""
    ordered = sorted(balance["classes"], key=lambda one: (-one["chosen"], -one["pool"], one["name"]))
    shown = ordered[:_MOST_CLASSES]
    largest = max((max(one["chosen"], one.get("compared", {}).get("high") or 0) for one in shown), default=1)
    rows = []
    for one in shown:
        spread = one.get("compared")
        bar = charts.bar(one["chosen"], spread, largest)
        told = (
            ""
            if spread is None or spread["verdict"] == "within"
            else "more"
            if spread["verdict"] == "above"
            else "fewer"
        )
        rows.append(
            f"<tr><th scope=row>{escape(one['name'])}</th><td>{bar}</td><td>{number(one['chosen'])}</td>"
            f"<td>{number(one['pool'])}</td><td>{told}</td></tr>"
        )
    more = f"<p class=soft>and {len(ordered) - len(shown)} further classes</p>" if len(ordered) > len(shown) else ""
    pool = "pool" if balance["pool_known"] == balance["pool"] else "known in the pool"
    head = (
        f"<tr><th scope=col>class<th scope=col><th scope=col>chosen<th scope=col>{pool}<th scope=col>than random</tr>"
    )
    return f'<table class="classes"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>{more}'


def scores(figures: Json) -> str:
    """Scores of the chosen beside those of the pool."""
    series = [Series("pool", "pool", figures["pool"]), Series("new", "chosen", figures["chosen"])]
    drawn = charts.histogram(figures["edges"], series, figures["name"])
    legend = _legend([("pool", "pool"), ("new", "chosen")])
    return f"<figure class=curve>{drawn}<figcaption>{legend}</figcaption></figure>"


def rounds(over: Json) -> str:
    """Accuracy over the rounds as a curve, and a table."""
    metric = over["metric"].replace("_", " ")
    names = list(dict.fromkeys(name for one in over["rounds"] for name in one["per_class"] or {}))[:12]
    titles = ("round", "method", "labels", metric, *names)
    head = "".join(f"<th scope=col>{escape(title)}" for title in titles)
    rows = []
    for kind, lines in (("", over["rounds"]), ("random line", over["random"])):
        for one in lines:
            cells = [
                f"<th scope=row>{escape(one['tag'])}{f' <small>{kind}</small>' if kind else ''}</th>",
                f"<td>{escape(one['method'] or '–')}</td><td>{number(one['labels'])}</td><td>{_percent(one)}</td>",
                *(f"<td>{number((one['per_class'] or {}).get(name))}</td>" for name in names),
            ]
            rows.append(f"<tr>{''.join(cells)}</tr>")
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    lines = {
        style: [(one["labels"], one["accuracy"]) for one in over[key] if one["accuracy"] is not None]
        for key, style in (("random", "random"), ("rounds", "new"))
    }
    drawn = [(style, points) for style, points in lines.items() if points]
    if not drawn:
        return table
    legend = _legend(
        [(style, text) for style, text in (("new", "this line"), ("random", "random line")) if lines[style]]
    )
    curve = charts.curves(drawn, f"{metric} by number of labels")
    return f"<figure class=curve>{curve}<figcaption>{legend}</figcaption></figure>{table}"


def facts(rows: list[tuple[str, Any]]) -> str:
    """What was asked, as terms and descriptions."""
    told = [
        f"<dt>{escape(title)}</dt><dd>{escape(value if isinstance(value, str) else number(value))}</dd>"
        for title, value in rows
        if value is not None
    ]
    return f"<dl>{''.join(told)}</dl>"


def paragraphs(texts: list[str]) -> str:
    """Texts as paragraphs."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _percent(one: Json) -> str:
    if one["accuracy"] is None:
        return "–"
    on = f" <small>on {number(one['measured_on'])}</small>" if one["measured_on"] else ""
    return f"{100 * one['accuracy']:.1f} %{on}"


def _legend(entries: list[tuple[str, str]]) -> str:
    return "".join(f'<span class="key {style}">{escape(text)}</span>' for style, text in entries)
