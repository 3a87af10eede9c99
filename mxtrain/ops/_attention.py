"""Attention: softmax(scale Q K^T) V, made by the compiler of the two products, the softmax and the scale before them.

Shapes:
    query (B..., T, D), key (B..., S, D), value (B..., S, E) -> output (B..., T, E)
    hidden, where a kernel wants it: stats (B..., T), the logarithm of the sum of the exponentials of each row

Neither direction keeps scores or weights (B..., T, S): the backward computes them again. A device for which that is no
gain gets the operators back of which it was made (`settle`): the backward's products and softmax are then those of the
forward, and common subexpressions are one.

Source: Vaswani et al., "Attention is all you need", 2017; Dao et al., "FlashAttention", 2022, for what is not kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, Setting, apply, apply_node
from mxtrain.ops import _attention_cuda, _attention_onednn, _softmax
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, statistics_dtype


@declare
class Params:
    """What was merged."""

    scale: float | None = param(None, doc="factor of the query; none: there was no scale")
    training: bool = param(False, doc="a gradient will be asked for")
    stats: bool = param(False, doc="the backward reads output and stats of the forward")


def scaled(p: Params) -> float:
    """The factor of the scores."""
    return 1.0 if p.scale is None else p.scale


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The output from the three inputs, which must be known: only the compiler makes this operator."""
    dtype = dtype_of(*ins[:3], outs[0])
    query, key, value = (t.known_shape for t in ins[:3])
    if query is None or key is None or value is None:
        return list(ins), list(outs)
    if len(query) < 3 or query[:-2] + query[-1:] != key[:-2] + key[-1:] or value[:-1] != key[:-1]:
        raise ShapeError(f"'query' {ins[0]}, 'key' {ins[1]} and 'value' {ins[2]} do not go together")
    want = [PartialType((*query[:-1], value[-1]), dtype), PartialType(query[:-1], statistics_dtype(dtype))]
    return [PartialType(s, dtype) for s in (query, key, value)], want[: 1 + p.stats]


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """Gradients are as what they belong to."""
    return list(ins), list(ins[1:4])


def weights(p: Params, xp: Any, query: Any, key: Any) -> tuple[Any, Any]:
    """(softmax of the scores, stats)."""
    scores = scaled(p) * (query @ key.swapaxes(-1, -2))
    largest = scores.max(axis=-1, keepdims=True)
    powers = xp.exp(scores - largest)
    sums = powers.sum(axis=-1, keepdims=True)
    return powers / sums, (largest + xp.log(sums))[..., 0]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    w, stats = weights(node.params, xp, ins[0], ins[1])
    outs[0][...] = w @ ins[2]
    if node.params.stats:
        outs[1][...] = stats


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, which makes the weights again."""
    dy, query, key, value = ins[:4]
    w, _ = weights(node.params, xp, query, key)
    dw = dy @ value.swapaxes(-1, -2)
    ds = scaled(node.params) * w * (dw - (dw * w).sum(axis=-1, keepdims=True))
    outs[0][...] = ds @ key
    outs[1][...] = ds.swapaxes(-1, -2) @ query
    outs[2][...] = w.swapaxes(-1, -2) @ dy


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards query, key and value."""
    if dy[0] is None:
        return [None] * 3
    more = (node[0], node[1]) if node.params.stats else ()
    back = apply_node(BACKWARD, f"{node.name}_backward", (dy[0], *node.inputs, *more), node.params, node.origins)
    return [back[0], back[1], back[2]]


def absorb(node: Node, reader: Node, training: bool) -> Node | None:
    """What a softmax over the last axis of a product makes of the product after it."""
    scores, rank = node.inputs[0].node, len(node.types[0].shape)
    if len(node.inputs) != 1 or node.params.temperature is not None or node.params.axis not in (-1, rank - 1):
        return None
    if not _product(scores, transposed=True) or not _product(reader, transposed=False):
        return None
    if reader.inputs[0].node is not node or reader.inputs[1].node is node:
        return None
    inputs = (*scores.inputs, reader.inputs[1])
    return apply_node(OP, reader.name, inputs, OP.params(training=training), (scores.name, node.name, reader.name))


def _product(node: Node, transposed: bool) -> bool:
    """True if it is a product of batches, the right factor given transposed or not."""
    if node.op is None or node.op.name != "batch_dot" or node.params.transpose_a:
        return False
    return bool(node.params.transpose_b == transposed)


def absorb_scale(node: Node, reader: Node, training: bool) -> Node | None:
    """What a product with a number makes of an attention whose query it is."""
    if reader.op is not OP or reader.params.scale is not None or reader.inputs[0].node is not node:
        return None
    if any(e.node is node for e in reader.inputs[1:]):
        return None
    p = replace(reader.params, scale=node.params.scalar)
    return apply_node(OP, reader.name, (node.inputs[0], *reader.inputs[1:]), p, (node.name, *reader.origins))


