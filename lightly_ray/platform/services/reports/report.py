"""The report of a tag as JSON and as a page.

It is computed when it is asked for: bounded as it is, it takes seconds. It is kept under the version of the dataset, so
that asking again costs nothing until something changes.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import numpy as np

from lightly_ray import __version__
from lightly_ray.errors import CorruptImageError, NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import orders, tag_stories, thumbnails
from lightly_ray.platform.services.images import media_type
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.services.reports import known, lines, question, vectors
from lightly_ray.platform.services.reports.known import Classes
from lightly_ray.platform.services.reports.question import Question
from lightly_ray.platform.storage.store import datasets, embeddings, rows, tags
from lightly_ray.platform.storage.store.records import Embedding, Json
from lightly_ray.report.classes import balance, labels_per_class
from lightly_ray.report.page import page
from lightly_ray.report.rounds import over_the_rounds
from lightly_ray.report.values import score_figures

SHOWN = 48  # thumbnails


def read(platform: Platform, dataset_id: str, tag_id: str) -> Json:
    """The report as JSON values.

    Raises:
        NotFoundError: there is no such dataset or tag.
        InvalidInputError: the tag has chosen nothing.
    """
    with platform.database.read() as db:
        dataset = datasets.read(db, dataset_id)
        asked = question.read(db, dataset_id, tag_id)
    # With our own version: another one may say more, or say it otherwise.
    key = f"datasets/{dataset_id}/reports/{asked.tag.id}-{dataset.version}-{__version__}.json"
    content = kept(platform.blobs, key, partial(_made, platform, asked, dataset.name))
    report: Json = json.loads(content)
    return report


def html(platform: Platform, dataset_id: str, tag_id: str) -> str:
    """The report as a page, with thumbnails; raises as `read`."""
    report = read(platform, dataset_id, tag_id)
    return page(report, _thumbnails(platform, dataset_id, [one["row"] for one in report["chosen"]]))


def _made(platform: Platform, asked: Question, dataset_name: str) -> bytes:
    embedding, notes = _embedding(platform, asked)
    looked = None if embedding is None else vectors.look(platform, embedding, asked)
    predicted, true = known.predicted(platform, asked), known.true(platform, asked)
    models = lines.measured(platform, asked.tag.dataset_id)
    if embedding is not None and looked is None:
        notes.append(f"Distances are not shown: some samples have no vector in the embedding {embedding.name}.")
    report = {
        "version": __version__,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "dataset": {"id": asked.tag.dataset_id, "name": dataset_name, "samples": asked.total},
        "tag": _tag(asked),
        **_story(platform, asked),
        "chosen": _chosen(platform, asked, true),
        "cover": None if looked is None else looked.cover,
        "duplicates": None if looked is None else looked.duplicates,
        "picture": None if looked is None else looked.picture,
        "predicted": _balance(predicted, asked),
        "labelled": _balance(true, asked),
        "scores": _scores(platform, asked),
        "rounds": _rounds(platform, asked, true, models),
        "notes": [*notes, *_notes(asked, looked, (predicted, true), models)],
    }
    return json.dumps(report, allow_nan=False).encode()


def _embedding(platform: Platform, asked: Question) -> tuple[Embedding | None, list[str]]:
    """The embedding that the selection has looked at as it is now, else the newest; what must be said of that."""
    with platform.database.read() as db:
        listed = embeddings.listing(db, asked.tag.dataset_id)
    if not listed:
        return None, ["The dataset has no embedding, so distances and the picture are missing."]
    pinned: Json = asked.provenance.get("embedding") or {}
    used = next((one for one in listed if one.id == pinned.get("id")), None)
    if used is None:
        return listed[-1], [f"Distances are those of the embedding {listed[-1].name}; the tag was chosen without it."]
    if used.file_key != pinned["file_key"]:
        told = f"The embedding {used.name} was uploaded again since: distances are those of version {used.version}"
        return used, [f"{told}, the selection has looked at version {pinned['version']}."]
    return used, []


def _tag(asked: Question) -> Json:
    return {
        "id": asked.tag.id,
        "name": asked.tag.name,
        "samples": asked.tag.mask.count,
        "added": len(asked.new),
        "before": len(asked.before),
        "pool": len(asked.pool),
        "held_out": len(asked.held_out),
    }


def _story(platform: Platform, asked: Question) -> Json:
    with platform.database.read() as db:
        listed = {tag.id: tag.name for tag in tags.listing(db, asked.tag.dataset_id)}
    facts = tag_stories.Facts(asked.tag.mask.count, listed.get(asked.tag.prev_tag_id or ""), asked.first.name)
    told = tag_stories.story(facts, asked.provenance)
    certificate = asked.provenance.get("certificate") or {}
    before = (asked.provenance.get("preselected_tag") or {}).get("name")
    return {
        "sentence": told["sentence"],
        "asked": [
            ("method", told["method"]),
            ("why this method", told["why"]),
            ("samples added", len(asked.new)),
            ("goes on from", before),
            ("samples that could be chosen", len(asked.pool)),
            ("held out for validation", len(asked.held_out) or None),
            ("score", told["score"]),
            ("embedding", told["embedding"]),
            ("seed", told["seed"]),
            ("smallest distance", told["minDistance"]),
            ("ended by", told["stopReason"]),
            ("radius before, as certified then", _radius_before(platform, asked)),
            ("radius, as certified", certificate.get("radius")),
            ("no selection of this size has less than", certificate.get("lower_bound")),
            ("so it is within a factor of the best of", certificate.get("factor")),
            ("lightly_ray", (asked.provenance.get("versions") or {}).get("lightly_ray")),
        ],
    }


def _radius_before(platform: Platform, asked: Question) -> float | None:
    if asked.tag.preselected_tag_id is None:
        return None
    with platform.database.read() as db:
        radius: float | None = (tags.provenance(db, asked.tag.preselected_tag_id).get("certificate") or {}).get(
            "radius"
        )
    return radius


def _chosen(platform: Platform, asked: Question, true: Classes | None) -> list[Json]:
    """The first new samples, in their order of choice where that is known."""
    key = asked.provenance.get("order_key")
    order = None if key is None else orders.load(platform.blobs, key)
    first = asked.new[:SHOWN] if order is None else order.rows[:SHOWN]
    gains = [None] * len(first) if order is None else [_finite(gain) for gain in order.gains[:SHOWN].tolist()]
    with platform.database.read() as db:
        names = [brief.file_name for brief in rows.briefs(db, asked.tag.dataset_id, first.tolist())]
    return [
        {"row": row, "filename": name, "gain": gain, "label": None if true is None else true.name_of(row)}
        for row, name, gain in zip(first.tolist(), names, gains, strict=True)
    ]


def _balance(classes: Classes | None, asked: Question) -> Json | None:
    if classes is None:
        return None
    return balance(classes.codes, classes.names, asked.pool, asked.new) | {"source": classes.source}


def _scores(platform: Platform, asked: Question) -> Json | None:
    found = known.score(platform, asked)
    if found is None:
        return None
    name, values = found
    return score_figures(name, values[asked.pool], values[asked.new])


def _rounds(platform: Platform, asked: Question, true: Classes | None, models: Mapping[str, lines.Measured]) -> Json:
    with platform.database.read() as db:
        listed = tags.listing(db, asked.tag.dataset_id)
    line, random = lines.line_of(asked.tag, listed), lines.random_line(asked.tag, listed)
    labels = {}
    if true is not None:
        several = {tag.name: tag.mask.to_rows() for tag in (*line, *random)}
        labels = {name: labels_per_class(true.codes, true.names, rows) for name, rows in several.items()}
    left = np.setdiff1d(asked.pool, asked.new)
    own, drawn = (lines.rounds_of(one, models, labels) for one in (line, random))
    return over_the_rounds(own, drawn, len(left))


def _notes(
    asked: Question,
    looked: vectors.Looked | None,
    classes: tuple[Classes | None, Classes | None],
    models: Mapping[str, lines.Measured],
) -> list[str]:
    told = [
        "A random draw takes as many samples as were added, out of the same ones that could be chosen, and goes on "
        "from what was selected before. A figure between the least and the largest of the draws is within their "
        "spread: no difference to RANDOM is shown."
    ]
    if looked is not None and looked.points < len(asked.query):
        told.append(
            f"Distances are those of {looked.points:,} of the {len(asked.query):,} samples of the query set, drawn at "
            "random: their mean is an estimate, and the radius of all is at least the one shown."
        )
    if (asked.provenance.get("certificate") or {}).get("radius") is not None:
        told.append(
            "Certified radii are distances as the selection has taken them, whitened ones for example; all other "
            "distances are between the vectors of the embedding at length 1."
        )
    several = zip(("Predicted", "True"), classes, strict=True)
    told += [f"{what} classes are those of {one.source}." for what, one in several if one is not None]
    if models:
        on = ", ".join(sorted({one.tag for one in models.values()}))
        told.append(f"The model of a round is the one whose predictions have its name; it was measured on {on}.")
    stale = sorted(name for name, one in models.items() if one.stale)
    if stale:
        told.append(f"Labels or predictions have changed since these were measured: {', '.join(stale)}.")
    if not len(asked.held_out):
        told.append("No samples are held out for validation: accuracy on chosen samples is not that of the data.")
    return told


def _thumbnails(platform: Platform, dataset_id: str, listed: list[int]) -> dict[int, str]:
    """Data URLs by row; an image that is missing or broken has none."""
    pictures = {}
    for row in listed:
        with platform.database.read() as db:
            sample = rows.at(db, dataset_id, row)
        try:
            chunks, _ = thumbnails.content(platform.blobs, sample)
        except (NotFoundError, CorruptImageError):
            continue
        content = b"".join(chunks)
        pictures[row] = f"data:{media_type(content[:16])};base64,{base64.b64encode(content).decode()}"
    return pictures


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
