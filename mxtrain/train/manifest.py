"""The manifest of a checkpoint: which files belong to it, how long they are and what they sum to.

It is written last, in one canonical form that ends in a sum over itself, so any changed bit of it shows.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mxtrain.base.errors import CheckpointError
from mxtrain.train.file_system import Sum

FORMAT = 1
FILE = "manifest.json"
LIMIT = 1 << 24

Mode = Literal["max", "min"]

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_RUN_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_STEP_LIMIT = 10**18


class Score(NamedTuple):
    """The monitored metric when the checkpoint was made. None: not measured, or not finite, so never the best."""

    name: str
    value: float | None
    mode: Mode

    def rank(self) -> float:
        """A number that is larger for a better score."""
        if self.value is None:
            return -math.inf
        return self.value if self.mode == "max" else -self.value


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint says of itself.

    Args:
        step: training steps done.
        run_id: the run that wrote it.
        files: size and sum of each file but the manifest, by name.
        score: the monitored metric, if there is one.
    """

    step: int
    run_id: str
    files: Mapping[str, Sum]
    score: Score | None = None


def problem_with_names(names: Iterable[str]) -> str | None:
    """What keeps these from being the file names of one checkpoint, or None."""
    seen: dict[str, str] = {FILE: FILE}
    for name in names:
        if not _FILE_NAME.fullmatch(name):
            return f"file name {name!r}: expected 1 to 128 of A-Z a-z 0-9 . _ - and no dot in front"
        # A directory that ignores case would hold only one of the two.
        other = seen.setdefault(name.lower(), name)
        if other != name or name == FILE:
            return f"file name {name!r}: taken by {other!r}"
    return None


def problem_with_run(step: int, run_id: str) -> str | None:
    """What keeps these from being a step and a run id, or None."""
    if not 0 <= step < _STEP_LIMIT:
        return f"step: expected 0 to {_STEP_LIMIT - 1}, got {step}"
    if not _RUN_ID.fullmatch(run_id):
        return f"run id: expected 1 to 64 of A-Z a-z 0-9, got {run_id!r}"
    return None


def dump(manifest: Manifest) -> bytes:
    """The manifest as bytes, in the one form that `parse` accepts."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "step": manifest.step,
        "run_id": manifest.run_id,
        "files": {name: {"size": s.size, "sha256": s.sha256} for name, s in manifest.files.items()},
        "score": manifest.score and manifest.score._asdict(),
    }
    return _text({**body, "sha256": hashlib.sha256(_text(body)).hexdigest()})


def _text(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, indent=1, sort_keys=True, allow_nan=False).encode("ascii") + b"\n"


def parse(raw: bytes, where: str) -> Manifest:
    """The manifest that `raw` holds.

    Args:
        raw: the whole file.
        where: the file's name, for errors.

    Raises:
        CheckpointError: naming what was expected and what came.
    """
    try:
        body = json.loads(raw)
        intact = isinstance(body, dict) and raw == _text(body)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{where}: expected JSON as mxtrain writes it, got {_brief(error)}") from None
    if not intact:
        raise CheckpointError(f"{where}: expected the bytes that mxtrain wrote, got others: damaged or edited")
    claimed = body.pop("sha256", None)
    actual = hashlib.sha256(_text(body)).hexdigest()
    if claimed != actual:
        raise CheckpointError(f"{where}: expected sha256 {claimed}, got {actual}: damaged or edited")
    if body.get("format") != FORMAT:
        raise CheckpointError(
            f"{where}: expected checkpoint format {FORMAT}, got {body.get('format')!r}: use the mxtrain that wrote it"
        )
    try:
        return _manifest(body)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{where}: {_brief(error)}") from None


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _typed(value: Any, kind: type, key: str) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{key}: expected {kind.__name__}, got {type(value).__name__}")
    return value


def _manifest(body: dict[str, Any]) -> Manifest:
    step, run_id = _typed(body["step"], int, "step"), _typed(body["run_id"], str, "run_id")
    files = {}
    for name, entry in _typed(body["files"], dict, "files").items():
        total = Sum(_typed(entry["size"], int, f"{name}: size"), _typed(entry["sha256"], str, f"{name}: sha256"))
        if total.size < 0 or not _SHA256.fullmatch(total.sha256):
            raise ValueError(f"{name}: expected a size and 64 hexadecimal digits, got {total.size}, {total.sha256!r}")
        files[name] = total
    problem = problem_with_run(step, run_id) or problem_with_names(files)
    if problem:
        raise ValueError(problem)
    return Manifest(step, run_id, files, _score(body["score"]))


def _score(entry: Any) -> Score | None:
    if entry is None:
        return None
    value, mode = entry["value"], entry["mode"]
    if mode not in ("max", "min"):
        raise ValueError(f"score: mode must be max or min, got {mode!r}")
    if value is not None and not math.isfinite(_typed(value, float, "score")):
        raise ValueError(f"score: expected a finite number, got {value}")
    return Score(_typed(entry["name"], str, "score: name"), value, mode)
