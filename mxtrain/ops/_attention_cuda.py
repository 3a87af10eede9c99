"""Attention on a GPU: cuDNN's fused kernels, where they are faster than the products and softmax they stand for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.errors import EnvironmentFault
from mxtrain.base.types import TensorType, view
from mxtrain.graph import Call, Node, Recipe
from mxtrain.ops import _softmax_cuda

FORWARD = ("query", "key", "value")
BACKWARD = ("doutput", "query", "key", "value", "output", "stats")


def problem(types: Sequence[TensorType], scale: float) -> cuda.Attention | None:
    """The attention of query, key and value as the library sees it: two axes of matrices, or one and another of 1."""
    query, key, value = types
    if any(t.layout.name != "plain" or t.dtype != query.dtype for t in types):
        return None
    heads = query.shape[-3] if len(query.shape) > 3 else 1
    batch = math.prod(query.shape[:-2]) // max(heads, 1)
    sizes = (query.shape[-2], key.shape[-2], query.shape[-1], value.shape[-1])
    return cuda.Attention(batch, heads, *sizes, query.dtype, scale)


def wanted(device: Device, types: Sequence[TensorType], scale: float, *, training: bool) -> bool:
    """True if cuDNN has the attention, in training with its gradient, and is faster than the steps one by one."""
    p = problem(types, scale)
    forward = None if p is None else cuda.fused_forward(device, p, stats=training)
    backward = None if p is None or not training else cuda.fused_backward(device, p)
    if p is None or forward is None or (training and backward is None):
        return False
    fused = [f for f in (forward, backward) if f is not None]
    key = cuda.key_of("attention", *p, "training" if training else "", *(f.name for f in fused))

    def measure(how: str) -> float:
        try:
            calls = _fused(device, p, fused) if how == "fused" else _steps(device, p, training)
        except EnvironmentFault:
            return float(how == "steps")
        return math.inf if calls is None else cuda.milliseconds(device, cuda.together(calls))

    return bool(cuda.cuda_of(device).tuning.choose(key, ["fused", "steps"], measure) == "fused")


def _buffer(device: Device, dtype: str, nbytes: int) -> Any:
    return cuda.numbers(device, dtype, max(nbytes, 1))


def _fused(device: Device, p: cuda.Attention, fused: Sequence[cuda.Fused]) -> list[Call]:
    """Both directions on buffers of their own."""
    names = [n for f in fused for n in f.names]
    arrays = {n: _buffer(device, "float32" if n == "stats" else p.dtype, p.nbytes(n)) for n in dict.fromkeys(names)}
    sizes = (max(f.workspace for f in fused),)
    (space,) = cuda.pieces(device, device.empty(cuda.total(sizes)), sizes) if any(sizes) else (None,)
    where = {n: device.address(a) for n, a in arrays.items()}
    made = [f.call({n: where[n] for n in f.names}, 0 if space is None else device.address(space)) for f in fused]
    return [_keeping(call, arrays, space) for call in made]


def _keeping(call: Call, *owners: Any) -> Call:
    """The call, which keeps the buffers that it is timed on."""
    function, args = call
    return (lambda *given: (owners, function(*given))[1]), args


def _steps(device: Device, p: cuda.Attention, training: bool) -> list[Call] | None:
    """Products and softmax alone, without the casts and the scale around them; None if one cannot be had."""
    count, t = p.batch * p.heads, p.dtype
    scores = TensorType((count, p.queries, p.keys), t)
    space = {n: _buffer(device, t, p.nbytes(n)) for n in ("query", "key", "value", "output", "doutput")}
    space |= {n: _buffer(device, t, scores.nbytes) for n in ("scores", "dscores")}
    queries, keys = (p.queries, p.width, p.keys), (p.queries, p.keys, p.depth)
    calls = [
        _product(device, (count, *queries), (False, True), t, [space[n] for n in ("query", "key", "scores")]),
        _softmax(device, scores, "softmax", [space["scores"]]),
        _product(device, (count, *keys), (False, False), t, [space[n] for n in ("scores", "value", "output")]),
    ]
    if training:
        calls += [
            _product(device, (count, p.keys, p.queries, p.depth), (True, False), t,
                     [space[n] for n in ("scores", "doutput", "value")]),
            _product(device, (count, p.queries, p.depth, p.keys), (False, True), t,
                     [space[n] for n in ("doutput", "value", "dscores")]),
            _softmax(device, scores, "softmax_backward", [space["dscores"], space["scores"]]),
            _product(device, (count, p.queries, p.keys, p.width), (False, False), t,
                     [space[n] for n in ("dscores", "key", "query")]),
            _product(device, (count, p.keys, p.queries, p.width), (True, False), t,
                     [space[n] for n in ("dscores", "query", "key")]),
        ]  # fmt: skip
    return None if any(c is None for c in calls) else [c for c in calls if c is not None]


def _product(
    device: Device, sizes: tuple[int, int, int, int], turned: tuple[bool, bool], dtype: str, arrays: Sequence[Any]
) -> Call | None:
    """(B, M, K) times (B, K, N)."""
    m = cuda.matmul(device, cuda.Product(*sizes, *turned, dtype, dtype))
    if m is None:
        return None
    space = device.empty(cuda.total((m.workspace,))) if m.workspace else None
    where = 0 if space is None else device.address(cuda.pieces(device, space, (m.workspace,))[0])
    a, b, out = (device.address(x) for x in arrays)
    return _keeping(m.call(a, b, out, where), space, arrays)


def _softmax(device: Device, t: TensorType, name: str, buffers: Sequence[Any]) -> Call | None:
    """In place of the first buffer."""
    rows = _softmax_cuda.rows_of(t, (len(t.shape) - 1,))
    if rows is None:
        return None
    node = Node(None, name, types=(t,))
    arrays = [view(b, t) for b in buffers]
    return _softmax_cuda.rows_recipe(node, device, name, rows, 1.0).prepare(arrays, [arrays[0]], None)


def recipe(device: Device, fused: cuda.Fused | None, ins: Sequence[str], outs: Sequence[str]) -> Recipe | None:
    """One call of the library over inputs and outputs by name."""
    if fused is None:
        return None
    sizes = (fused.workspace,)

    def prepare(given: Sequence[Any], made: Sequence[Any], scratch: Any) -> Call:
        (space,) = cuda.pieces(device, scratch, sizes)
        arrays = {n: device.address(a) for n, a in (*zip(ins, given, strict=True), *zip(outs, made, strict=True))}
        return fused.call(arrays, 0 if space is None else device.address(space))

    explain: Callable[[Any], str] = fused.plan.dnn.explain("cudnnBackendExecute")
    return Recipe(prepare, f"cuda:{fused.name}", scratch=cuda.total(sizes), capturable=True, explain=explain)


def forward(node: Node, device: Device) -> Recipe | None:
    """cuDNN's forward."""
    p = problem([e.type for e in node.inputs], 1.0 if node.params.scale is None else node.params.scale)
    fused = None if p is None else cuda.fused_forward(device, p, stats=node.params.stats)
    return recipe(device, fused, FORWARD, ("output", "stats") if node.params.stats else ("output",))


def backward(node: Node, device: Device) -> Recipe | None:
    """cuDNN's backward, which reads output and stats of its forward."""
    p = problem([e.type for e in node.inputs[1:4]], 1.0 if node.params.scale is None else node.params.scale)
    fused = cuda.fused_backward(device, p) if p is not None and node.params.stats else None
    return recipe(device, fused, BACKWARD, ("dquery", "dkey", "dvalue"))
