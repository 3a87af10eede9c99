"""Names of the files of an MXNet checkpoint: PREFIX-symbol.json, PREFIX-0007.params, PREFIX-0007.states."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

SYMBOL = "-symbol.json"


class CheckpointFile(NamedTuple):
    """What a name says.

    Args:
        prefix: what the files of one checkpoint share.
        kind: ``symbol``, ``params`` or ``states``.
        epoch: epochs done; None for a symbol.
    """

    prefix: str
    kind: str
    epoch: int | None = None


def symbol_name(prefix: str) -> str:
    """PREFIX-symbol.json."""
    return prefix + SYMBOL


def params_name(prefix: str, epoch: int) -> str:
    """PREFIX-0007.params: at least four digits."""
    return f"{prefix}-{epoch:04d}.params"


def parse_name(name: str) -> CheckpointFile | None:
    """What a file's name says, or None if it is not that of a checkpoint's file."""
    if name.endswith(SYMBOL):
        return CheckpointFile(name.removesuffix(SYMBOL), "symbol")
    stem, _, kind = name.rpartition(".")
    prefix, dash, digits = stem.rpartition("-")
    if kind not in ("params", "states") or not dash or not 4 <= len(digits) <= 9:
        return None
    if not digits.isascii() or not digits.isdigit() or (len(digits) > 4 and digits[0] == "0"):
        return None
    return CheckpointFile(prefix, kind, int(digits))


def saved_epochs(folder: Path, prefix: str) -> tuple[int, ...]:
    """Epochs for which `folder` has PREFIX-NNNN.params, ascending."""
    found = (parse_name(p.name) for p in folder.iterdir())
    return tuple(sorted(f.epoch for f in found if f and f[:2] == (prefix, "params") and f.epoch is not None))
