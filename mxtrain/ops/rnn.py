"""rnn: layers of recurrent cells over sequences, in one or both directions.

Shapes:
    data (T, N, C), parameters (P,), state (L D, N, H)[, state_cell (L D, N, H) of lstm] -> output (T, N, D H)
    state_outputs: also state (L D, N, H)[, state_cell]: after the last step of each direction

T steps, N samples, L layers (num_layers), D directions, H units (state_size). `parameters` holds the weights of all
layers and directions, first those of the input (G H, C or D H), then those of the state (G H, H); behind them all
biases in the same order. The formulas and the order of the gates are in _cells.py. Between layers elements are dropped
with probability p in training.

Source: MXNet's RNN; Hochreiter and Schmidhuber, "Long short-term memory", 1997; Cho et al., "Learning phrase
representations", 2014.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import reference
from mxtrain.ops._cells import GATES, KEPT, Cell, Taken, Weights, backward, forward
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._random import STATE, STATE_TYPE, draw, room, room_bytes


@declare
class Params:
    """Parameters of rnn."""

    state_size: int = param(ge=1, doc="units of a layer")
    num_layers: int = param(ge=1, doc="layers, one on the other")
    mode: Literal["rnn_relu", "rnn_tanh", "lstm", "gru"] = param(doc="the cell")
    bidirectional: bool = param(False, doc="each layer in both directions, side by side in its output")
    p: float = param(0.0, ge=0, lt=1, doc="probability that an element between two layers is dropped, in training")
    state_outputs: bool = param(False, doc="give the states after the last step too")


@dataclass(frozen=True)
class Backward:
    """The forward's parameters, and which of its outputs have a gradient."""

    forward: Params
    given: tuple[bool, ...]


def directions(p: Params) -> int:
    """How many there are."""
    return 1 + p.bidirectional


def drops(p: Params) -> bool:
    """Whether anything is dropped between layers."""
    return p.p > 0 and p.num_layers > 1


def states(p: Params) -> tuple[str, ...]:
    """Names of the states."""
    return ("state", "state_cell") if p.mode == "lstm" else ("state",)


def input_names(p: Params) -> tuple[str, ...]:
    """Data, parameters, states, and what dropping needs."""
    return ("data", "parameters", *states(p), *((STATE,) if drops(p) else ()))


def results(p: Params) -> tuple[str, ...]:
    """Names of what users see."""
    return ("output", *states(p)) if p.state_outputs else ("output",)


def output_names(p: Params) -> tuple[str, ...]:
    """What users see, what the backward needs of the cells, and what was dropped."""
    return (*results(p), "kept", *(("mask",) if drops(p) else ()))


