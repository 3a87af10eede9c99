"""The manifest of some finished shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mxtrain.data.packing.manifest import ImageFacts, Manifest, Shard
from mxtrain.data.packing.moments import Moments, mean_std


def summarise(
    made: Sequence[Shard], classes: tuple[str, ...] | None, encode: str, total: Moments | None, **more: Any
) -> Manifest:
    """Add up what the shards hold.

    Args:
        made: the shards, in order.
        classes: names of the classes in label order, if they are known.
        encode: what the payloads are.
        total: sums over all pixels, if they are known.
        more: the other fields of the manifest.
    """
    counts: Counter[str] = Counter()
    for shard in made:
        counts.update(shard.counts)
    named = {name: counts.pop(str(number), 0) for number, name in enumerate(classes or ())}
    labels = dict(sorted(counts.items(), key=lambda item: float(item[0])))
    widths = [width for shard in made for width in shard.widths] or [0]
    sizes = {shard.size for shard in made if shard.records}
    mean, std = (mean_std(total) if total else None) or (None, None)
    return Manifest(
        records=sum(shard.records for shard in made), classes=classes, counts={**named, **labels},
        label_width=(min(widths), max(widths)), mean=mean, std=std, moments=total, shards=tuple(made),
        images=ImageFacts(encode=encode, size=sizes.pop() if len(sizes) == 1 else None), **more,
    )  # fmt: skip
