"""One sentence on what limits a data pipeline, from where its time went."""

from __future__ import annotations

from mxtrain.data.stages import Stages

ENOUGH = 0.03
"""Part of the time that a consumer may wait before its data is said to limit it."""

_VERBS = {
    "read": "reading samples",
    "decode": "decoding",
    "augment": "augmentation",
    "batch": "copying into batches",
    "copy": "copying to the net",
}


def limit(stages: Stages) -> str:
    """The stage that takes the most time: read, decode, augment, batch or copy.

    Threads work ahead while the consumer copies, so the copy limits only if it takes longer than all they do.
    """
    work = sum(stages.work.values())
    if stages.threads:
        costs = {**stages.work, "copy": work + stages.copy if stages.copy * stages.threads > work else 0.0}
    else:
        costs = {**stages.work, "copy": stages.copy}
    return max(costs, key=lambda name: costs[name])


def advice(stages: Stages, compute_seconds: float) -> str:
    """What limits, and what to change.

    Args:
        stages: where the time of the data went.
        compute_seconds: what the consumer spent on the same batches beside waiting and copying; 0: nothing.
    """
    work = sum(stages.work.values())
    if not stages.batches or not work:
        return "nothing was measured: no batch was made"
    share = stages.waited / (stages.waited + stages.copy + compute_seconds)
    if compute_seconds and share < ENOUGH:
        return f"computing limits: it waits for data {share:.1%} of the time; nothing to change in the data"
    stage = limit(stages)
    part = (stages.copy if stage == "copy" else stages.work[stage]) / (work + stages.copy)
    waits = f"; computing waits for data {share:.0%} of the time" if compute_seconds else ""
    return f"{_VERBS[stage]} limits: {part:.0%} of the work on data{waits}; {_change(stages, stage)}"


def _change(stages: Stages, stage: str) -> str:
    """What to do about a stage."""
    if stage == "copy":
        if not stages.threads:
            return f"raise data.threads from 0 to {stages.cores}: batches are then made meanwhile"
        return "take smaller images; it is one pass over the batch already"
    if stages.threads < stages.cores and not (stage == "batch" and stages.threads):
        return f"raise data.threads from {stages.threads} to {stages.cores}, the cores there are"
    if stage == "read":
        packing = "put many small files into one (mxtrain pack), or " if stages.files else ""
        return f"{packing}put the data on a faster disk"
    if stage == "decode":
        if not stages.fast:
            return "install the faster decoder: pip install 'mxtrain[fast]'"
        again = "" if stages.files else " again"
        return f"pack the images{again}, smaller or decoded (mxtrain pack images --resize, --encode raw)"
    if stage == "augment":
        if not stages.fast and stages.encoded:
            return "install the faster resizer: pip install 'mxtrain[fast]', or leave out the dearest augmenter"
        return "put what makes images smaller first, and leave out the dearest augmenter"
    return "take smaller images or batches: they no longer fit the processor's cache"
