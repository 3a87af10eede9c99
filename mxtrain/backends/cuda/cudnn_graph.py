"""cuDNN's graphs: operations on tensors, described one by one, that the library runs as one kernel.

Descriptors are made, given their attributes and finalised; every status is checked. A graph is for a handle's device,
or for a device of which only its properties are given: then plans can be made where there is none. Codes are those of
cudnn_graph.h; a tensor that is virtual is in no memory, one that is a value is a number of the host.
"""

from __future__ import annotations

import ctypes as c
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from mxtrain.backends.cuda.cudnn import DTYPES, FLOAT, Cudnn, Kept, Refused, kept
from mxtrain.base.errors import BackendUnavailable
from mxtrain.graph import Call

ALIGNED = 16
"""Bytes of which every tensor's address is a multiple."""


class Kind(IntEnum):
    """Descriptors."""

    POINTWISE = 0
    ENGINE = 2
    CONFIG = 3
    HEURISTICS = 4
    PLAN = 5
    OF_POINTWISE = 13
    GRAPH = 15
    PACK = 16
    TENSOR = 17
    MATMUL = 18
    OF_MATMUL = 19
    REDUCTION = 21
    OF_REDUCTION = 22
    OF_RESHAPE = 31
    PROPERTIES = 38


class Function(IntEnum):
    """Pointwise functions."""

    ADD = 0
    MUL = 1
    DIV = 6
    SUB = 9
    EXP = 13
    LOG = 15
    IDENTITY = 21


class Reduce(IntEnum):
    """Reductions along the axes that the result lacks."""

    ADD = 0
    MAX = 3


class Mode(IntEnum):
    """How the library looks for engines: by a model of their speed, or simply all that work."""

    FALLBACK = 2
    MODEL = 3


NONDETERMINISTIC = 4
_TYPES: dict[str, tuple[int, Any]] = {
    "handle": (0, c.c_void_p), "dtype": (1, c.c_int), "flag": (2, c.c_bool), "ints": (3, c.c_int64),
    "pointers": (6, c.c_void_p), "mode": (8, c.c_int), "note": (11, c.c_int), "function": (14, c.c_int),
    "descriptors": (15, c.c_void_p), "reduce": (18, c.c_int), "text": (24, c.c_char),
}  # fmt: skip
"""How an attribute's values are given: the library's code, and what one of them is."""

Attribute = tuple[int, str, Sequence[Any]]
"""(which, how its values are given, values)."""


class Part(c.c_void_p):
    """A descriptor, freed by its owner, with those that it points at."""

    owner: Cudnn
    parts: tuple[Any, ...] = ()

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending() and self.value:
            self.owner.lib.cudnnBackendDestroyDescriptor(self)


def made(dnn: Cudnn, kind: Kind, *attributes: Attribute) -> Part:
    """A finalised descriptor.

    Raises:
        Refused: if the library does not do this.
        BackendUnavailable: if it fails.
    """
    part = empty(dnn, kind)
    for which, how, values in attributes:
        code, element = _TYPES[how]
        given = (element * len(values))(*(v.value if isinstance(v, c.c_void_p) else v for v in values))
        dnn.call("cudnnBackendSetAttribute", part, which, code, len(values), given)
        part.parts = (*part.parts, *values)
    dnn.call("cudnnBackendFinalize", part)
    return part


def empty(dnn: Cudnn, kind: Kind) -> Part:
    """A descriptor that the library fills."""
    part = Part()
    dnn.call("cudnnBackendCreateDescriptor", kind, c.byref(part))
    part.owner = dnn
    return part


def values(dnn: Cudnn, part: Part, which: int, how: str, room: int = 1) -> list[int]:
    """An attribute's values."""
    code, element = _TYPES[how]
    found, count = (element * room)(), c.c_int64()
    dnn.call("cudnnBackendGetAttribute", part, which, code, room, c.byref(count), found)
    return [int(v) for v in found[: min(room, count.value)]]


def properties(dnn: Cudnn, text: str) -> Part:
    """A device's properties, of what the library wrote of one."""
    return made(dnn, Kind.PROPERTIES, (2702, "text", text.encode()))


class Tensor(NamedTuple):
    """A tensor of a graph.

    Args:
        number: by which its memory is given.
    """

    desc: Part
    number: int


class Plan(NamedTuple):
    """A graph with an engine.

    Args:
        name: engine and its place in the library's list.
        workspace: bytes that a call needs.
    """

    dnn: Cudnn
    desc: Part
    name: str
    workspace: int

    def call(self, addresses: Mapping[int, int | Kept], workspace: int) -> Call:
        """A prepared call.

        Args:
            addresses: of every tensor that is not virtual, by number; of a value on the host.
        """
        pack = made(
            self.dnn, Kind.PACK, (1000, "ints", list(addresses)), (1001, "pointers", list(addresses.values())),
            (1003, "pointers", [workspace]),
        )  # fmt: skip
        return self.dnn.lib.cudnnBackendExecute, (self.dnn.handle, self.desc, kept(pack, pack, self.desc))


