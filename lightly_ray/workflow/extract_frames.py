"""A folder with videos -> a folder of their frames, and of the images beside them: a data set as any other.

    OUTPUT_DIR/clip/000123.jpg    frame 123 of clip.mp4
    OUTPUT_DIR/photo.jpg          an image, linked where that can be, else copied

Run again, it goes on with the videos that are not finished; what was added since is added.
"""

import os
import sys
from pathlib import Path

from pydantic import Field

from lightly_ray.data.images import SUFFIXES
from lightly_ray.data.listing import files_below
from lightly_ray.data.location import Location
from lightly_ray.data.video import find_videos, require_decoder
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.frames import extract_frames
from lightly_ray.progress import Progress
from lightly_ray.settings import Settings
from lightly_ray.workflow.place import Place


class ExtractFramesSettings(Settings):
    """Videos -> frames, as images. Needs the extra `video`. Run again, it goes on, and adds what is new."""

    input_dir: Place = Field(description="folder of videos and images at any depth: a path, or a URI (s3://...)")
    output_dir: Place = Field(description="folder to write: a path, or a URI")
    fps: float = Field(default=1, gt=0, description="frames per second")


def run_extract_frames(settings: ExtractFramesSettings) -> dict[str, object]:
    """Take frames of all videos of a folder.

    A video that cannot be decoded is named on standard error, counted, and left out.

    Raises:
        NotFoundError, InvalidInputError: there is no such folder, no video in it, or none that can be decoded.
        ConflictError: a folder of frames, or an image, is there and is something else.
        MissingExtraError: PyAV is not installed.
    """
    root, output = settings.input_dir, settings.output_dir
    require_decoder()
    videos, images = find_videos(root), files_below(root, SUFFIXES)
    if not videos:
        raise InvalidInputError(f"folder {root.shown!r} holds no video")
    frames, corrupt = 0, []
    with connected(), Progress("take frames", len(videos), unit="videos") as progress:
        for done in extract_frames(root, videos, output, settings.fps):
            progress.advance()
            frames += done.frames
            if done.error:
                sys.stderr.write(f"skipped: {done.error}\n")
                corrupt.append(done.video)
    if not frames and not images:
        raise InvalidInputError(f"none of the {len(videos)} videos in {root.shown!r} can be read")
    for path in images:
        _put(root.at(path), output.child(path[len(root.path) :].lstrip("/")))
    return {
        "output_dir": output.shown,
        "videos": len(videos) - len(corrupt),
        "frames": frames,
        "images": len(images),
        "corrupt": sorted(corrupt),
    }


def _put(image: Location, target: Location) -> None:
    """The same file under another name: a second name where the file system can, else a copy."""
    then, now = target.info(), image.info()
    if then.size == now.size:
        return
    if then.is_file:
        raise ConflictError(f"{target.shown!r} is there and is another file than {image.shown!r}")
    if image.is_local and target.is_local:
        try:
            Path(target.path).parent.mkdir(parents=True, exist_ok=True)
            os.link(image.path, target.path)
        except OSError:  # another file system, or one without links
            target.write(image.read_existing())
    else:
        target.write(image.read_existing())