def settle(node: Node, setting: Setting) -> Sequence[Entry] | None:
    """As it is where a kernel wants it so, with stats where cuDNN does, else what it was made of."""
    backward = node.op is BACKWARD
    types = [e.type for e in node.inputs[backward : backward + 3]]
    narrow = [t._replace(dtype=setting.dtype) if t.dtype == "float32" else t for t in types]
    device = setting.device
    training = backward or node.params.training
    if device.kernels == ("reference",):
        return None
    if "onednn" in device.kernels and training and _attention_onednn.wanted(setting, narrow):
        return None
    if "cuda" in device.kernels and _attention_cuda.wanted(device, narrow, scaled(node.params), training=training):
        return _with_stats(node, backward) if training else None
    return _parts_backward(node) if backward else _parts(node)


def _with_stats(node: Node, backward: bool) -> Sequence[Entry]:
    """The same, whose backward reads output and stats of the forward: of the one forward, once equal nodes are one."""
    p = replace(node.params, stats=True)
    if not backward:
        return [replace(apply_node(OP, node.name, node.inputs, p, node.origins), source=node.source)[0]]
    forward = apply_node(OP, f"{node.name}_forward", node.inputs[1:], p, node.origins)
    back = apply_node(BACKWARD, node.name, (*node.inputs, forward[0], forward[1]), p, node.origins)
    return [back[i] for i in range(3)]


def _names(node: Node) -> tuple[str, ...]:
    """Of scale, scores, weights and product: those of the nodes it was made from, in the forward."""
    if node.op is OP and len(node.origins) in (3, 4):
        return (f"{node.name}_scale", *node.origins)[-4:]
    return tuple(f"{node.name}_{part}" for part in ("scale", "scores", "weights", "output"))


def _parts(node: Node) -> Sequence[Entry]:
    """Scale, product, softmax and product."""
    w, _ = _weights(node, *node.inputs[:2])
    return [apply(_op("batch_dot"), _names(node)[3], w, node.inputs[2])]


def _weights(node: Node, query: Entry, key: Entry) -> tuple[Entry, Entry]:
    """(weights, scaled query)."""
    scale, scores, name, _ = _names(node)
    if node.params.scale is not None:
        query = apply(_op("mul_scalar"), scale, query, scalar=node.params.scale)
    product = apply(_op("batch_dot"), scores, query, key, transpose_b=True)
    return apply(_op("softmax"), name, product), query


def _parts_backward(node: Node) -> Sequence[Entry]:
    """The gradients of what `_parts` gives."""
    dy, query, key, value = node.inputs[:4]
    w, query = _weights(node, query, key)
    dot, name = _op("batch_dot"), node.name
    dw = apply(dot, f"{name}_dweights", dy, value, transpose_b=True)
    dvalue = apply(dot, f"{name}_dvalue", w, dy, transpose_a=True)
    last = len(dw.type.shape) - 1
    ds = apply(_softmax.BACKWARD, f"{name}_dscores", dw, w, axes=(last,), scale=1.0, log=False)
    dquery = apply(dot, f"{name}_dquery", ds, key)
    dkey = apply(dot, f"{name}_dkey", ds, query, transpose_a=True)
    if node.params.scale is not None:
        dquery = apply(_op("mul_scalar"), f"{name}_dquery_scaled", dquery, scalar=node.params.scale)
    return [dquery, dkey, dvalue]


def _op(name: str) -> Op:
    # Their files import this one.
    from mxtrain.ops import get

    return get(name)


def flops(node: Node) -> int:
    """Of the products: two forward, five backward."""
    backward = node.op is BACKWARD
    query, _, value = (e.type.shape for e in node.inputs[backward : backward + 3])
    each = 2 * math.prod(query[:-1]) * value[-2]
    return each * (3 * query[-1] + 2 * value[-1] if backward else query[-1] + value[-1])


def names(p: Params) -> tuple[str, ...]:
    """Inputs of the backward."""
    return ("dy", "query", "key", "value", *(("output", "stats") if p.stats else ()))


BACKWARD = Op(
    "attention_backward", infer_backward,
    {"reference": reference(run_backward), "onednn": _attention_onednn.backward, "cuda": _attention_cuda.backward},
    params=Params, inputs=names, outputs=("dquery", "dkey", "dvalue"), precision="narrow", wide=("stats",),
    flops=flops, settle=settle,
)  # fmt: skip
OP = Op(
    "attention", infer,
    {"reference": reference(run), "onednn": _attention_onednn.forward, "cuda": _attention_cuda.forward},
    params=Params, inputs=("query", "key", "value"),
    outputs=lambda p: ("output", "stats") if p.stats else ("output",), gradient=gradient, precision="narrow",
    wide=("stats",), flops=flops, settle=settle,
)  # fmt: skip
