"""Embedding against its pieces alone, in one run: ``python tests/benchmarks/embedding_speed.py --help``.

pretrained   `embed_in_order` with the pretrained network, against its forward pass alone over prepared batches on as
             many threads
descriptor   the same with the descriptor, against decoding alone in as many processes: as it is done for this, at
             reduced size, and of whole images
upload       `upload_dataset(mode="full")` to a platform on this machine

Rates of embedding are of the steady state: all images against the first copy of them alone, so that what actors take to
start, which is said beside, falls out. Each side runs as often as asked, in turn, and medians are compared.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import Field

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.images import as_rgb, list_images, open_first_frame
from lightly_ray.data.location import Location
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.models import OnnxModel, open_model
from lightly_ray.embedding.network.session import Session
from lightly_ray.parallel.cluster import cluster_cpus, connected
from lightly_ray.parallel.embedding.embed import Fitted, embed_folder, embed_in_order
from lightly_ray.parallel.embedding.extract import Loader
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.progress import Progress
from lightly_ray.settings import Settings, run

_BATCH = 8


class SpeedSettings(Settings):
    """Images per second of embedding and of its pieces."""

    case: Literal["pretrained", "descriptor", "upload"] = Field(description="what is measured")
    input_dir: Path = Field(default=Path("jobs/clothing/train"), description="folder of images")
    copies: int = Field(default=3, ge=1, description="how many times each image is there; 2 or more to embed")
    runs: int = Field(default=3, ge=1, description="of each side, in turn")


def measure(settings: SpeedSettings) -> dict[str, object]:
    """Measure one case."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "images"
        for copy in range(settings.copies):
            (root / str(copy)).parent.mkdir(exist_ok=True)
            (root / str(copy)).symlink_to(settings.input_dir.absolute(), target_is_directory=True)
        names = list_images(root)
        if settings.case == "upload":
            return {"case": "upload", "images": len(names), "per second": _uploads(root, len(names), settings.runs)}
        with connected():
            return {"case": settings.case, "images": len(names), **_compared(root, names, settings)}


def _compared(root: Path, names: Sequence[str], settings: SpeedSettings) -> dict[str, object]:
    model = open_model("efficientnet-lite1" if settings.case == "pretrained" else "descriptor")
    few = names[: len(names) // settings.copies]
    if isinstance(model, OnnxModel):
        pieces = {"forward pass": _forward(root, few, model)}
    else:
        pieces = {
            "decoding": partial(_decode_all, root, names, model.side),
            "decoding whole images": partial(_decode_all, root, names, None),
        }
    embedder = embed_folder(Location.parse(root), few[:512], model).embedder
    ours, starts = [], []
    bare: dict[str, list[float]] = {name: [] for name in pieces}
    for _ in range(settings.runs):
        for name, alone in pieces.items():
            bare[name].append(alone())
        short, long = _seconds(root, few, embedder), _seconds(root, names, embedder)
        each = (long - short) / (len(names) - len(few))
        ours.append(1 / each)
        starts.append(short - len(few) * each)
    return {
        "embed, images/s": round(median(ours), 1),
        **{f"{name} alone, images/s": round(median(rates), 1) for name, rates in bare.items()},
        **{f"ratio to {name}": round(median(rates) / median(ours), 2) for name, rates in bare.items()},
        "seconds to start": round(median(starts), 1),
    }


def _seconds(root: Path, names: Sequence[str], embedder: Embedder) -> float:
    """How long embedding takes, start included."""
    model = embedder.open_model()
    began = time.perf_counter()
    with Progress("embed", len(names), show=False) as progress:
        found = embed_in_order(
            Location.parse(root), names, model, Fitted(embedder, None), loader=Loader(), progress=progress
        )
        for _ in found:
            pass
    return time.perf_counter() - began


def _forward(root: Path, names: Sequence[str], model: OnnxModel) -> Callable[[], float]:
    """The bare forward pass over prepared batches, on a thread per CPU of this machine."""
    images = [as_rgb(open_first_frame(root / name, at_least=model.side).image) for name in names[:512]]
    batches = [model.preparation(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH)]
    session = Session(model.graph, "the model", threads=cluster_cpus())

    def run_all() -> float:
        began = time.perf_counter()
        for batch in batches:
            session.forward(batch)
        return len(images) / (time.perf_counter() - began)

    run_all()  # warm
    return run_all


def _decode_all(root: Path, names: Sequence[str], side: int | None) -> float:
    workers = cluster_cpus()
    shares = [names[start::workers] for start in range(workers)]
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_decode, [root] * workers, [share[:50] for share in shares], [side] * workers))  # warm
        began = time.perf_counter()
        list(pool.map(_decode, [root] * workers, shares, [side] * workers))
        return len(names) / (time.perf_counter() - began)


def _decode(root: Path, names: Sequence[str], side: int | None) -> None:
    for name in names:
        as_rgb(open_first_frame((root / name).read_bytes(), at_least=side).image)


def _uploads(root: Path, count: int, runs: int) -> float:
    rates = []
    with tempfile.TemporaryDirectory() as folder, EmbeddedPlatform(Path(folder)) as platform:
        client = ApiWorkflowClient(platform.token, server=platform.url, show_progress=False)
        time.sleep(5)  # until its worker has started too
        for _ in range(runs):
            client.create_new_dataset_with_unique_name("upload speed")
            began = time.perf_counter()
            client.upload_dataset(root, mode="full")
            rates.append(count / (time.perf_counter() - began))
    return round(median(rates), 1)


if __name__ == "__main__":
    run(measure, SpeedSettings)
