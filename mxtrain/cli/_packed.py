"""What `mxtrain pack images` says of the packs it made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mxtrain.base.errors import DataError
from mxtrain.cli._common import say, size_text
from mxtrain.config.tree import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mxtrain.data.pack import Pack
    from mxtrain.data.packing.manifest import Skipped


def report(made: Sequence[Pack], shards: int) -> None:
    """The manifests on stdout; on stderr what is in them, and what is not."""
    rejected = [r for pack in made for r in pack.manifest.rejected]
    for pack in made:
        held = pack.manifest
        size = size_text(sum(f.bytes for s in held.shards for f in s.files))
        known = _count(len(held.classes), "class") if held.classes is not None else _count(len(held.counts), "label")
        kept = f"; {pack.kept} of {shards} shards were there already" if pack.kept else ""
        say(f"{pack.prefix}: {held.records:,} records, {known}, {size}{kept}")
        # Sets that were made of one folder have the same beside them.
        if pack is made[0]:
            _tell_skipped(held.skipped)
        if held.images.encode == "raw" and held.images.size is None and held.records:
            say("  the images differ in size or channels: raw images of one size are read many times faster")
        sys.stdout.write(f"{pack.prefix}.json\n")
    for loss in rejected[:10]:
        say(f"  rejected: {printable(loss.path)}: {loss.reason}")
    if rejected:
        more = f"; the manifest lists all {len(rejected)}" if len(rejected) > 10 else ""
        count = "1 image" if len(rejected) == 1 else f"{len(rejected):,} images"
        raise DataError(f"{count} could not be packed{more}")


def _tell_skipped(skipped: Sequence[Skipped]) -> None:
    """What lay among the images; a picture of a format that was not asked for is no clutter."""
    from mxtrain.data.image import FORMATS

    images = tuple(ending for endings in FORMATS.values() for ending in endings)
    empty = [printable(s.path) for s in skipped if s.reason == "class without images"]
    stray = sum(s.reason == "not in a class folder" and s.path.lower().endswith(images) for s in skipped)
    names = [s.path.lower() for s in skipped if s.reason.startswith("not an image")]
    formats = [f for f, endings in FORMATS.items() for name in names if name.endswith(endings)]
    if len(skipped) > len(empty):
        say(f"  {_count(len(skipped) - len(empty), 'file')} hidden or no images by their names were skipped")
    if formats:
        kinds = ",".join(dict.fromkeys(formats))
        say(f"  of them {_count(len(formats), 'image')}: --formats with {kinds}, too, takes them")
    if stray:
        say(f"  of them {_count(stray, 'image')} in no class folder")
    if empty:
        say(f"  without an image: {', '.join(empty[:8])}; remove a folder that is no class")


def _count(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{'' if number == 1 else plural}"
