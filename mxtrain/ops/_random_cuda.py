"""Random draws on a GPU, the same integers as everywhere. The device code is _random.cu."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.random import stream_key
from mxtrain.base.types import TensorType
from mxtrain.graph import Call, Node, Recipe

SOURCE = cuda.source(str(Path(__file__).with_name("_random.py")), {"T": cuda.STORAGE})

Draw = tuple[str, tuple[int | float, ...]]
"""A kernel, and its numbers."""


def draw_call(device: Device, node: Node, what: Draw, state: Any, out: Any, t: TensorType) -> Call:
    """The prepared call that fills `out` (of type `t`) from the stream of the node."""
    low, high = stream_key(0, node.name)
    last = t.layout.name == "channels_last" and len(t.shape) > 2
    channels = t.shape[1] if last else 1
    inner = math.prod(t.shape[1:]) // max(channels, 1)
    # One fate for all samples must not depend on which of them are here.
    moving = t.shape[0] == node.inputs[0].type.shape[0]
    kernel = cuda.Kernel(SOURCE, what[0], {"T": t.dtype if t.dtype in cuda.STORAGE else "float32"})
    args = [state, out, t.shape[0], channels, inner, int(moving), low, high, *what[1]]
    return cuda.launch(device, kernel, cuda.blocks(t.shape[0] * -(-channels * inner // 4), most=4096), args)


def drawn(
    node: Node, device: Device, what: Draw, code: Callable[[Any, Sequence[Any], Sequence[Any]], None]
) -> Recipe | None:
    """The recipe that draws output 1, then runs compiled array code, which finds it there."""
    types, drawn_type = [e.type for e in node.inputs], node.types[1]
    made = cuda.array_recipe(device, code, types, node.types, ((0, 0),))
    if made is None or not drawn_type.size:
        return None
    then = made

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call | None:
        first = draw_call(device, node, what, ins[1], outs[1], drawn_type)
        second = then.prepare(ins, outs, scratch)
        return cuda.together([first] if second is None else [first, second])

    return replace(made, prepare=prepare, name="cuda:philox")
