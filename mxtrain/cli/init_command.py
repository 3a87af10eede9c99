"""mxtrain init: a config for a folder of images."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxtrain.base.errors import EnvironmentFault, OutOfSpace, UsageError
from mxtrain.cli._common import say
from mxtrain.config.tree import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mxtrain.data.survey import Survey
    from mxtrain.train.starter import Found

HELP = """Write a config for a folder of images: one folder per class, or train/ and val/ with one folder per class.

The net is chosen by the size of the images. OUT is FOLDER's name with .yaml if not given, and is never overwritten; its
name is the line on stdout."""


def command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="the images", show_default=False)],
    out: Annotated[Path | None, typer.Argument(metavar="OUT", help="config to write", show_default=False)] = None,
) -> None:
    """Look, write, say what was found."""
    from mxtrain.train import starter

    name = starter.run_name(folder.resolve().name)
    target = Path(f"{name}.yaml") if out is None else out
    # Asked before the images are looked at, which may take long.
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already; name another file: mxtrain init {folder} OTHER.yaml")
    found = starter.look(folder)
    root = folder.resolve() if folder.is_absolute() else Path(os.path.relpath(folder, target.parent))
    _write(target, starter.write(found, os.fspath(root), name))
    _say(found, target)
    sys.stdout.write(f"{target}\n")


def _write(target: Path, text: str) -> None:
    import errno

    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} is there already; name another file") from None
    except OSError as error:
        kind = OutOfSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else EnvironmentFault
        raise kind(f"{target}: cannot be written: {error.strerror or error}") from None


def _say(found: Found, target: Path) -> None:
    for title, data in (("train", found.train), ("val", found.val)):
        if data is not None:
            say(f"{title}: {_survey_text(data)}")
            for line in data.unreadable[:3]:
                say(f"  {printable(line)}")
            empty = [name for name, count in data.classes.items() if not count]
            if empty:
                say(f"  without an image: {_listed(empty)}; remove the folder if it is no class")
    if found.train.unreadable or (found.val and found.val.unreadable):
        say("training stops at a file that cannot be read: remove it, or set data.on_error=skip (and data.max_bad)")
    if found.val is None:
        say("val: none; the file says how to add it")
    else:
        missing = [c for c in found.train.classes if c not in found.val.classes]
        more = [c for c in found.val.classes if c not in found.train.classes]
        if missing:
            say(f"val has no {_listed(missing)}; nothing will be measured of it")
        if more:
            say(f"train has no {_listed(more)}: training refuses what is only in val; leave it out there")
    say(f"next: mxtrain check {target}, then mxtrain fit {target}")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(printable, names[:8]))
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


def _survey_text(data: Survey) -> str:
    counts = sorted(data.classes.values())
    sizes = sorted(data.sizes)
    low, high = sizes[0], sizes[-1]
    size = f"{low[0]} x {low[1]}" + ("" if low == high else f" to {high[0]} x {high[1]}")
    each = f"{counts[0]} each" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]} each"
    colour = "gray" if data.channels == 1 else "colour"
    notes = [f"{len(data.unreadable)} that cannot be read"] if data.unreadable else []
    notes += [f"{data.other} files that are no images"] if data.other else []
    text = f"{data.images} images of {len(data.classes)} classes, {each}; {size}, {colour}"
    return f"{text}; {', '.join(notes)}" if notes else text
