"""URLs of remote files. One that holds a secret is refused: paths are written into configs, logs and checkpoints."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from mxtrain.base.errors import DataError

SCHEMES = ("s3", "gs", "hdfs", "http", "https")
WEB = ("http", "https")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET = re.compile(
    r"(x-(amz|goog)-(signature|credential|security-token)|sig|signature|.*token|.*secret.*|.*passw.*|(api_?)?key|"
    r"awsaccesskeyid|googleaccessid|auth.*)",
    re.IGNORECASE,
)


def is_remote(text: str) -> bool:
    """Whether a path has a scheme."""
    return _SCHEME.match(text) is not None


def scheme(url: str) -> str:
    """What stands before `://`, in small letters."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else ""


def checked(url: str) -> str:
    """The URL, its scheme in small letters.

    Raises:
        DataError: if the scheme is none of SCHEMES, a part is missing, or it holds a password or a signature.
    """
    kind = scheme(url)
    rest = url[len(kind) + 3 :]
    if kind not in SCHEMES:
        raise DataError(
            f"path {_hidden(url)!r}: expected a local path, or one of {', '.join(s + '://' for s in SCHEMES)}"
        )
    host, _, path = rest.partition("/")
    if "@" in host:
        raise DataError(
            f"path {_hidden(url)!r}: holds a user name or password, which would be written into configs and "
            "checkpoints; " + _elsewhere(kind)
        )
    query = urlsplit(url).query if kind in WEB else ""
    secrets = [name for name, _ in parse_qsl(query, keep_blank_values=True) if _SECRET.fullmatch(name)]
    if secrets:
        raise DataError(
            f"path {_hidden(url)!r}: the parameter {secrets[0]!r} is a credential, which would be written into configs "
            "and checkpoints; " + _elsewhere(kind)
        )
    if not path or (not host and kind != "hdfs"):
        expected = "HOST/PATH" if kind in (*WEB, "hdfs") else "BUCKET/NAME"
        raise DataError(f"path {url!r}: expected {kind}://{expected}")
    return f"{kind}://{rest}"


def _elsewhere(kind: str) -> str:
    if kind in WEB:
        return "put it into ~/.netrc, or read the file by s3:// or gs://"
    return "put it where the tools of the store look for it (for s3 `aws configure`)"


def beside(url: str, suffix: str) -> str:
    """The URL of a file beside another: a.rec -> a.idx."""
    path, mark, query = url.partition("?") if scheme(url) in WEB else (url, "", "")
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    return f"{folder}/{stem}{suffix}{mark}{query}"


def _hidden(url: str) -> str:
    """A URL without user, password and parameters."""
    return re.sub(r"//[^/@]*@", "//...@", url.partition("?")[0])


def scrubbed(text: str) -> str:
    """The text of an error without users, passwords and parameters in the URLs that it may quote."""
    text = re.sub(r"(\w://)[^/\s@]*@", r"\1...@", text)
    return re.sub(r"(\w+://[^\s?'\"]*)\?[^\s'\")>]*", r"\1?...", text)
