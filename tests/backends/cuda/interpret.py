"""What a generated kernel computes, by NumPy, over the memory that its arguments point into: no compiler is needed."""

from __future__ import annotations

import ctypes as c
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mxtrain.backends.cuda.emit import Meaning, is_move
from mxtrain.backends.cuda.emit_reduction import outer_dims
from mxtrain.backends.cuda.expression import REDUCTIONS, Expr, Leaf, _value, index_of
from mxtrain.base.bfloat16 import narrow, widen
from mxtrain.base.types import numpy_dtype

Memory = Callable[[int], tuple[int, np.ndarray]]
"""address -> (address of the buffer that it lies in, its bytes)."""


class Slots:
    """The arrays that a kernel's pointers point at; an index counts elements from the pointer."""

    def __init__(self, memory: Memory, leaves: tuple[Leaf, ...], parameters: int) -> None:
        self.memory = memory
        table = (c.c_void_p * max(len(leaves), 1)).from_address(parameters)
        values = [c.c_uint64.from_address(table[k] or 0).value for k in range(len(leaves))]
        self.address = dict(zip(leaves, values, strict=True))

    def elements(self, leaf: Leaf) -> tuple[np.ndarray, int]:
        """(the buffer's elements, index of the one pointed at)."""
        start, raw = self.memory(self.address[leaf])
        dtype = numpy_dtype(leaf.dtype)
        skip = (self.address[leaf] - start) % dtype.itemsize
        usable = (len(raw) - skip) // dtype.itemsize * dtype.itemsize
        return raw[skip : skip + usable].view(dtype), (self.address[leaf] - start - skip) // dtype.itemsize

    def load(self, leaf: Leaf, places: Any) -> Any:
        """Elements, narrow floats widened."""
        buffer, first = self.elements(leaf)
        found = buffer[places + first]
        if leaf.dtype == "bfloat16":
            return widen(found)
        return found.astype(np.float32) if leaf.dtype == "float16" else found

    def store(self, leaf: Leaf, places: Any, values: Any) -> None:
        """Elements, rounded."""
        buffer, first = self.elements(leaf)
        if leaf.dtype == "bfloat16":
            values = narrow(np.asarray(values, np.float32))
        elif leaf.dtype == "bool":
            values = np.asarray(values) != 0
        buffer[places + first] = values


def value_of(e: Expr, slots: Slots) -> Any:
    """The values of an expression in float32."""
    done: dict[int, Any] = {}

    def value(x: Expr) -> Any:
        if id(x) not in done:
            args = [value(a) for a in x.args]
            if x.leaf is None or x.op == "iota":
                made = _value(x, args, [])
            else:
                places = index_of(x.leaf._replace(offset=0), x.shape)
                if x.op == "gather":
                    places = places + args[0].astype(np.int64) * x.leaf.strides[-1]
                made = slots.load(x.leaf, places)
            done[id(x)] = made if x is e else np.asarray(made, np.float32)
        return done[id(x)]

    return np.broadcast_to(value(e), e.shape)


def run(meaning: Meaning, memory: Memory, parameters: int) -> int:
    """Do it; 0 as the status."""
    work, slots = meaning.work, Slots(memory, meaning.leaves, parameters)
    with np.errstate(all="ignore"):
        values = [value_of(e, slots) if is_move(t, e) else np.asarray(value_of(e, slots), np.float32)
                  for t, e in work.targets]  # fmt: skip
        if not work.reduce:
            for (t, _), v in zip(work.targets, values, strict=True):
                slots.store(t, index_of(t._replace(offset=0), work.shape), v)
            return 0
        target = work.targets[0][0]
        kept = tuple(1 if a in work.axes else d for a, d in enumerate(work.shape))
        # In float64: a sum in the kernel's order would say nothing more.
        wide = np.asarray(REDUCTIONS[work.reduce].numpy(values[0].astype(np.float64), axis=work.axes, keepdims=True))
        if meaning.chunks == 1:
            slots.store(target, index_of(target._replace(offset=0), kept), wide)
            return 0
        dims = outer_dims(work)
        places = index_of(Leaf(0, "int64", 0, _order(work.shape, work.axes, target)), kept)
        flat = np.zeros(math.prod(dims.sizes))
        flat[places.reshape(-1)] = wide.reshape(-1)
        neutral = {"sum": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}[work.reduce]
        partial = meaning.leaves[-1]
        rest = np.full((meaning.chunks - 1) * len(flat), neutral)
        slots.store(partial, np.arange(meaning.chunks * len(flat)), np.concatenate([flat, rest]))
    return 0


def _order(shape: tuple[int, ...], axes: tuple[int, ...], target: Leaf) -> tuple[int, ...]:
    """Strides of results counted in the order in which they lie in the target."""
    kept = [a for a in range(len(shape)) if a not in axes and shape[a] != 1]
    kept.sort(key=lambda a: -abs(target.strides[a]))
    steps, step = [0] * len(shape), 1
    for a in reversed(kept):
        steps[a] = step
        step *= shape[a]
    return tuple(steps)
