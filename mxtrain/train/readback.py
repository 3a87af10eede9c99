"""Readback: numbers that steps leave on a device (losses, sums of metrics), read by the host some steps later.

Each step writes one row of a table; every few steps the new rows are copied to the host beside the work, and counted
when they have long arrived. The host waits only where somebody must know (a checkpoint, the end of an epoch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mxtrain import ops
from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import PartialType, TensorType
from mxtrain.executor import ParameterStore, Plan, bind
from mxtrain.graph import Call, Graph, Node, Op, Recipe, Update, apply_node, unique, variable
from mxtrain.passes import Options, compile_graph

ROWS, EVERY = 64, 8
"""Rows of the table, and steps between two copies. A row is written again only after it was counted."""
BEHIND = 2 * EVERY
"""Steps, at most, of which the host does not know how they ended when it asks for the next one."""
ROW = "readback_row"

Types = Sequence[PartialType]


class Row(NamedTuple):
    """What the host knows of a step whose numbers are under way.

    Args:
        step: its number.
        samples: in its batch.
    """

    step: int
    samples: int


Take = Callable[[Row, dict[str, float]], None]


def _infer(params: Any, ins: Types, outs: Types) -> tuple[Types, Types]:
    return ins, [ins[0]]


def _put(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    column, row, value = ins
    here = xp.arange(ROWS, dtype=np.float32) == row
    outs[0][...] = xp.where(here, value.reshape(()), column)


def _kernel(node: Node, device: Device) -> Recipe | None:
    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        return _put, (node, device.xp, ins, outs)

    return Recipe(prepare, inplace=((0, 0),))


PUT = Op(
    "put_row",
    _infer,
    {"reference": _kernel, "cuda": cuda.array_kernel(_put, ((0, 0),))},
    inputs=("column", "row", "value"),
)


class Readback:
    """The table of a run.

    Args:
        store: whose numbers hold the row that is written next.
        names: of the columns.
        take: told each row, in order: what is known of the step, and its values by column.
    """

    def __init__(
        self, store: ParameterStore, names: Sequence[str], take: Callable[[Row, dict[str, float]], None]
    ) -> None:
        self.device, self.names, self.take = store.device, tuple(names), take
        self.cuda = cuda.cuda_of(store.device)
        size = len(names) * ROWS * 4
        self.table = store.device.zeros(max(size, 4))
        self._row = store.scalar(ROW)
        self._number = store.numbers.host(ROW)
        self._host = self.cuda.pinned(max(size, 4))
        self._stream = self.cuda.new_stream()
        self._written, self._copied = self.cuda.new_event(), self.cuda.new_event()
        self._under_way: list[Row] = []  # rows that no copy has brought
        self._coming: list[Row] = []  # rows that a copy brings
        self._first = 0  # row of the table where the copy's first step lies
        self._next = 0

    def column(self, name: str) -> Any:
        """The values of one column, on the device."""
        k = self.names.index(name) * ROWS * 4
        return self.table[k : k + ROWS * 4].view(np.float32)

    def plan(self, values: dict[str, Any]) -> Plan:
        """The plan that writes one row.

        Args:
            values: arrays of one element by column.
        """
        fresh = unique(())
        row = variable(ROW, TensorType(()), "state")
        updates = []
        for name, a in values.items():
            column = variable(f"column:{name}", TensorType((ROWS,)), "state")
            value = variable(f"value:{name}", TensorType(tuple(a.shape)), "state")
            updates.append(Update(column.node, apply_node(PUT, fresh("put"), (column, row, value), PUT.params())[0]))
        g = Graph((), tuple(updates)).check()
        storage = {ROW: self._row, **{f"value:{n}": a for n, a in values.items()}}
        storage |= {f"column:{n}": self.column(n) for n in values}
        compiled = compile_graph(g, self.device, vocabulary=ops.vocabulary(), options=Options(hoist=False))
        return bind(compiled, self.device, storage.__getitem__)

    def begin(self) -> None:
        """Say which row the next step writes."""
        self._number[...] = self._next

    def written(self, row: Row) -> None:
        """The step's work has been asked for."""
        self._under_way.append(row)
        self._next = (self._next + 1) % ROWS
        if len(self._under_way) >= EVERY:
            self._arrived()
            self._copy()

    @property
    def pending(self) -> int:
        """Samples whose numbers the host does not know yet."""
        return sum(r.samples for r in (*self._coming, *self._under_way))

    def settle(self) -> None:
        """Wait until every row is counted."""
        self._arrived()
        if self._under_way:
            self._copy()
            self._arrived()

    def _copy(self) -> None:
        self._coming, self._under_way = self._under_way, []
        self._first = (self._next - len(self._coming)) % ROWS
        self._written.record()
        self._written.wait(self._stream)
        self.cuda.download(self._host, self.table, self._stream)
        self._copied.record(self._stream)
        # A row that is written again must have left: the compute stream waits for a copy that is nearly done.
        self._copied.wait()

    def _arrived(self) -> None:
        if not self._coming:
            return
        self._copied.synchronize()
        rows, self._coming = self._coming, []
        values = self._host[: len(self.names) * ROWS * 4].view(np.float32).reshape(len(self.names), ROWS)
        for k, row in enumerate(rows):
            found = values[:, (self._first + k) % ROWS].tolist()
            self.take(row, dict(zip(self.names, found, strict=True)))