def shapes(p: Params, width: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The shapes of the two weights of each cell, layer by layer."""
    rows = GATES[p.mode] * p.state_size
    for layer in range(p.num_layers):
        for _ in range(directions(p)):
            yield (rows, width if layer == 0 else directions(p) * p.state_size), (rows, p.state_size)


def size(p: Params, width: int) -> int:
    """Length of `parameters`."""
    return sum(rows * (x + h) + 2 * rows for (rows, x), (_, h) in shapes(p, width))


def cells(p: Params, flat: Any, width: int) -> list[Weights]:
    """The weights of each cell, as views of `parameters`."""
    wanted = list(shapes(p, width))
    rows = GATES[p.mode] * p.state_size
    at, found, bias = 0, [], flat.size - 2 * rows * len(wanted)
    for k, pair in enumerate(wanted):
        views = []
        for shape in pair:
            views.append(flat[at : at + shape[0] * shape[1]].reshape(shape))
            at += shape[0] * shape[1]
        first = bias + 2 * rows * k
        found.append(Weights(views[0], views[1], flat[first : first + rows], flat[first + rows : first + 2 * rows]))
    return found


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Everything from the data; steps and samples from the output, samples from a state."""
    dtype = dtype_of(ins[0], outs[0])
    t, n, width = need_rank(ins[0], (3,), "data", "(T, N, C)") or (None,) * 3
    out = need_rank(outs[0], (3,), "output", "(T, N, D H)") or (None,) * 3
    known = [s.shape[1] for s in ins[2 : 2 + len(states(p))] if s.shape is not None and len(s.shape) == 3]
    t, n = t or out[0], next((d for d in (n, out[1], *known) if d), None)
    count = p.num_layers * directions(p)
    state = PartialType((count, n, p.state_size), dtype)
    across = directions(p) * p.state_size
    ends = [state] * len(states(p))
    want = [PartialType((t, n, width), dtype), PartialType((None if width is None else size(p, width),), dtype), *ends]
    made = [PartialType((t, n, across), dtype), *(ends if p.state_outputs else [])]
    made.append(PartialType((count, t, n, KEPT[p.mode] * p.state_size), dtype))
    if drops(p):
        want.append(STATE_TYPE)
        made.append(PartialType((p.num_layers - 1, n, t, across), "uint8"))
    return want, made


def thin(p: float, x: Any, mask: Any) -> Any:
    """x (T, N, D H) with what the mask (N, T, D H) marks dropped."""
    return x * (mask.transpose(1, 0, 2) == 0) / (1 - p)


def draw_masks(node: Node, xp: Any, state: Any, masks: Any) -> None:
    """What is dropped behind each layer but the last: a stream for each, counted by sample."""
    shape: Shape = masks.shape[1:]
    threshold = xp.uint64(round(node.params.p * 2**32))

    def dropped(words: Any, target: Any) -> None:
        xp.less(words, threshold, out=target)

    for layer, mask in enumerate(masks):
        space = room(xp.empty(room_bytes(shape, 1), xp.uint8), shape, xp, xp.bool_)
        draw(xp, mask.view(xp.bool_), dropped, f"{node.name}_{layer}", state, space)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, layer by layer."""
    p: Params = node.params
    seen = len(results(p))
    kept, masks = outs[seen], outs[seen + 1] if drops(p) else None
    if masks is not None:
        draw_masks(node, xp, ins[-1], masks)
    h, c = ins[2], ins[3] if p.mode == "lstm" else None
    weights = cells(p, ins[1], ins[0].shape[2])
    x = ins[0]
    for layer in range(p.num_layers):
        for d in range(directions(p)):
            k = layer * directions(p) + d
            last = forward(Cell(p.mode, d > 0, xp), weights[k], x, h[k], None if c is None else c[k], kept[k])
            for out, value in zip(outs[1:seen], last, strict=False):
                out[k] = value
        x = beside(p, xp, kept, layer)
        if masks is not None and layer < p.num_layers - 1:
            x = thin(p.p, x, masks[layer])
    outs[0][...] = x


def beside(p: Params, xp: Any, kept: Any, layer: int) -> Any:
    """The output of a layer (T, N, D H): the states of its directions side by side."""
    first = layer * directions(p)
    return xp.concatenate([kept[first + d][:, :, -p.state_size :] for d in range(directions(p))], axis=2)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, from the last layer to the first."""
    p: Params = node.params.forward
    names = len(states(p))
    data, flat, *rest = ins
    masks = rest.pop() if drops(p) else None
    start, (kept, *given) = rest[:names], rest[names:]
    dys = [given.pop(0) if wanted else None for wanted in node.params.given]
    weights, grown = cells(p, flat, data.shape[2]), cells(p, outs[1], data.shape[2])
    dx = xp.zeros((*data.shape[:2], directions(p) * p.state_size), data.dtype) if dys[0] is None else dys[0]
    ends = [None if i >= len(dys) else dys[i] for i in (1, 2)]
    for layer in reversed(range(p.num_layers)):
        x = data if layer == 0 else beside(p, xp, kept, layer - 1)
        if masks is not None and layer > 0:
            x = thin(p.p, x, masks[layer - 1])
        total = xp.zeros(x.shape, x.dtype)
        for d in range(directions(p)):
            k = layer * directions(p) + d
            taken = Taken(x, start[0][k], start[1][k] if names > 1 else None, kept[k])
            dh, dc = (xp.zeros_like(start[0][k]) if e is None else e[k] for e in ends)
            part = dx[:, :, d * p.state_size : (d + 1) * p.state_size]
            found = backward(Cell(p.mode, d > 0, xp), weights[k], taken, part, dh, dc)
            total += found.x
            for out, value in zip(outs[2:], (found.h, found.c), strict=False):
                out[k] = value
            for out, value in zip(grown[k], found.weights, strict=True):
                out[...] = value
        dx = thin(p.p, total, masks[layer - 1]) if masks is not None and layer > 0 else total
    outs[0][...] = dx


def back_inputs(b: Backward) -> tuple[str, ...]:
    """What the forward read and kept, the gradients that there are, what was dropped."""
    p = b.forward
    dys = [f"d{name}" for name, given in zip(results(p), b.given, strict=True) if given]
    return ("data", "parameters", *states(p), "kept", *dys, *(("mask",) if drops(p) else ()))


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """As what they are gradients of."""
    return list(ins), list(ins[: 2 + len(states(b.forward))])


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, parameters and states."""
    p: Params = node.params
    seen = len(results(p))
    given = [d for d in dys[:seen] if d is not None]
    learnt = 2 + len(states(p))
    rest = [None] * (len(node.inputs) - learnt)
    if not given:
        return [None] * learnt + rest
    ins = [*node.inputs[:learnt], node[seen], *given, *([node[seen + 1]] if drops(p) else [])]
    params = Backward(p, tuple(d is not None for d in dys[:seen]))
    back = apply_node(BACKWARD, f"{node.name}_backward", ins, params)
    return [*(back[i] for i in range(learnt)), *rest]


def at_eval(node: Node) -> Sequence[Entry]:
    """Nothing is dropped."""
    p: Params = node.params
    if not drops(p):
        return [node[i] for i in range(node.output_count)]
    sure = Params(**{**{k: getattr(p, k) for k in p.__dataclass_fields__}, "p": 0.0})
    kept = apply_node(OP, node.name, node.inputs[:-1], sure, node.origins, node.source)
    return [*(kept[i] for i in range(kept.output_count)), node[node.output_count - 1]]


BACKWARD = Op(
    "rnn_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward, inputs=back_inputs,
    outputs=lambda b: tuple(f"d{name}" for name in ("data", "parameters", *states(b.forward))),
)  # fmt: skip
OP = Op(
    "rnn", infer, {"reference": reference(run)}, params=Params, inputs=input_names, outputs=output_names,
    visible=lambda p: len(results(p)), mxnet=("RNN",), gradient=gradient, at_eval=at_eval, random=True,
)  # fmt: skip
