"""Files on web servers, through fsspec's session. A user and password for a host are taken from ~/.netrc."""

from __future__ import annotations

import re
from concurrent.futures import Future
from typing import Any

import aiohttp
from fsspec.implementations.http import HTTPFileSystem

from mxtrain.data.remote.faults import Fault, of_status
from mxtrain.data.remote.store import Identity, same, start, whole

_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class Http:
    """The store behind http:// and https://."""

    def __init__(self) -> None:
        self._system = HTTPFileSystem(
            client_kwargs={"trust_env": True, "timeout": aiohttp.ClientTimeout(total=None)}, skip_instance_cache=True
        )

    def identify(self, url: str, timeout: float) -> Future[Identity]:
        """Size, and ETag or else time of the last change."""
        return start(self._system.loop, lambda: self._identify(url), timeout)

    def fetch(self, url: str, piece: range, of: Identity, timeout: float) -> Future[bytes]:
        """Bytes of the file, if it is still the same."""
        return start(self._system.loop, lambda: self._fetch(url, piece, of), timeout)

    def glob(self, pattern: str, timeout: float) -> Future[list[str]]:
        """Nothing: web servers have no listings to rely on.

        Raises:
            Fault: always.
        """
        raise Fault("refused", "a web server does not list its files; name each of them")

    def close(self) -> None:
        """Close connections."""
        if self._system._session is not None:
            self._system.close_session(self._system.loop, self._system._session)

    def _get(self, session: Any, url: str, piece: range) -> Any:
        # A compressed answer would have other offsets.
        headers = {"Range": f"bytes={piece.start}-{piece.stop - 1}", "Accept-Encoding": "identity"}
        return session.get(self._system.encode_url(url), headers=headers)

    async def _identify(self, url: str) -> Identity:
        # Not HEAD: some servers refuse it, and only a range shows that ranges are served.
        async with self._get(await self._system.set_session(), url, range(1)) as answer:
            said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if answer.status == 416 and said and said[3] == "0":
                return Identity(0, _tag(answer))
            if answer.status != 206 or not said or said[3] == "*":
                raise _refused(answer)
            return Identity(int(said[3]), _tag(answer))

    async def _fetch(self, url: str, piece: range, of: Identity) -> bytes:
        async with self._get(await self._system.set_session(), url, piece) as answer:
            said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if answer.status != 206 or not said or said[3] == "*":
                raise _refused(answer)
            same(of, Identity(int(said[3]), _tag(answer)))
            if said[1] is None or int(said[1]) != piece.start or int(said[2]) != piece.stop - 1:
                raise Fault("passing", f"asked for bytes {piece.start}-{piece.stop - 1}, got {said[0]!r}")
            try:
                return whole(piece, await answer.content.readexactly(len(piece)))
            except aiohttp.ClientConnectionError as error:
                raise Fault("passing", f"the connection broke: {error}") from None
            except EOFError as error:
                raise Fault("passing", f"expected {len(piece)} bytes, the answer ended before: {error}") from None


def _tag(answer: Any) -> str:
    return str(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")


def _refused(answer: Any) -> Fault:
    if answer.status in (200, 206):
        return Fault("refused", "the server does not serve ranges of bytes; copy the file to a local disk")
    return of_status(answer.status, answer.reason or "")
