"""Room: whether a run fits into a device's memory, said before anything is allocated for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mxtrain.base.errors import EnvironmentFault
from mxtrain.executor import ParameterStore

GIB = 1 << 30
SLACK = 256 << 20
"""Bytes that libraries take for themselves: handles, kernels, what capture copies besides."""


@dataclass(frozen=True)
class Need:
    """Bytes of a run.

    Args:
        fixed: parameters, gradients, optimizer state, whatever the batch is.
        activations: of a batch, packed weights and the slots in which batches travel.
    """

    fixed: int
    activations: int

    @property
    def all(self) -> int:
        """Bytes together."""
        return self.fixed + self.activations


def held(store: ParameterStore) -> int:
    """Bytes of a store's arenas."""
    arenas = (store.parameters, store.gradients, store.auxiliaries, *store.states.values())
    return sum(int(a.buffer.nbytes) for a in arenas)


def largest(rows: int, fits: Callable[[int], bool]) -> int:
    """The largest number of rows below `rows` that fits, found by halving; 0 if not even one does."""
    low, high = 0, rows
    while high - low > max(1, low // 16):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def check_room(name: str, free: int, rows: int, need: Callable[[int], Need]) -> None:
    """Refuse a run that does not fit.

    Args:
        name: of the device.
        free: bytes that are free, those of the arenas, which are there already, not counted.
        rows: samples computed at once.
        need: of a run with so many; its `fixed` is there already.

    Raises:
        EnvironmentFault: saying what was planned, what is free, and which batch fits.
    """
    wanted = need(rows)
    if wanted.activations + SLACK <= free:
        return
    fitting = largest(rows, lambda n: need(n).activations + SLACK <= free)
    advice = (
        f"batch_size={fitting} fits, or grad_accum={-(-rows // fitting)} with the batch as it is"
        if fitting
        else "not even one sample fits: take a smaller net, or a device with more memory"
    )
    raise EnvironmentFault(
        f"out of memory on {name}: {rows} samples at once take {wanted.activations / GIB:.2f} GiB beside "
        f"{wanted.fixed / GIB:.2f} GiB of parameters and optimizer state, and {free / GIB:.2f} GiB are free; {advice}"
    )
