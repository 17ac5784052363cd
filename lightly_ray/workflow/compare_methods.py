"""The job that compares methods: labelled data -> learning curves of many seeds, a table, a picture.

OUTPUT/comparison.json   what is compared; another comparison is refused there
OUTPUT/runs/             a file for each method and seed; an interrupted job goes on with the others
OUTPUT/comparison.md, comparison.png
"""

import hashlib
import json
import re
import sys
from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field, model_validator
from threadpoolctl import threadpool_limits

from lightly_ray import __version__
from lightly_ray.data.atomic import atomic_write, make_folder
from lightly_ray.data.fingerprint import digest
from lightly_ray.data.images import find_images
from lightly_ray.data.location import Location
from lightly_ray.data.outputs import digest_of
from lightly_ray.data.parquet import read_columns
from lightly_ray.data.vectors import fixed_lists, matrix
from lightly_ray.embedding.models import DEFAULT, open_model
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embedding.auto_model import resolve_auto
from lightly_ray.parallel.embedding.embed import embed_folder
from lightly_ray.parallel.tasks import run_tasks
from lightly_ray.progress import Progress
from lightly_ray.settings import Settings
from lightly_ray.workflow.comparison.experiment import (
    LabelledData,
    Outcome,
    Plan,
    default_budgets,
    pool_size,
    require_method,
    run_method,
)
from lightly_ray.workflow.comparison.report import make_report
from lightly_ray.workflow.labelled_images import read_pool


class CompareMethodsSettings(Settings):
    """Compare methods of selection on labelled data: learning curves against RANDOM, over many seeds."""

    data: Path = Field(description="Parquet with embeddings and labels, or a folder of images with a folder per class")
    output: Path = Field(description="folder for the table, the picture, and what is done so far")
    methods: str = Field(
        default="auto,coverage,coral,coreset",
        description="commas between: auto, coverage, cluster, coral, coreset, active_learning, or module:function of "
        "yours, called with (embeddings, n_samples, ids=, preselected=, predictions=, labels=, seed=) and giving ids; "
        "random is always there",
    )
    budgets: str = Field(
        default="",
        description="numbers of labels, commas between; default: 1, 2, 3, 5 .. 200 a class, to 30 % of the pool",
    )
    seeds: int = Field(default=20, ge=2, description="each draws its own pool and held-out set, for all methods")
    refits: int = Field(default=1, ge=1, description="selections between two budgets, a model trained before each")
    model: Literal["cv", "c1"] = Field(
        default="cv",
        description="logistic regression on vectors of length 1: cv chooses C and class weights by cross-validation, "
        "c1 takes C = 1",
    )
    pool: int = Field(default=5000, ge=2, description="samples that a seed selects from, at most")
    held_out: Path | None = Field(
        default=None, description="Parquet to test on, like data, of other names; default: what a seed's pool leaves"
    )
    id_column: str = Field(default="filename", description="column of the names")
    embedding_column: str = Field(default="embedding", description="column of the vectors")
    label_column: str = Field(default="label", description="column of the classes")

    @model_validator(mode="after")
    def _check(self) -> Self:
        numbers = self.numbers
        if any(after <= before for before, after in pairwise((0, *numbers))):
            raise ValueError(f"budgets rise from 1 on, got {self.budgets}")
        return self

    @property
    def numbers(self) -> tuple[int, ...]:
        """The budgets, none for the default."""
        words = _words(self.budgets)
        if not all(word.isdecimal() for word in words):
            raise ValueError(f"budgets are whole numbers with commas between, got {self.budgets!r}")
        return tuple(int(word) for word in words)

    @property
    def compared(self) -> list[str]:
        """The methods, RANDOM first."""
        words = (word if ":" in word else word.lower() for word in _words(self.methods))
        return list(dict.fromkeys(["random", *words]))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def run_compare_methods(settings: CompareMethodsSettings) -> dict[str, object]:
    """Compare, and return what the table says.

    Raises:
        InvalidInputError: data, methods or budgets cannot be used.
        ConflictError: another comparison is at ``output``.
    """
    for method in settings.compared:
        require_method(method)
    with connected():
        data = _read(settings)
        plan = _plan(settings, data)
        _claim(settings, data, plan)
        outcomes = _outcomes(settings, data, plan)
    report = make_report(settings.data.name, plan, outcomes)
    for name, content in (("comparison.md", report.markdown.encode()), ("comparison.png", report.picture)):
        with atomic_write(settings.output / name) as file:
            file.write(content)
    sys.stderr.write(f"\n{report.markdown}\n{settings.output / 'comparison.png'}\n")
    return {
        "output": str(settings.output),
        "budgets": plan.budgets,
        "pool": plan.pool,
        "accuracy": {method: [one.accuracy for one in runs] for method, runs in outcomes.items()},
        "against_random": {method: _plain(asdict(verdict)) for method, verdict in report.verdicts.items()},
    }


