"""What operators with a weight share: their cost, and a batch normalisation folded into them for inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types


@dataclass(frozen=True)
class Params:
    """The constants of the normalisation, and whether there is a bias before it."""

    eps: float
    fix_gamma: bool
    bias: bool


def names(p: Params) -> tuple[str, ...]:
    """Inputs."""
    head = ("weight", "bias") if p.bias else ("weight",)
    return (*head, "gamma", "beta", "mean", "variance")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As weight and beta."""
    return list(ins), [ins[0], ins[-3]]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """weight * scale, and beta + (bias - mean) * scale, with scale = gamma / sqrt(variance + eps)."""
    p: Params = node.params
    weight, gamma, beta, mean, variance = ins[0], *ins[-4:]
    scale = (1 if p.fix_gamma else gamma) / xp.sqrt(variance + p.eps)
    outs[0][...] = weight * scale.reshape(-1, *(1,) * (weight.ndim - 1))
    outs[1][...] = beta + ((ins[1] if p.bias else 0) - mean) * scale


FOLD = Op("fold_batch_norm", infer, array_code(run), params=Params, inputs=names, outputs=("weight", "bias"))


def fold(node: Node, reader: Node, no_bias: bool) -> tuple[list[Entry], str | None] | None:
    """Inputs of a node that computes `node` and the normalisation `reader`, and the activation that it had absorbed.

    None if `reader` is no normalisation over channels by stored statistics.
    """
    if reader.op is None or reader.op.name != "batch_norm":
        return None
    q = reader.params
    if not q.use_global_stats or q.axis != 1 or len(reader.inputs) != 5 or getattr(q, "add", False):
        return None
    params = Params(q.eps, q.fix_gamma, not no_bias)
    folded = apply_node(FOLD, f"{reader.name}_folded", (*node.inputs[1:], *reader.inputs[1:]), params)
    return [node.inputs[0], folded[0], folded[1]], getattr(q, "act", None)


def weight_flops(node: Node) -> int:
    """Of a node with inputs (data, weight): two per weight that an output element reads."""
    weight = node.inputs[1].type
    return 2 * node.types[0].size * (weight.size // weight.shape[0])


def backward_data_flops(node: Node) -> int:
    """Of a node with inputs (dy, weight): as many as its forward."""
    weight = node.inputs[1].type
    return 2 * node.inputs[0].type.size * (weight.size // weight.shape[0])


def backward_weights_flops(node: Node) -> int:
    """Of a node with inputs (data, dy) and the output dweight: as many as its forward."""
    weight = node.types[0]
    return 2 * node.inputs[1].type.size * (weight.size // weight.shape[0])
