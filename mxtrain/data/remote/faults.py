"""What can go wrong with a request: whether it may pass, and what a user can do about it."""

from __future__ import annotations

from typing import Literal

from mxtrain.base.errors import DataError
from mxtrain.data.remote.address import scheme, scrubbed

Kind = Literal["passing", "missing", "denied", "changed", "refused"]
"""Passing: another attempt may succeed. Changed: the object is not what it was. Refused: nothing else fits."""

_PASSING_STATUS = (408, 425, 429)
_ADVICE = {
    "passing": "check the network and the store; remote.attempts, remote.timeout and remote.deadline allow it more",
    "missing": "check the path",
    "changed": "the file was replaced while it was read; start again, and keep data in place while it is in use",
    "refused": "check the path, and that the store serves ranges of bytes",
}
_DENIED = {
    "s3": "check the credentials (`aws configure`, AWS_PROFILE) and that they may read this object and its bucket, "
    "or set remote.anonymous for public data",
    "gs": "check the credentials (`gcloud auth application-default login`), or set remote.anonymous for public data",
    "hdfs": "check the user's permissions (`hdfs dfs -ls`, `kinit`)",
    "http": "a user and password for the host go into ~/.netrc",
}


class Fault(Exception):  # noqa: N818 - stays inside this package
    """A request that failed.

    Args:
        kind: what follows from it.
        reason: what came, and what was expected.
    """

    def __init__(self, kind: Kind, reason: str) -> None:
        self.kind, self.reason = kind, scrubbed(reason)
        super().__init__(self.reason)


def of_status(status: int, reason: str) -> Fault:
    """The fault that an HTTP status stands for."""
    if status in (401, 403, 407):
        return Fault("denied", f"access denied (status {status}: {reason})")
    if status in (404, 410):
        return Fault("missing", f"nothing is there (status {status}: {reason})")
    if status in (412, 416):
        return Fault("changed", f"the object is not what it was (status {status}: {reason})")
    passing = status >= 500 and status not in (501, 505) or status in _PASSING_STATUS
    return Fault("passing" if passing else "refused", f"status {status}: {reason}")


def of_error(error: BaseException) -> Fault:
    """The fault that an error of a library or the system stands for. What is not known may pass."""
    if isinstance(error, Fault):
        return error
    said = str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return Fault("missing", f"nothing is there ({said})")
    if isinstance(error, PermissionError):
        return Fault("denied", f"access denied ({said})")
    if isinstance(error, TimeoutError):
        return Fault("passing", "no answer in time")
    if isinstance(error, ValueError | TypeError | NotImplementedError | ImportError):
        return Fault("refused", said)
    return Fault("passing", said)


def told(url: str, doing: str, fault: Fault) -> DataError:
    """The error for a user: where, what came, what to do."""
    kind = scheme(url)
    advice = _DENIED["http" if kind == "https" else kind] if fault.kind == "denied" else _ADVICE[fault.kind]
    if kind == "s3" and fault.kind in ("missing", "refused"):
        advice += ", the region and the endpoint (remote.endpoint, AWS_ENDPOINT_URL)"
    return DataError(f"{url}: {doing}: {fault.reason}; {advice}")
