"""What a store of objects gives: who an object is, and pieces of it, as futures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol, TypeVar

from mxtrain.data.remote.faults import Fault, of_error

T = TypeVar("T")


class Identity(NamedTuple):
    """Which version of an object is read.

    Args:
        size: in bytes.
        tag: what changes when the content does (ETag, generation, time); empty if the store gives none.
    """

    size: int
    tag: str


class Store(Protocol):
    """One kind of store. Its futures end in a result or a Fault, within the timeout, and may be cancelled."""

    def identify(self, url: str, timeout: float) -> Future[Identity]:
        """Size and tag of an object."""

    def fetch(self, url: str, piece: range, of: Identity, timeout: float) -> Future[bytes]:
        """Bytes of an object: exactly those, of the version `of`."""

    def glob(self, pattern: str, timeout: float) -> Future[list[str]]:
        """URLs that match a pattern, sorted."""

    def close(self) -> None:
        """Close connections."""


def start(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]], timeout: float) -> Future[T]:
    """Run a coroutine in the thread of a loop, for so many seconds at most."""

    async def run() -> T:
        try:
            return await asyncio.wait_for(work(), timeout)
        except TimeoutError:
            raise Fault("passing", f"no answer within {timeout:.3g} s") from None
        except Exception as error:
            raise of_error(error) from None

    return asyncio.run_coroutine_threadsafe(run(), loop)


def same(of: Identity, found: Identity) -> None:
    """Refuse another version of an object.

    Raises:
        Fault: saying how they differ.
    """
    if found.size != of.size:
        raise Fault("changed", f"had {of.size} bytes when it was opened, has {found.size}")
    if found.tag != of.tag:
        raise Fault("changed", f"was version {of.tag} when it was opened, is {found.tag}")


def whole(piece: range, data: bytes) -> bytes:
    """The data, if all came.

    Raises:
        Fault: if not; that may pass.
    """
    if len(data) != len(piece):
        raise Fault("passing", f"expected {len(piece)} bytes, got {len(data)}")
    return data