class Graph:
    """Operations, in an order in which they can be done.

    Args:
        properties: of the device that is meant, if it is not the handle's.
    """

    def __init__(self, dnn: Cudnn, properties: Part | None = None) -> None:
        self.dnn, self.properties = dnn, properties
        self.operations: list[Part] = []
        self.count = 0
        self._whole: Part | None = None

    def tensor(
        self, shape: Sequence[int], steps: Sequence[int], dtype: str = "float32", *, virtual: bool = False,
        value: bool = False,
    ) -> Tensor:  # fmt: skip
        """A tensor as it lies in memory."""
        self.count += 1
        flags: list[Attribute] = [(907, "flag", [True])] if virtual else []
        flags += [(908, "flag", [True])] if value else []
        desc = made(
            self.dnn, Kind.TENSOR, (901, "dtype", [DTYPES[dtype]]), (902, "ints", shape), (903, "ints", steps),
            (906, "ints", [self.count]), (900, "ints", [ALIGNED]), *flags,
        )  # fmt: skip
        return Tensor(desc, self.count)

    def pointwise(self, function: Function, to: Tensor, x: Tensor, other: Tensor | None = None) -> Tensor:
        """to = function(x, other), element by element; `other` may lack axes (size 1)."""
        what = made(self.dnn, Kind.POINTWISE, (0, "function", [function]), (1, "dtype", [FLOAT]))
        second: list[Attribute] = [] if other is None else [(752, "descriptors", [other.desc])]
        return self._add(Kind.OF_POINTWISE, to, {750: what, 751: x.desc, 753: to.desc}, second)

    def product(self, to: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """to = a b, matrix by matrix."""
        what = made(self.dnn, Kind.MATMUL, (1500, "dtype", [FLOAT]))
        return self._add(Kind.OF_MATMUL, to, {1520: a.desc, 1521: b.desc, 1522: to.desc, 1523: what})

    def reduce(self, how: Reduce, to: Tensor, x: Tensor) -> Tensor:
        """to = the sum or the largest of x along the axes in which `to` has size 1."""
        what = made(self.dnn, Kind.REDUCTION, (1600, "reduce", [how]), (1601, "dtype", [FLOAT]))
        return self._add(Kind.OF_REDUCTION, to, {1610: x.desc, 1611: to.desc, 1612: what})

    def reshape(self, to: Tensor, x: Tensor) -> Tensor:
        """to = x, seen with other axes; here with the last two exchanged."""
        return self._add(Kind.OF_RESHAPE, to, {2200: x.desc, 2201: to.desc})

    def _add(self, kind: Kind, to: Tensor, parts: Mapping[int, Part], more: Sequence[Attribute] = ()) -> Tensor:
        given: list[Attribute] = [(which, "descriptors", [part]) for which, part in parts.items()]
        self.operations.append(made(self.dnn, kind, *given, *more))
        return to

    def configs(self, *, deterministic: bool, room: int = 8) -> dict[str, Part]:
        """Engines that may do it, best first, by name.

        Raises:
            Refused: if the library does not know such a graph.
        """
        if self._whole is None:
            self._whole = made(self.dnn, Kind.GRAPH, (801, "descriptors", self.operations), *self._device(800))
        device: list[Attribute] = [(204, "descriptors", [self.properties])] if self.properties else []
        found: dict[str, Part] = {}
        for mode in (Mode.MODEL, Mode.FALLBACK):
            search = made(
                self.dnn, Kind.HEURISTICS, (201, "descriptors", [self._whole]), (200, "mode", [mode]), *device
            )
            for config in self._results(search, room):
                engine, notes = self._engine(config)
                if not (deterministic and NONDETERMINISTIC in notes):
                    found.setdefault(f"{len(found)}/{engine}", config)
            if found:
                break
        return found

    def _device(self, handle: int, device: int | None = None) -> list[Attribute]:
        if self.properties is None:
            return [(handle, "handle", [self.dnn.handle])]
        return [(device, "descriptors", [self.properties])] if device else []

    def _results(self, search: Part, room: int) -> list[Part]:
        configs = [empty(self.dnn, Kind.CONFIG) for _ in range(room)]
        given, count = (c.c_void_p * room)(*(p.value for p in configs)), c.c_int64()
        code = _TYPES["descriptors"][0]
        self.dnn.call("cudnnBackendGetAttribute", search, 202, code, room, c.byref(count), given)
        for p in configs:
            p.parts = (search, *self.operations)
        return configs[: min(room, count.value)]

    def _engine(self, config: Part) -> tuple[int, list[int]]:
        """(number, what is known of its arithmetic)."""
        engine = empty(self.dnn, Kind.ENGINE)
        given, count = (c.c_void_p * 1)(engine.value), c.c_int64()
        self.dnn.call("cudnnBackendGetAttribute", config, 300, _TYPES["descriptors"][0], 1, c.byref(count), given)
        return values(self.dnn, engine, 1301, "ints")[0], values(self.dnn, engine, 1303, "note", 16)

    def plan(self, name: str, config: Part) -> Plan | None:
        """The plan of an engine; None if the engine does not do it after all. May compile for a second."""
        try:
            desc = made(self.dnn, Kind.PLAN, (401, "descriptors", [config]), *self._device(400, 407))
            return Plan(self.dnn, desc, name, values(self.dnn, desc, 402, "ints")[0])
        except (Refused, BackendUnavailable):
            return None
