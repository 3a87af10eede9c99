"""Images packed into shards of records: the same bytes for any number of threads; what was interrupted goes on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL

from mxtrain.base.errors import FormatError, UsageError
from mxtrain.data import decoders
from mxtrain.data.packing import choose, manifest, places, writing
from mxtrain.data.packing import shard as shards
from mxtrain.data.packing.choose import Positions
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.listing import Listing
from mxtrain.data.packing.manifest import Manifest, Progress, Rejected, Shard, Skipped
from mxtrain.data.packing.moments import add
from mxtrain.data.packing.shard import Manner
from mxtrain.data.packing.summary import summarise
from recordio import Entry, write_lst

TRAIN, VAL = "-train", "-val"
"""What follows OUT in the names of the two sets of a split."""


@dataclass(frozen=True)
class Options:
    """How a list of images is packed.

    Args:
        recipe: what is done to every image.
        shards: number of record files per set.
        val: fraction held out as a second set; 0: none.
        stratify: hold that fraction out of every class.
        shuffle: mix the images; readers without an index then meet classes mixed.
        seed: of both.
    """

    recipe: Recipe = field(default_factory=Recipe)
    shards: int = 1
    val: float = 0.0
    stratify: bool = False
    shuffle: bool = True
    seed: int = 0


class Pack(NamedTuple):
    """A finished set: what precedes `.rec` and `.json`, and what it holds. `kept`: shards that were there already."""

    prefix: Path
    manifest: Manifest
    kept: int


def pack(listing: Listing, out: Path, options: Options, manner: Manner) -> list[Pack]:
    """Pack a list of images, as one set or as two.

    Raises:
        UsageError: if a pack of the name is there that was made otherwise.
        DataError: strict: for the first image that cannot be packed.
        OutOfSpace, EnvironmentFault: if it cannot be written. Finished shards stay, half ones do not.
        RunBusy: if another process packs to the same name.
    """
    if manner.strict and listing.rejected:
        raise shards.refused(listing.rejected[0])
    out = places.prefix(out)
    if options.val:
        held = choose.hold_out(listing.labels, options.val, options.stratify, options.seed)
        sets = {TRAIN: (~held).nonzero()[0], VAL: held.nonzero()[0]}
    else:
        sets = {"": choose.order(len(listing), False, 0)}
    sets = {ending: m[choose.order(len(m), options.shuffle, options.seed)] for ending, m in sets.items()}
    if listing.kind != "list":
        listing = _numbered(listing, np.concatenate(list(sets.values())))
    works = []
    for ending, members in sets.items():
        # What belongs to neither set is told by the first.
        aside = (listing.rejected, listing.skipped) if ending != VAL else ((), ())
        works.append(_Work(out.with_name(out.name + ending), listing, options, members, *aside))
    for work in works:
        if options.shards > len(work.positions):
            raise UsageError(f"{options.shards} shards for {len(work.positions)} images; ask for fewer (--shards)")
    with writing.told(out):
        return [_pack_set(work, manner) for work in works]


def _numbered(listing: Listing, order: Positions) -> Listing:
    """Ids that count up in the order of the records: an index of such a file needs no keys."""
    ids = np.empty(len(listing), np.uint64)
    ids[order] = np.arange(len(listing))
    return dataclasses.replace(listing, ids=ids)


@dataclass(frozen=True)
class _Work:
    """One set: its images in the order in which they are packed."""

    prefix: Path
    listing: Listing
    options: Options
    positions: Positions
    refused: tuple[Rejected, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def parts(self) -> list[Positions]:
        """The images of each shard."""
        return [self.positions[a:b] for a, b in choose.parts(len(self.positions), self.options.shards)]

    def path(self, number: int) -> Path:
        """The record file of a shard."""
        return places.shard_path(self.prefix, number, self.options.shards)

    def plan(self) -> str:
        """What decides the bytes, as one hash."""
        facts = {
            "images": self.listing.digest(self.positions),
            "options": dataclasses.asdict(self.options),
            "prefix": self.prefix.name,
            "version": manifest.VERSION,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _pack_set(work: _Work, manner: Manner) -> Pack:
    work.prefix.parent.mkdir(parents=True, exist_ok=True)
    with writing.lock(work.prefix):
        plan = work.plan()
        earlier = _earlier(work, plan, manner)
        kept = _kept(work, earlier)
        if earlier.finished is not None and len(kept) == work.options.shards and _list_is_whole(work, earlier.finished):
            manner.tell(len(work.positions), sum(r.shard is not None for r in earlier.finished.rejected))
            return Pack(work.prefix, earlier.finished, len(kept))
        lost = [r for r in earlier.progress.rejected if r.shard in kept]
        progress = Progress(plan=plan, shards=kept, rejected=tuple(lost))
        manifest.write(places.progress_path(work.prefix), progress)
        # From here on it is an unfinished pack: no manifest may speak of shards that are being replaced.
        places.manifest_path(work.prefix).unlink(missing_ok=True)
        found = _write_all(work, progress, manner)
        _write_list(work, places.list_path(work.prefix), found.rejected)
        made = _manifest(work, found)
        manifest.write(places.manifest_path(work.prefix), made)
        places.progress_path(work.prefix).unlink()
        return Pack(work.prefix, made, len(kept))


def _write_all(work: _Work, progress: Progress, manner: Manner) -> Progress:
    """Write the shards that are missing, noting each in the progress file when it is whole."""
    for number, positions in enumerate(work.parts):
        if number in progress.shards:
            manner.tell(len(positions), sum(r.shard == number for r in progress.rejected))
            continue
        shard, lost = shards.write_shard(work.path(number), work.listing, positions, work.options.recipe, manner)
        rejected = [dataclasses.replace(r, shard=number) for r in lost]
        progress = Progress(
            plan=progress.plan, shards={**progress.shards, number: shard}, rejected=(*progress.rejected, *rejected)
        )
        manifest.write(places.progress_path(work.prefix), progress)
    return progress


class _Earlier(NamedTuple):
    """What an earlier run left of the same pack: its manifest if it had come to an end, and its shards."""

    finished: Manifest | None
    progress: Progress


def _earlier(work: _Work, plan: str, manner: Manner) -> _Earlier:
    """What is there already; what is in the way is removed if that was asked for.

    Raises:
        UsageError: if something else is there under these names.
    """
    nothing = Progress(plan=plan, shards={})
    path, unfinished = places.manifest_path(work.prefix), places.progress_path(work.prefix)
    if path.exists():
        found: Manifest | None = None
        try:
            found = manifest.read(path)
        except FormatError as error:
            if not manner.overwrite:
                raise UsageError(f"{error}; --overwrite packs anew") from None
        if found and found.plan == plan:
            return _Earlier(found, Progress(plan=plan, shards=dict(enumerate(found.shards)), rejected=found.rejected))
        if not manner.overwrite:
            raise UsageError(
                f"{path}: another pack of this name is there, of other images or options; "
                "--overwrite replaces it, or choose another OUT"
            )
        writing.remove(work.prefix)
        return _Earlier(None, nothing)
    if unfinished.exists():
        with suppress(FormatError):
            progress = manifest.read_progress(unfinished)
            if progress.plan == plan:
                return _Earlier(None, progress)
            # Shards of an attempt with other images or options, which never became a pack.
            writing.remove_shards(work.prefix, progress.shards.values())
        unfinished.unlink()
    taken = [work.path(number) for number in range(work.options.shards) if work.path(number).exists()]
    if taken and not manner.overwrite:
        raise UsageError(f"{taken[0]}: is there, and no manifest says what it is; --overwrite replaces it")
    return _Earlier(None, nothing)


def _kept(work: _Work, earlier: _Earlier) -> dict[int, Shard]:
    """The shards that are there, whole, and not older than their images."""
    folder, kept = work.prefix.parent, {}
    for number, positions in enumerate(work.parts):
        shard = earlier.progress.shards.get(number)
        if shard is None or manifest.file_names(shard, folder)[0] != work.path(number):
            continue
        if not shards.differs(shard, folder) and not shards.stale(shard, folder, work.listing, positions):
            kept[number] = shard
    return kept


def _list_is_whole(work: _Work, found: Manifest) -> bool:
    path = places.list_path(work.prefix)
    return path.is_file() and found.list == shards.file_facts(path)


def _manifest(work: _Work, found: Progress) -> Manifest:
    made = [found.shards[number] for number in range(work.options.shards)]
    return summarise(
        made, work.listing.classes, work.options.recipe.encode, add(s.moments for s in made if s.moments),
        plan=found.plan, list=shards.file_facts(places.list_path(work.prefix)),
        source={
            "kind": work.listing.kind, "name": work.listing.name, "images": len(work.positions),
            "sha256": work.listing.digest(work.positions),
            "libraries": {"decoder": decoders.best(), "pillow": PIL.__version__},
        },
        options=dataclasses.asdict(work.options),
        rejected=(*work.refused, *found.rejected), skipped=work.skipped,
    )  # fmt: skip


def _write_list(work: _Work, path: Path, rejected: Sequence[Rejected]) -> None:
    """OUT.lst: id, labels and path of every image packed, in the order of the records."""
    missing = {r.id for r in rejected}
    listing = work.listing
    entries = (Entry(int(listing.ids[at]), listing.labels[at], listing.paths[at]) for at in work.positions.tolist())
    write_lst(path, (entry for entry in entries if entry.index not in missing))
