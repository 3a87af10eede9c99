"""The stores, the cache and the manner in which one reader of data reads remote files."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path

from mxtrain.base.errors import BackendUnavailable, DataError
from mxtrain.data.remote.address import checked, scheme
from mxtrain.data.remote.blocks import Blocks
from mxtrain.data.remote.cache import DiskCache
from mxtrain.data.remote.faults import Fault, told
from mxtrain.data.remote.file import RemoteFile, landed
from mxtrain.data.remote.options import Options
from mxtrain.data.remote.retry import Policy, retry
from mxtrain.data.remote.store import Identity, Store

_NEEDS = {"gs": "gcsfs", "hdfs": "pyarrow"}


class Remote:
    """Opens remote files. A context manager; files that it opened are of no use when it is closed.

    Args:
        options: as the config says.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        folder = Path(self.options.cache or "~/.cache/mxtrain").expanduser()
        limit = int(self.options.cache_gb * 1e9)
        self.disk = DiskCache(folder, limit) if limit else None
        self.policy = Policy(self.options.attempts, self.options.timeout, self.options.deadline)
        self._blocks = Blocks(self.disk)
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._stores: dict[str, Store] = {}
        self._files: list[RemoteFile] = []

    def open(self, url: str) -> RemoteFile:
        """A remote file, as it is now.

        Raises:
            DataError: if it is not there, may not be read, or the store does not answer.
            BackendUnavailable: if what reads such paths is not installed.
        """
        url = checked(url)
        try:
            return self._open(url)
        except Fault as fault:
            raise told(url, "cannot be opened", fault) from None

    def look(self, url: str) -> RemoteFile | None:
        """A remote file, None if it is not there. S3 says "denied" too where it does not let one list a bucket.

        Raises:
            DataError: if the store does not answer.
        """
        url = checked(url)
        try:
            return self._open(url)
        except Fault as fault:
            if fault.kind in ("missing", "denied"):
                return None
            raise told(url, "cannot be opened", fault) from None

    def _open(self, url: str) -> RemoteFile:
        store = self._store(url)

        def attempt(timeout: float) -> Identity:
            return landed(store.identify(url, timeout), timeout)

        file = RemoteFile(url, retry(self.policy, url, attempt, self._closed), store, self._blocks, self.policy)
        with self._lock:
            self._files.append(file)
        return file

    def find(self, pattern: str) -> list[str]:
        """The URLs that a pattern (`*`, `?`, `[...]`) matches, sorted.

        Raises:
            DataError: if there are none, or the store cannot list its files.
        """
        pattern = checked(pattern)
        store = self._store(pattern)
        try:
            found = retry(self.policy, pattern, lambda t: landed(store.glob(pattern, t), t), self._closed)
        except Fault as fault:
            raise told(pattern, "cannot be listed", fault) from None
        if not found:
            raise DataError(f"{pattern}: no file has such a name; check the path")
        return found

    def _store(self, url: str) -> Store:
        kind = scheme(url).replace("https", "http")
        with self._lock:
            if kind not in self._stores:
                self._stores[kind] = _connect(kind, url, self.options)
            return self._stores[kind]

    def close(self) -> None:
        """Stop what is under way and close connections."""
        self._closed.set()
        for file in self._files:
            file.close()
        for store in self._stores.values():
            store.close()
        self._stores.clear()

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connect(kind: str, url: str, options: Options) -> Store:
    try:
        if kind == "s3":
            s3 = importlib.import_module("mxtrain.data.remote.s3")
            store: Store = s3.S3(options.endpoint, options.anonymous, options.timeout)
        elif kind == "http":
            store = importlib.import_module("mxtrain.data.remote.http").Http()
        else:
            other = importlib.import_module("mxtrain.data.remote.other")
            store = other.Other(other.system(kind, url, options.anonymous))
    except ImportError as error:
        missing = _NEEDS.get(kind)
        also = f" {missing}" if missing else ""
        raise BackendUnavailable(
            f"{url}: {kind}:// paths need a library that is not here ({error}): pip install 'mxtrain[remote]'{also}"
        ) from None
    except Exception as error:
        raise DataError(f"{url}: the store cannot be reached: {error}") from None
    return store