def _plain(verdict: dict[str, object]) -> dict[str, object]:
    plain: dict[str, object] = json.loads(json.dumps(verdict))  # keys that are numbers become text
    return plain


def _plan(settings: CompareMethodsSettings, data: LabelledData) -> Plan:
    pool = pool_size(data, settings.pool)
    budgets = settings.numbers or default_budgets(len(data.classes), pool)
    if not budgets or budgets[-1] > pool:
        raise InvalidInputError(
            f"{len(data.labels):,} samples of {len(data.classes)} classes give a pool of {pool:,}: too few for "
            f"{'one label a class' if not budgets else f'{budgets[-1]:,} labels'}"
        )
    return Plan(pool, budgets, settings.refits, settings.model == "cv")


def _claim(settings: CompareMethodsSettings, data: LabelledData, plan: Plan) -> None:
    """Say what is compared in this folder, or go on with the same."""
    held_out = "" if data.held_out is None else digest(data.held_out)
    identity = {
        "version of lightly_ray": __version__,
        "data": [digest(data.embeddings), digest(data.labels), held_out],
        "budgets": list(plan.budgets), "pool": plan.pool, "refits": plan.refits, "model": settings.model,
    }  # fmt: skip
    place = settings.output / "comparison.json"
    if place.exists():
        before = json.loads(place.read_text())
        differs = [name for name in identity if before.get(name) != identity[name]]
        if differs:
            raise ConflictError(
                f"{str(settings.output)!r} holds a comparison with other {', '.join(differs)}: choose another output"
            )
    make_folder(settings.output / "runs")
    with atomic_write(place) as file:
        file.write(json.dumps(identity).encode())


def _outcomes(settings: CompareMethodsSettings, data: LabelledData, plan: Plan) -> dict[str, list[Outcome]]:
    wanted = [(method, seed) for seed in range(settings.seeds) for method in settings.compared]
    places = {(method, seed): settings.output / "runs" / f"{_slug(method)}-{seed}.json" for method, seed in wanted}
    missing = [item for item in wanted if not places[item].exists()]
    with Progress("compare", len(wanted), unit="runs") as progress:
        progress.advance(len(wanted) - len(missing))
        for item, outcome in run_tasks(_alone, (data, plan), missing):
            with atomic_write(places[item[0], item[1]]) as file:
                file.write(json.dumps(asdict(outcome)).encode())
            progress.advance(note=f"{item[0]}, seed {item[1]}")
    found = {item: Outcome(**json.loads(place.read_text())) for item, place in places.items()}
    return {method: [found[method, seed] for seed in range(settings.seeds)] for method in settings.compared}


def _slug(method: str) -> str:
    """Names of functions that differ only by signs or case have files of their own."""
    slug = re.sub(r"[^a-z0-9_]+", "-", method.lower())
    return slug if slug == method else f"{slug}-{hashlib.blake2b(method.encode(), digest_size=4).hexdigest()}"


