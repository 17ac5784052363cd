"""Videos -> folders of frames, on Ray Data: a task for each video."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import ray.data
from numpy.typing import NDArray
from pyarrow import fs

from lightly_ray.data.listing import files_below
from lightly_ray.data.location import Location
from lightly_ray.data.video import read_frames, to_jpeg
from lightly_ray.errors import ConflictError, CorruptImageError
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.remote_args import TASK_LOSSES, map_batches

_MARK = ".frames.json"  # in every folder of frames: what it was made from, and how many there are once all are


@dataclass(frozen=True, slots=True)
class VideoFrames:
    """What became of a video.

    Attributes:
        video: its name.
        frames: how many there are now.
        error: why there are none, else "".
    """

    video: str
    frames: int
    error: str


def extract_frames(root: Location, videos: Sequence[str], output: Location, fps: float) -> Iterator[VideoFrames]:
    """Write frames as ``output/VIDEO WITHOUT ENDING/000123.jpg``. Needs a connection to Ray.

    What an earlier run finished is not done again; what it left half done is.

    Args:
        root: folder of the videos.
        videos: N >= 1 names below it.
        output: folder to write to, which all workers see.
        fps: frames per second.

    Yields:
        An entry for each video, in the order in which they are done.

    Raises:
        ConflictError: two videos would have one folder, or one is there that is not ours or was made otherwise.
        InvalidInputError: a frame cannot be written.
    """
    folders: dict[str, str] = {}
    for video in videos:
        other = folders.setdefault(_folder(video), video)
        if other != video:
            raise ConflictError(f"videos {other!r} and {video!r} would have one folder of frames: rename one")
    blocks = [pa.table({"video": pa.array([video], pa.string())}) for video in videos]
    dataset = map_batches(
        ray.data.from_arrow(blocks),
        partial(_extract_all, root=root, output=output, fps=fps),
        batch_size=1,
        batch_format="numpy",
        num_cpus=1,
        **TASK_LOSSES,
    )
    with plain_errors():
        for row in dataset.iter_rows():
            yield VideoFrames(row["video"], row["frames"], row["error"])


def _extract_all(batch: dict[str, NDArray[Any]], root: Location, output: Location, fps: float) -> dict[str, Any]:
    frames, errors = [], []
    for video in map(str, batch["video"]):
        try:
            frames.append(_extract(root.child(video), output.child(_folder(video)), fps))
            errors.append("")
        except CorruptImageError as error:
            output.child(_folder(video)).remove_folder()
            frames.append(0)
            errors.append(str(error))
    return {"video": batch["video"], "frames": np.array(frames), "error": np.array(errors, object)}


def _folder(video: str) -> str:
    return video.rpartition(".")[0]


def _extract(video: Location, folder: Location, fps: float) -> int:
    info = video.info()
    made_from = {"size": info.size, "mtime_ns": info.mtime_ns, "fps": fps}
    mark = folder.child(_MARK)
    content = mark.read()
    before = None if content is None else json.loads(content)
    if before is None and folder.info().type == fs.FileType.Directory and files_below(folder):
        raise ConflictError(f"folder {folder.shown!r} is there and was not made of video {video.shown!r}")
    if before is not None and before["made_from"] != made_from:
        raise ConflictError(
            f"folder {folder.shown!r} was made of another video or with fps={before['made_from']['fps']}: delete it, "
            "or give another output_dir"
        )
    if before is not None and before["frames"]:
        return int(before["frames"])
    mark.write(json.dumps({"made_from": made_from, "frames": 0}).encode())
    count = 0
    for frame in read_frames(video, fps):
        folder.child(f"{frame.number:06d}.jpg").write(to_jpeg(frame.image))
        count += 1
    mark.write(json.dumps({"made_from": made_from, "frames": count}).encode())
    return count
