"""CVAT's XML 1.1 for images, written; `cvat` reads it and names the format's rules."""

import re
from collections.abc import Iterator, Sequence

from lightly_ray.data.labels.exporting import Annotation, Export, Sample, joined
from lightly_ray.data.labels.geometry import pixels, require_size
from lightly_ray.data.labels.masks import box_of, runs_of, unpacked
from lightly_ray.errors import InvalidInputError

_LABEL_TYPES = {"classification": "tag", "detection": "rectangle", "segmentation": "any", "keypoints": "skeleton"}
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(export: Export) -> Iterator[bytes]:
    """A file; predictions are shapes of the source `auto`.

    Raises:
        InvalidInputError: an image with shapes has no size, or a name has a character that XML cannot hold.
    """
    yield b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta><task><labels>\n'
    yield from joined(_labels(export), "\n")
    yield b"\n</labels></task></meta>\n"
    yield from joined((_image(one, number, export) for number, one in enumerate(export.samples)), "\n")
    yield b"\n</annotations>\n"


def _labels(export: Export) -> Iterator[str]:
    points = export.most_keypoints() if export.task == "keypoints" else 0
    for name in export.classes:
        kind = _LABEL_TYPES[export.task]
        yield f"<label><name>{_text(name)}</name><type>{kind}</type><attributes></attributes></label>"
        for number in range(1, points + 1):
            yield (
                f"<label><name>{number}</name><type>points</type><attributes></attributes>"
                f"<parent>{_text(name)}</parent></label>"
            )


def _image(sample: Sample, number: int, export: Export) -> str:
    shapes: list[str] = []
    for group, annotation in enumerate(export.shown(sample) or [], start=1):
        source = "manual" if annotation.get("score") is None else "auto"
        shapes += _shapes(annotation, sample, _attributes(label=annotation["class"], source=source), group)
    sides = {} if sample.width is None else {"width": sample.width, "height": sample.height}
    inside = "".join(f"\n  {shape}" for shape in shapes)
    return f"<image {_attributes(id=number, name=sample.filename, **sides)}>{inside}\n</image>"


def _shapes(annotation: Annotation, sample: Sample, head: str, group: int) -> list[str]:
    """An object as its most telling shape: an element, or one for each polygon."""
    polygons, mask, points = (annotation.get(name) for name in ("polygons", "mask", "keypoints"))
    if polygons is None and mask is None and points is None and annotation.get("box") is None:
        return [f"<tag {head}></tag>"]
    width, height = require_size(sample.width, sample.height, sample.shown)
    if points is not None:
        triples = (points[start : start + 3] for start in range(0, len(points), 3))
        inner = (_point(number, triple, width, height) for number, triple in enumerate(triples, start=1))
        return [f'<skeleton {head} z_order="0">{"".join(inner)}</skeleton>']
    if polygons is not None:
        grouped = f' group_id="{group}"' if len(polygons) > 1 else ""
        parts = (_pairs(pixels(part, width, height)) for part in polygons)
        return [f'<polygon {head} occluded="0" points="{part}" z_order="0"{grouped}></polygon>' for part in parts]
    if mask is not None:
        cropped = _cropped(mask, sample)
        return [f'<mask {head} occluded="0" {cropped} z_order="0"></mask>']
    corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), pixels(annotation["box"], width, height), strict=True))
    return [f'<box {head} occluded="0" {_attributes(**corners)} z_order="0"></box>']


def _point(number: int, triple: Sequence[float], width: float, height: float) -> str:
    x, y, visibility = triple
    flags = _attributes(label=number, outside=int(visibility == 0), occluded=int(visibility == 1))
    return f'<points {flags} points="{_pairs(pixels([x, y], width, height))}"></points>'


def _cropped(mask: Annotation, sample: Sample) -> str:
    canvas = unpacked(mask, sample.shown)
    left, top, right, bottom = box_of(canvas)
    if canvas.shape != (sample.height, sample.width):
        raise InvalidInputError(
            f"{sample.shown}: a mask has {mask['width']} x {mask['height']} pixels, its image "
            f"{sample.width} x {sample.height}"
        )
    runs = runs_of(canvas[top:bottom, left:right].ravel())
    rle = ", ".join(map(str, runs))
    return _attributes(rle=rle, left=left, top=top, width=right - left, height=bottom - top)


def _pairs(values: list[float]) -> str:
    return ";".join(f"{x!r},{y!r}" for x, y in zip(values[::2], values[1::2], strict=True))


def _attributes(**values: object) -> str:
    return " ".join(f'{name}="{_text(str(value))}"' for name, value in values.items())


def _text(text: str) -> str:
    if bad := _FORBIDDEN.search(text):
        raise InvalidInputError(f"{text!r} has the character {bad.group()!r}, which XML cannot hold")
    return text.translate(_ESCAPES)
