"""What a file is that is not what was expected: the end of an error's text."""

from __future__ import annotations

STARTS = (
    (b"\x12\x01\x00\x00\x00\x00\x00\x00", "; it is a file of arrays (.params)"),
    (b"\x0a\x23\xd7\xce", "; it is a record file: mxtrain pack ls shows it"),
    (b"\x80", "; it is a Python pickle, such as MXNet's .states, which is not opened"),
    (b"PK\x03\x04", "; it is a zip file, such as MXNet 2 and NumPy write: load it there, and write it by mx.nd.save"),
    (b"{", "; it is JSON, such as a symbol file"),
    (b"version https://git-lfs", "; it is a pointer of git-lfs: the file itself was not fetched"),
)  # fmt: skip
"""First bytes -> what is said."""


def guess(data: bytes | memoryview) -> str:
    """What the bytes look like, or nothing."""
    head = bytes(data[:64])
    return next((text for start, text in STARTS if head.startswith(start) or head.lstrip().startswith(start)), "")
