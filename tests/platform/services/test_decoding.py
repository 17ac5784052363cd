"""Pictures that strangers upload: small files that would be gigabytes are refused, and the others take turns."""

import io
import struct
import threading
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from PIL import Image

from lightly_ray.errors import CorruptImageError
from lightly_ray.platform import limits
from lightly_ray.platform.services import decoding, images, thumbnails
from lightly_ray.platform.services.decoding import decoded
from lightly_ray.platform.services.images import store_image
from lightly_ray.platform.storage.blobs import Blobs
from tests.platform.served import a_sample

MIB = 2**20


@cache
def zeros(size: int) -> bytes:
    """So many zeros, deflated to a thousandth."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size // MIB)) + packer.flush()


def png(width: int, height: int, pixels: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """A grey PNG of these deflated pixels, with other chunks before them."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        *more,
        (b"IDAT", pixels),
        (b"IEND", b""),
    ]
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(width: int, height: int) -> bytes:
    """The head of a grey TIFF, packed by LZW, without what it would unpack."""
    tags = {256: width, 257: height, 258: 8, 259: 5, 262: 1, 273: 8, 277: 1, 278: height, 279: 8}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 16) + b"\x80\0\0\0\0\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)


BOMBS: dict[str, Callable[[], bytes]] = {
    "a PNG that Pillow would take": lambda: png(12_000, 12_000, zeros(MIB)),
    "a PNG that it would not": lambda: png(60_000, 60_000, zeros(MIB)),
    "a GIF": lambda: b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6) + b",",
    "a BMP": lambda: b"BM" + struct.pack("<IHHIIiiHHIIiiII", 70, 0, 0, 54, 40, 50_000, 50_000, 1, 8, 1, 0, 0, 0, 0, 0),
    "a TIFF": lambda: tiff(60_000, 60_000),
    "a PNG with a text": lambda: png(8, 8, zeros(MIB), (b"zTXt", b"Comment\0\0" + zeros(150 * MIB))),
    "a PNG with a profile of colours": lambda: png(8, 8, zeros(MIB), (b"iCCP", b"it\0\0" + zeros(150 * MIB))),
    "a PNG with more pixels than it has": lambda: png(8, 8, zeros(150 * MIB)),
}
# What is too much of it is not looked at.
SHOWN = {"a PNG with more pixels than it has"}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bomb__takes_no_memory(name: str, tmp_path: Path) -> None:
    blobs, stored = Blobs(str(tmp_path)), BOMBS[name]()
    assert len(stored) < 2 * MIB
    blob = store_image(blobs, "d1", "full", io.BytesIO(stored))
    sample = a_sample(id="1", dataset_id="d1", full_key=blob.key, full_sha256=blob.sha256, file_name="bomb")
    before = memory()
    for made in (thumbnails.content, partial(images.content, kind="thumb")):
        if name in SHOWN:
            assert Image.open(io.BytesIO(b"".join(made(blobs, sample)[0]))).size == (8, 8)
        else:
            with pytest.raises(CorruptImageError, match="image 'bomb' cannot be read"):
                made(blobs, sample)
    assert memory() - before < 100 * MIB


def memory() -> int:
    """The most bytes this process has held since this was last asked."""
    status = Path("/proc/self/status").read_text()
    Path("/proc/self/clear_refs").write_text("5")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def test_decoded__as_many_pixels_at_a_time_as_there_is_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMAGE_PIXELS", 100)
    monkeypatch.setattr(decoding, "_budget", decoding._Budget(100))
    assert most_at_once(5, 5) == 4
    assert most_at_once(8, 8) == 1
    with pytest.raises(CorruptImageError, match=r"image 'a.png' cannot be read: it has 110 pixels, .* at most 100"):
        most_at_once(11, 10)
    assert most_at_once(10, 10) == 1


def most_at_once(width: int, height: int) -> int:
    """How many of such pictures were decoded at the same time; whoever decodes one waits for three others, a while."""
    out, inside, most, errors = io.BytesIO(), 0, 0, list[CorruptImageError]()
    Image.new("L", (width, height)).save(out, "png")
    changed = threading.Condition()

    def _decode() -> None:
        nonlocal inside, most
        try:
            with decoded(out.getvalue, "a.png"), changed:
                inside += 1
                most = max(most, inside)
                changed.notify_all()
                changed.wait_for(lambda: most == 4, timeout=0.1)
                inside -= 1
        except CorruptImageError as error:
            errors.append(error)

    threads = [threading.Thread(target=_decode) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return most
