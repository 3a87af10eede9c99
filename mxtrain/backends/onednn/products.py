"""Matrix products over pieces of buffers: planned before there is memory, then bound as one prepared call.

A kernel made of many small products (Winograd's convolution) shares one primitive among all products of one shape.
"""

from __future__ import annotations

import ctypes as c
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from mxtrain.backends.onednn.library import Algorithm, Arg, ExecArg, engine, library, must_create, stream
from mxtrain.backends.onednn.primitive import (
    _QUERY_SCRATCHPAD,
    MemoryDesc,
    PrimitiveDesc,
    _Primitive,
    attributes,
    describe,
    strided,
)
from mxtrain.base.types import ITEMSIZE
from mxtrain.graph import Call, Node, Recipe

SCRATCHPAD = "scratchpad"


@runtime_checkable
class Packer(Protocol):
    """The key of a layout that one of our own kernels reads: it says how to make it."""

    def recipe(self, node: Node) -> Recipe | None:
        """How a reorder to the layout is computed."""


class Piece(NamedTuple):
    """Part of a buffer.

    Args:
        buffer: its name.
        offset: of the first element, in elements.
        shape: batch axes, rows, columns.
        steps: distance of neighbours along each axis, in elements.
    """

    buffer: str
    offset: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]
    dtype: str = "float32"

    @property
    def desc(self) -> MemoryDesc:
        """As the library sees it."""
        return strided(self.shape, self.dtype, self.steps)


class _Product(NamedTuple):
    pd: PrimitiveDesc
    operands: tuple[tuple[int, Piece], ...]


@dataclass
class Products:
    """A list of products, and other calls between them.

    Args:
        failed: the library refused one, or would compute it by its own reference code.
    """

    failed: bool = False
    _list: list[_Product | Callable[[Mapping[str, Any]], Call]] = field(default_factory=list)
    _known: dict[Any, PrimitiveDesc | None] = field(default_factory=dict)

    def multiply(
        self, a: Piece, b: Piece, to: Piece, post: Sequence[tuple[Any, ...]] = (), addend: Piece | None = None
    ) -> None:
        """to = a b, batch by batch; batch axes of 1 in `a` stand for any number.

        Args:
            post: post-ops, as for `attributes`.
            addend: added after the product, before `post`.
        """
        key = (a[2:], b[2:], to[2:], tuple(post), addend and addend[2:])
        if key not in self._known:
            added = [("binary", Algorithm.ADD, addend.desc)] if addend else []
            attr = attributes(*added, *post)
            self._known[key] = describe("matmul", a.desc, b.desc, None, to.desc, attr=attr)
        operands: dict[int, Piece] = {Arg.SRC: a, Arg.WEIGHTS: b, Arg.DST: to}
        if addend:
            operands[Arg.POST_OP_BASE | Arg.SRC_1] = addend
        self.run(self._known[key], operands)

    def run(self, pd: PrimitiveDesc | None, operands: Mapping[int, Piece]) -> None:
        """Any other primitive over pieces; None: the library refused it."""
        if pd is None:
            self.failed = True
            return
        self._known.setdefault(id(pd), pd)
        self._list.append(_Product(pd, tuple((int(arg), piece) for arg, piece in operands.items())))

    def call(self, make: Callable[[Mapping[str, Any]], Call]) -> None:
        """Another call in this place, made from the buffers by name."""
        self._list.append(make)

    @property
    def scratchpad(self) -> int:
        """Bytes of the buffer called scratchpad that the products share."""
        return max((pd.scratchpad for pd in self._known.values() if pd), default=0)

    def like(self) -> Products:
        """An empty list that shares what is known of shapes."""
        return Products(_known=self._known)

    def bind(self, buffers: Mapping[str, Any]) -> Call:
        """One call that runs all of them in order; it returns the first failure's status.

        Args:
            buffers: flat arrays by name; SCRATCHPAD where `scratchpad` is not 0.
        """
        return run_calls, (self._calls(_Owner(buffers)),)

    def _calls(self, owner: _Owner) -> tuple[Call, ...]:
        return tuple(owner.bound(p) if isinstance(p, _Product) else p(owner.buffers) for p in self._list)


def run_calls(calls: Sequence[Call]) -> Any:
    """Run prepared calls in order; the first status that is not 0."""
    for function, args in calls:
        if status := function(*args):
            return status
    return 0


def bind_each(lists: Sequence[Products], buffers: Mapping[str, Any]) -> list[tuple[Call, ...]]:
    """The calls of several lists over the same buffers, which share primitives and memories."""
    owner = _Owner(buffers)
    return [p._calls(owner) for p in lists]


class _Memory(c.c_void_p):
    """A memory's handle, and the arrays it points into."""

    array: Any = None

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():
            library().dnnl_memory_destroy(self)


class _Owner:
    """Primitives by descriptor and memories by address: what the calls of one kernel point at."""

    def __init__(self, buffers: Mapping[str, Any]) -> None:
        self.buffers = dict(buffers)
        self.starts = {name: a.ctypes.data for name, a in buffers.items()}
        self.primitives: dict[int, _Primitive] = {}
        self.memories: dict[tuple[int, int], _Memory] = {}

    def bound(self, p: _Product) -> Call:
        """The prepared call of one product."""
        primitive = self.primitives.get(id(p.pd))
        if primitive is None:
            primitive = _Primitive(must_create("dnnl_primitive_create", p.pd.handle).value)
            primitive.kept = (p.pd,)
            self.primitives[id(p.pd)] = primitive
        pad = p.pd._md(_QUERY_SCRATCHPAD, 0)
        table = (ExecArg * (len(p.operands) + (pad is not None)))()
        for k, (arg, piece) in enumerate(p.operands):
            table[k] = ExecArg(arg, self._memory(piece.desc, self._address(piece), primitive))
        if pad is not None:
            table[len(p.operands)] = ExecArg(int(Arg.SCRATCHPAD), self._memory(pad, self.starts[SCRATCHPAD], primitive))
        return library().dnnl_primitive_execute, (primitive, stream(), len(table), table)

    def _address(self, piece: Piece) -> int:
        return int(self.starts[piece.buffer]) + ITEMSIZE[piece.dtype] * piece.offset

    def _memory(self, md: MemoryDesc, address: int, primitive: _Primitive) -> c.c_void_p:
        key = (md.handle.value or 0, address)
        if key not in self.memories:
            self.memories[key] = _Memory(
                must_create("dnnl_memory_create", md.handle, engine(), c.c_void_p(address)).value
            )
            self.memories[key].array = self.buffers
        primitive.kept = (*primitive.kept, self.memories[key])
        return self.memories[key]
