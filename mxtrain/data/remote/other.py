"""Any other store that fsspec knows (gs://, hdfs://). That it is the same version is seen after each piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import fsspec

from mxtrain.data.remote.faults import of_error
from mxtrain.data.remote.store import Identity, same, start, whole

T = TypeVar("T")
_TAGS = ("ETag", "etag", "generation", "md5Hash", "mtime", "LastModified", "modification_time", "created")


class Other:
    """A store behind one of fsspec's file systems.

    One that is not asynchronous (hdfs) is asked in the caller's thread: it has timeouts of its own, and nothing is
    fetched ahead.

    Args:
        system: the file system.
    """

    def __init__(self, system: Any) -> None:
        self._system = system

    def identify(self, url: str, timeout: float) -> Future[Identity]:
        """Size, and what tells versions apart."""
        if self._system.async_impl:
            return start(self._system.loop, lambda: self._identify(url), timeout)
        return _now(lambda: _identity(self._system.info(url)))

    def fetch(self, url: str, piece: range, of: Identity, timeout: float) -> Future[bytes]:
        """Bytes of the object, if it was the same before and after."""
        if self._system.async_impl:
            return start(self._system.loop, lambda: self._fetch(url, piece, of), timeout)

        def read() -> bytes:
            data = self._system.cat_file(url, start=piece.start, end=piece.stop)
            same(of, _identity(self._system.info(url)))
            return whole(piece, data)

        return _now(read)

    def glob(self, pattern: str, timeout: float) -> Future[list[str]]:
        """URLs that match a pattern."""
        if self._system.async_impl:
            return start(self._system.loop, lambda: self._glob(pattern), timeout)
        return _now(lambda: sorted(map(self._system.unstrip_protocol, self._system.glob(pattern))))

    def close(self) -> None:
        """Nothing: fsspec closes it with its last user."""

    async def _identify(self, url: str) -> Identity:
        self._system.invalidate_cache()
        return _identity(await self._system._info(url))

    async def _fetch(self, url: str, piece: range, of: Identity) -> bytes:
        data = await self._system._cat_file(url, start=piece.start, end=piece.stop)
        same(of, await self._identify(url))
        return whole(piece, data)

    async def _glob(self, pattern: str) -> list[str]:
        return sorted(map(self._system.unstrip_protocol, await self._system._glob(pattern)))


def _identity(info: Mapping[str, Any]) -> Identity:
    tags = (info[name] for name in _TAGS if info.get(name))
    return Identity(int(info["size"]), str(next(tags, "")))


def _now(work: Callable[[], T]) -> Future[T]:
    done: Future[T] = Future()
    try:
        done.set_result(work())
    except Exception as error:
        done.set_exception(of_error(error))
    return done


def system(kind: str, url: str, anonymous: bool) -> Any:
    """fsspec's file system for a scheme; for hdfs connected to the host that the URL names.

    Raises:
        ImportError: if what it needs is not installed.
    """
    known = {"token": "anon"} if anonymous and kind == "gs" else {}
    if kind == "hdfs":
        known = fsspec.utils.infer_storage_options(url)
        known = {name: known[name] for name in ("host", "port") if known.get(name)}
    return fsspec.filesystem(kind, skip_instance_cache=True, **known)
