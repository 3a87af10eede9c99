"""Amazon S3 and what speaks its language, through s3fs. Credentials are found as the AWS tools find them."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import s3fs
from botocore import exceptions as boto

from mxtrain.data.remote.faults import Fault, of_status
from mxtrain.data.remote.store import Identity, same, start, whole

_DENIED = (
    boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError, boto.ProfileNotFound,
    boto.NoAuthTokenError, boto.TokenRetrievalError, boto.SSOError,
)  # fmt: skip
_PASSING = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, boto.ChecksumError)
_PASSING_CODES = ("RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded")


class S3:
    """The store behind s3://.

    Args:
        endpoint: of another server than Amazon's; "": as the AWS configuration says.
        anonymous: send no credentials.
        timeout: in seconds, of connecting and of every wait for bytes.
    """

    def __init__(self, endpoint: str, anonymous: bool, timeout: float) -> None:
        limits = {"connect_timeout": timeout, "read_timeout": timeout, "retries": {"total_max_attempts": 1}}
        self._system = s3fs.S3FileSystem(
            anon=anonymous,
            endpoint_url=endpoint or None,
            config_kwargs=limits,
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        # Attempts are counted in retry.py; a library that tries again by itself would multiply them.
        self._system.retries = 1

    def identify(self, url: str, timeout: float) -> Future[Identity]:
        """Size and ETag."""
        return start(self._system.loop, lambda: self._identify(url), timeout)

    def fetch(self, url: str, piece: range, of: Identity, timeout: float) -> Future[bytes]:
        """Bytes of the object, if it has the ETag still."""
        return start(self._system.loop, lambda: self._fetch(url, piece, of), timeout)

    def glob(self, pattern: str, timeout: float) -> Future[list[str]]:
        """URLs that match a pattern."""
        return start(self._system.loop, lambda: self._glob(pattern), timeout)

    def close(self) -> None:
        """Close connections."""
        if self._system._s3 is not None:
            self._system.close_session(self._system.loop, self._system._s3creator)

    async def _identify(self, url: str) -> Identity:
        try:
            client = await self._system.set_session()
            found = await client.head_object(**_place(url))
        except Exception as error:
            raise _fault(error) from None
        return Identity(int(found["ContentLength"]), str(found.get("ETag", "")))

    async def _fetch(self, url: str, piece: range, of: Identity) -> bytes:
        try:
            client = await self._system.set_session()
            asked = f"bytes={piece.start}-{piece.stop - 1}"
            found = await client.get_object(**_place(url), Range=asked)
            async with found["Body"] as body:
                total = str(found.get("ContentRange", "")).rpartition("/")[2]
                size = int(total) if total.isdigit() else int(found["ContentLength"])
                same(of, Identity(size, str(found.get("ETag", ""))))
                if int(found["ContentLength"]) != len(piece):
                    raise Fault("passing", f"expected {len(piece)} bytes, the store announces {found['ContentLength']}")
                return whole(piece, await body.read())
        except Exception as error:
            raise _fault(error) from None

    async def _glob(self, pattern: str) -> list[str]:
        try:
            return sorted(f"s3://{name}" for name in await self._system._glob(pattern))
        except Exception as error:
            raise _fault(error) from None


def _place(url: str) -> dict[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def _fault(error: Exception) -> Exception:
    if isinstance(error, Fault | OSError | asyncio.TimeoutError):
        return error
    if isinstance(error, boto.ClientError):
        said: dict[str, Any] = error.response.get("Error", {})
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        # The answer to a HEAD request has no body; its code is the status again.
        code = said.get("Code", "") if said.get("Code") != str(status) else ""
        reason = f"{code} {said.get('Message', '')}".strip()
        if said.get("Code") in _PASSING_CODES:
            return Fault("passing", f"status {status}: {reason}")
        return of_status(status, reason)
    if isinstance(error, _DENIED):
        return Fault("denied", str(error))
    if isinstance(error, boto.SSLError):
        return Fault("refused", str(error))
    if isinstance(error, boto.BotoCoreError) and not isinstance(error, _PASSING):
        return Fault("refused", str(error))
    return Fault("passing", str(error) or type(error).__name__)
