"""blend: a moving average's next value; blend_all: those of many averages, of any shapes, in one launch.

Shapes:
    old (S), new (S) -> output (S);    old0 (S0), new0 (S0), old1 (S1), new1 (S1)... -> output0 (S0), output1 (S1)...

A GPU takes longer to begin a kernel than to blend the few numbers of a layer, and a net has two averages per layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import PLAIN, TensorType, view
from mxtrain.graph import Call, Entry, Node, Op, Recipe, apply, apply_node
from mxtrain.ops._call import array_code, reference
from mxtrain.ops._infer import Inferred, Types, same_type
from mxtrain.ops._pointwise import pointwise_op

SOURCE = cuda.source(__file__)


@dataclass(frozen=True)
class Params:
    """How much of the old value is kept."""

    keep: float


@dataclass(frozen=True)
class All(Params):
    """How many averages there are."""

    count: int


def run(params: Params, xp: Any, out: Any, old: Any, new: Any) -> None:
    """out = old * keep + new * (1 - keep), in place over `old` if asked."""
    xp.subtract(old, new, out=out)
    xp.multiply(out, params.keep, out=out)
    xp.add(out, new, out=out)


def compute(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    run(node.params, xp, outs[0], *ins)


def infer_all(p: All, ins: Types, outs: Types) -> Inferred:
    """Each average, what enters it and its next value have one type."""
    found = [same_type(p, ins[2 * k : 2 * k + 2], outs[k : k + 1]) for k in range(p.count)]
    return [t for old_new, _ in found for t in old_new], [t for _, out in found for t in out]


def compute_all(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    for k, out in enumerate(outs):
        run(node.params, xp, out, ins[2 * k], ins[2 * k + 1])


def gpu_all(node: Node, device: Device) -> Recipe | None:
    """One launch, a block for each average; None if one is not float32."""
    if any(t.dtype != "float32" or t.layout != PLAIN for t in (*(e.type for e in node.inputs), *node.types)):
        return None

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        rows = [(*map(device.address, (ins[2 * k], ins[2 * k + 1], out)), out.size) for k, out in enumerate(outs)]
        # Not in the scratch, which other steps write: the kernel finds its arrays here in every run.
        t = TensorType((len(rows), 4), "int64")
        table = view(device.zeros(t.nbytes), t)
        device.put(table, np.array(rows, np.int64))
        return cuda.launch(device, cuda.Kernel(SOURCE, "blend_all"), cuda.Grid(len(rows)), [table, node.params.keep])

    return cuda.recipe(device, "blend_all", prepare, inplace=tuple((2 * k, k) for k in range(len(node.types))))


def reference_all(node: Node, device: Device) -> Recipe | None:
    """NumPy's, one after the other."""
    return reference(compute_all, tuple((2 * k, k) for k in range(len(node.types))))(node, device)


def join(nodes: Sequence[Node]) -> Node:
    """Blends of one `keep` as one node."""
    p = All(nodes[0].params.keep, len(nodes))
    return apply_node(BLEND_ALL, nodes[0].name, [e for n in nodes for e in n.inputs], p)


BLEND_ALL = Op(
    "blend_all", infer_all, {"reference": reference_all, "cuda": gpu_all}, params=All,
    inputs=lambda p: tuple(f"{what}{k}" for k in range(p.count) for what in ("old", "new")),
    outputs=lambda p: tuple(f"output{k}" for k in range(p.count)), precision="wide",
)  # fmt: skip
# In place over `old` is safe (it is read once, first), over `new` is not: so no alias trait, but a kernel that says it.
BLEND = pointwise_op(
    "blend", run, inputs=("old", "new"), params=Params, precision="wide", join=join,
    kernels={**array_code(compute, ((0, 0),))},
)  # fmt: skip


def blend(name: str, old: Entry, new: Entry, keep: float) -> Entry:
    """old * keep + new * (1 - keep)."""
    return apply(BLEND, name, old, new, keep=keep)
