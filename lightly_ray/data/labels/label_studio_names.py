"""Names of files as Label Studio changes them, brought back."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

_UPLOADED = re.compile(r"\A[0-9a-f]{8}-")
_EXPORTED = re.compile(r"\A(?:images[/\\])?[0-9a-f]{8}__(?=.)")


def name_of_address(address: str) -> str:
    """The name of the file that an address in a task shows.

    The path of a local file (`?d=`), the key of an object, else the base name without the hash of an upload.
    """
    parts = urlsplit(address)
    if "d" in (query := parse_qs(parts.query)):
        return query["d"][0]
    if parts.scheme in ("s3", "gs", "azure-blob"):
        return parts.path.lstrip("/")
    if parts.scheme in ("http", "https") or parts.path.startswith("/data/"):
        return _UPLOADED.sub("", unquote(parts.path.rpartition("/")[2]))
    return address


def name_in_export(name: str) -> str:
    """The base name in a file name of its COCO and YOLO exports, which put a hash of the address before it."""
    return _EXPORTED.sub("", name)