def _alone(data: LabelledData, plan: Plan, method: str, seed: int) -> Outcome:
    with threadpool_limits(1):  # the task has one CPU
        return run_method(data, plan, method, seed)


def _read(settings: CompareMethodsSettings) -> LabelledData:
    tested = 0
    if settings.data.is_dir() and not list(settings.data.glob("*.parquet")):
        if settings.held_out is not None:
            raise InvalidInputError(
                f"held_out is of a table: the images of {str(settings.data)!r} are divided by every seed"
            )
        _, vectors, labels = _from_images(settings)
    else:
        names, vectors, labels = _from_table(settings, settings.data)
        if settings.held_out is not None:
            held_out_names, more, more_labels = _from_table(settings, settings.held_out)
            _require_apart(names, held_out_names)
            vectors, labels, tested = np.concatenate([vectors, more]), [*labels, *more_labels], len(more_labels)
    classes = sorted(set(labels))
    if len(classes) < 2:
        raise InvalidInputError(f"{str(settings.data)!r} has {len(classes)} classes, at least 2 are needed")
    single = sorted(name for name, count in Counter(labels).items() if count == 1)
    if single and not tested:
        raise InvalidInputError(
            f"class {single[0]!r} in {str(settings.data)!r} has 1 sample, at least 2 are needed: "
            "one to learn from, one to test on"
        )
    numbers = {name: number for number, name in enumerate(classes)}
    held_out = np.arange(len(labels) - tested, len(labels)) if tested else None
    return LabelledData(vectors, np.array([numbers[one] for one in labels], np.int64), classes, held_out)


def _require_apart(names: list[str], held_out: list[str]) -> None:
    both = sorted(set(names) & set(held_out))
    if both:
        raise InvalidInputError(
            f"held_out has {len(both)} of its {len(held_out)} samples in common with data, first: {both[0]!r}: what "
            "may be learned from is no test; other samples of the same names need other names"
        )


def _from_table(settings: CompareMethodsSettings, path: Path) -> tuple[list[str], NDArray[np.float32], list[str]]:
    """Names, embeddings and labels, in the order of the names."""
    columns = [settings.id_column, settings.embedding_column, settings.label_column]
    table = read_columns(Location.parse(path), columns).sort_by(settings.id_column)
    labels = table.column(settings.label_column).to_pylist()
    names: list[str] = table.column(settings.id_column).to_pylist()
    lacking = [name for name, one in zip(names, labels, strict=True) if one is None]
    if lacking:
        raise InvalidInputError(f"{len(lacking)} samples in {str(path)!r} have no label, first: {lacking[0]!r}")
    vectors = matrix(table.column(settings.embedding_column).combine_chunks())
    return names, np.ascontiguousarray(vectors, np.float32), [str(one) for one in labels]


def _from_images(settings: CompareMethodsSettings) -> tuple[list[str], NDArray[np.float32], list[str]]:
    """Embed all images once; what is embedded stays beside the results, for these images alone."""
    kept = settings.output / f"embeddings-{digest_of(find_images(settings.data).values())}.parquet"
    if not kept.exists():
        images = read_pool(settings.data)
        of_pool = images.pool.by_name()
        label = {place: of_pool[name] for place, name in images.places.items()} | images.held_out.by_name()
        root = Location.parse(images.held_out.root)
        model = open_model(resolve_auto(DEFAULT, root, sorted(label)))
        embedded = embed_folder(root, sorted(label), model)
        table = pa.table(
            {
                settings.id_column: embedded.filenames,
                settings.embedding_column: fixed_lists(embedded.embeddings),
                settings.label_column: [label[name] for name in embedded.filenames],
            }
        )
        make_folder(settings.output)
        with atomic_write(kept) as file:
            pq.write_table(table, file)
    return _from_table(settings, kept)
