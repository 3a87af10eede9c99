"""What can be wrong with a file or with what shall be written. Missing files and full disks stay OSError."""

from __future__ import annotations


class RecordIOError(Exception):
    """Base of every error of this package."""


class DamageError(RecordIOError):
    """A place in a file that is not what it must be.

    Args:
        path: the file.
        offset: byte where the damaged record starts.
        record: its number, counted from 0 where reading started; None if unknown.
        problem: what was expected and what came.
        resume: byte from which to look for the next record.
    """

    def __init__(self, path: str, offset: int, record: int | None, problem: str, resume: int) -> None:
        self.path, self.offset, self.record, self.problem, self.resume = path, offset, record, problem, resume
        number = "" if record is None else f"record {record}: "
        super().__init__(f"{path}: offset {offset}: {number}{problem}")


class HeaderError(RecordIOError):
    """A record that is not an image record, or a header that cannot be written."""


class LineError(RecordIOError):
    """A line of a text file that is not what it must be.

    Args:
        path: the file.
        line: its number, counted from 1.
        problem: what was expected and what came.
    """

    def __init__(self, path: str, line: int, problem: str) -> None:
        self.path, self.line, self.problem = path, line, problem
        super().__init__(f"{path}:{line}: {problem}")


class ChecksumError(RecordIOError):
    """A checksum file that is damaged or belongs to another file."""


class RefusedError(RecordIOError):
    """Something that the format cannot hold, or a question that a file cannot answer."""


class ShortError(RecordIOError):
    """A buffer with a piece of a file that ends before what is asked of it. Readers catch it and read on.

    Args:
        stop: byte of the file up to which it must reach.
    """

    def __init__(self, stop: int) -> None:
        self.stop = stop
        super().__init__(f"the piece must reach to byte {stop} of the file")
