"""Candidates: the numbers of every update that the next one may be, of which the device takes one.

A float16 step that overflows advances no schedule, and the host learns of it some steps later. So it sends the learning
rate (and all else that follows the schedule) for each count of skipped steps that is possible, and the device, where
the count is, chooses. Nobody waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import ITEMSIZE, PartialType, TensorType, view
from mxtrain.executor import ParameterStore
from mxtrain.graph import Call, Graph, Node, Op, Recipe, Update, apply_node, unique, variable
from mxtrain.optim.loss_scale import SKIPPED

Types = Sequence[PartialType]

ROWS, BASE, CHOSEN = "candidates", "candidates_base", "candidates_chosen"


def _infer(params: Any, ins: Types, outs: Types) -> tuple[Types, Types]:
    rows = ins[0]
    return ins, [PartialType(rows.shape and rows.shape[1:], rows.dtype)]


def _choose(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    rows, skipped, base = ins
    found = rows[0]
    for k in range(1, rows.shape[0]):
        found = xp.where(skipped - base >= k, rows[k], found)
    outs[0][...] = found


def _kernel(node: Node, device: Device) -> Recipe | None:
    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        return _choose, (node, device.xp, ins, outs)

    return Recipe(prepare)


CHOOSE = Op(
    "choose_row", _infer, {"reference": _kernel, "cuda": cuda.array_kernel(_choose)},
    inputs=("rows", "skipped", "base"),
)  # fmt: skip


class Candidates:
    """Numbers by name, as `store.scalars`, that the device takes from the candidates of a step.

    Args:
        store: of one model; it has a count of skipped steps.
        names: of the numbers.
        values: ``number of the update from 1 -> the numbers``, in the order of `names`.
        count: of candidates: one more than the steps of which the host may not know whether they were skipped.
    """

    def __init__(
        self, store: ParameterStore, names: Sequence[str], values: Callable[[int], list[float]], count: int
    ) -> None:
        self.values, self.count = values, count
        shape = (count, len(names))
        self._rows = store.scalar(ROWS, shape=shape)
        self._base = store.scalar(BASE)
        self._host, self._host_base = store.numbers.host(ROWS), store.numbers.host(BASE)
        self._known: dict[int, list[float]] = {}
        width = ITEMSIZE["float32"]
        block = store.device.zeros(max(len(names), 1) * width)
        self._chosen = view(block, TensorType((len(names),)), 0)
        for k, name in enumerate(names):
            store.scalars[name] = view(block, TensorType(()), k * width)

    def graph(self) -> Graph:
        """The graph that chooses. Its variables are the store's scalars, and CHOSEN."""
        rows = variable(ROWS, TensorType(tuple(self._rows.shape)), "state")
        skipped, base = (variable(n, TensorType(()), "state") for n in (SKIPPED, BASE))
        chosen = variable(CHOSEN, TensorType(tuple(self._chosen.shape)), "state")
        made = apply_node(CHOOSE, unique(())("choose"), (rows, skipped, base), CHOOSE.params())[0]
        return Graph((), (Update(chosen.node, made),)).check()

    def storage(self, store: ParameterStore) -> Callable[[str], Any]:
        """The arrays of the graph's variables."""
        return lambda name: self._chosen if name == CHOSEN else store.scalars[name]

    def write(self, number: int, skipped: int) -> None:
        """Write the candidates; they are still to be sent.

        Args:
            number: of the update from 1, if no more than `skipped` steps were skipped before it.
        """
        numbers = [max(number - k, 1) for k in range(self.count)]
        self._known = {n: self._known[n] if n in self._known else self.values(n) for n in set(numbers)}
        for k, n in enumerate(numbers):
            self._host[k] = self._known[n]
        self._host_base[...] = skipped
