"""cuDNN's fused attention: graphs of one, forward and backward, that the library knows, each with a timed engine.

The library recognises the graph by its operations: scores, scale, softmax written out, product; backward the weights
again from the logarithms that the forward has saved, and the four products of the gradients. Graphs are those of
cudnn-frontend's composite node (scaled_dot_product_flash_attention.h), which cuDNN documents under "Attention".
"""

from __future__ import annotations

import ctypes as c
import logging
import math
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mxtrain.backends.cuda import cudnn
from mxtrain.backends.cuda.cudnn import Cudnn, Refused, cudnn_of
from mxtrain.backends.cuda.cudnn_graph import ALIGNED, Function, Graph, Part, Plan, Reduce, Tensor
from mxtrain.backends.cuda.measure import milliseconds, numbers
from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.backends.cuda.tuning import key_of
from mxtrain.base.device import Device, align
from mxtrain.base.errors import BackendUnavailable, EnvironmentFault
from mxtrain.base.types import ITEMSIZE
from mxtrain.graph import Call

log = logging.getLogger(__name__)

WORKSPACE = 1 << 30
"""Bytes that a plan may use at most."""
OLDEST = (9, 6)
"""The first version that clears the sums of the query's gradient by itself."""
LARGEST = 65535
"""Of batch and heads: axes of a grid."""
PIECE = 256


class Problem(NamedTuple):
    """An attention of dense matrices.

    Args:
        batch, heads: of matrices.
        queries, keys: rows of query, and of key and value.
        width, depth: columns of query and key, and of value.
        scale: of the scores.
    """

    batch: int
    heads: int
    queries: int
    keys: int
    width: int
    depth: int
    dtype: str
    scale: float

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of every tensor that is not a score."""
        rows = {"query": (self.queries, self.width), "output": (self.queries, self.depth), "stats": (self.queries, 1)}
        rows |= {"key": (self.keys, self.width), "value": (self.keys, self.depth)}
        named: dict[str, tuple[int, ...]] = {n: (self.batch, self.heads, *s) for n, s in rows.items()}
        return named | {f"d{n}": named[n] for n in ("query", "key", "value", "output")}

    def nbytes(self, name: str) -> int:
        """Of a tensor."""
        return math.prod(self.shapes[name]) * (4 if name == "stats" else ITEMSIZE[self.dtype])


def supports(p: Problem) -> bool:
    """True if it is worth asking the library: rows of whole 16 bytes, so that wherever one begins is well aligned."""
    if p.dtype not in ("float16", "bfloat16") or 0 in p[:6] or max(p.batch, p.heads) > LARGEST:
        return False
    return all(columns * ITEMSIZE[p.dtype] % ALIGNED == 0 for columns in (p.width, p.depth))


def dense(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps of a plain array."""
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


class Described(NamedTuple):
    """A graph, and whose memory its calls are given.

    Args:
        tensors: name -> tensor: of arrays, of numbers (``scale``, ``one``), and of what lies in the workspace.
        own: bytes of each of the last.
    """

    graph: Graph
    tensors: Mapping[str, Tensor]
    own: Mapping[str, int]


class Fused(NamedTuple):
    """One direction, which the library will do."""

    plan: Plan
    described: Described
    p: Problem

    @property
    def name(self) -> str:
        """Implementation, for people."""
        return f"cudnn:attention:{self.plan.name}"

    @property
    def names(self) -> list[str]:
        """The arrays that a call is given."""
        return [n for n in self.described.tensors if n in self.p.shapes]

    @property
    def workspace(self) -> int:
        """Bytes that a call needs."""
        return align(self.plan.workspace, PIECE) + sum(align(n, PIECE) for n in self.described.own.values())

    def call(self, arrays: Mapping[str, int], workspace: int) -> Call:
        """A prepared call over arrays by name, as addresses."""
        given: dict[int, Any] = {}
        top = workspace + align(self.plan.workspace, PIECE)
        for name, n in self.described.own.items():
            given[self.described.tensors[name].number] = top
            top += align(n, PIECE)
        for name, value in (("scale", self.p.scale), ("one", 1.0)):
            if name in self.described.tensors:
                number = cudnn.scalar(value)
                given[self.described.tensors[name].number] = cudnn.kept(c.addressof(number), number)
        given |= {self.described.tensors[name].number: a for name, a in arrays.items()}
        function, args = self.plan.call(given, workspace)
        args[-1].kept = (*args[-1].kept, given)
        return function, args


class _Drawing:
    """A graph being described: named tensors, and scores that are in no memory."""

    def __init__(self, dnn: Cudnn, p: Problem, properties: Part | None) -> None:
        self.g, self.p, self.tensors = Graph(dnn, properties), p, dict[str, Tensor]()
        self.own: dict[str, int] = {}

    def array(self, name: str, *, turned: bool = False) -> Tensor:
        """A tensor in memory."""
        shape = self.p.shapes[name]
        steps = dense(shape)
        if turned:
            shape, steps = (*shape[:2], *shape[:1:-1]), (*steps[:2], *steps[:1:-1])
        made = self.g.tensor(shape, steps, "float32" if name == "stats" else self.p.dtype)
        self.tensors[name] = made
        return made

    def number(self, name: str) -> Tensor:
        """A number of the host."""
        self.tensors[name] = self.g.tensor((1,) * 4, (1,) * 4, value=True)
        return self.tensors[name]

    def workspace(self, name: str, like: str) -> Tensor:
        """A float32 tensor in the workspace, of the shape of an array."""
        shape = self.p.shapes[like]
        self.tensors[name] = self.g.tensor(shape, dense(shape))
        self.own[name] = 4 * math.prod(shape)
        return self.tensors[name]

    def scores(self, dtype: str = "float32", *, turned: bool = False) -> Tensor:
        """One number per query and key."""
        p = self.p
        steps = dense((p.batch, p.heads, p.queries, p.keys))
        shape: tuple[int, ...] = (p.batch, p.heads, p.queries, p.keys)
        if turned:
            shape, steps = (*shape[:2], *shape[:1:-1]), (*steps[:2], *steps[:1:-1])
        return self.g.tensor(shape, steps, dtype, virtual=True)

    def rows(self) -> Tensor:
        """One number per query."""
        shape = self.p.shapes["stats"]
        return self.g.tensor(shape, dense(shape), virtual=True)

    def virtual(self, name: str, dtype: str) -> Tensor:
        """A tensor of the shape of an array that is in no memory."""
        shape = self.p.shapes[name]
        return self.g.tensor(shape, dense(shape), dtype, virtual=True)

    @property
    def described(self) -> Described:
        """What was drawn."""
        return Described(self.g, self.tensors, self.own)


def describe_forward(dnn: Cudnn, p: Problem, *, stats: bool, properties: Part | None = None) -> Described:
    """query, key and value to output, and to stats where they are asked for."""
    d = _Drawing(dnn, p, properties)
    g, query, key, value = d.g, d.array("query"), d.array("key", turned=True), d.array("value")
    scores = g.pointwise(Function.MUL, d.scores(), g.product(d.scores(), query, key), d.number("scale"))
    largest = g.reduce(Reduce.MAX, d.rows(), scores)
    powers = g.pointwise(Function.EXP, d.scores(), g.pointwise(Function.SUB, d.scores(), scores, largest))
    sums = g.reduce(Reduce.ADD, d.rows(), powers)
    logarithm = g.pointwise(Function.LOG, d.rows(), sums)
    g.pointwise(Function.ADD, d.array("stats") if stats else d.rows(), largest, logarithm)
    weights = g.pointwise(Function.DIV, d.scores(p.dtype), powers, sums)
    g.product(d.array("output"), weights, value)
    return d.described


def describe_backward(dnn: Cudnn, p: Problem, *, summed: bool, properties: Part | None = None) -> Described:
    """dOutput, query, key, value, output and stats to the three gradients.

    Args:
        summed: the query's gradient is added up in float32 by whoever comes first; else in a fixed order.
    """
    d = _Drawing(dnn, p, properties)
    g, scale = d.g, d.number("scale")
    query, key, value = d.array("query"), d.array("key", turned=True), d.array("value", turned=True)
    dy, stats = d.array("doutput"), d.array("stats")
    both = g.pointwise(Function.MUL, d.virtual("output", "float32"), dy, d.array("output"))
    sums = g.pointwise(
        Function.MUL, d.workspace("sums", "stats"), g.reduce(Reduce.ADD, d.rows(), both), d.number("one")
    )
    scores = g.pointwise(Function.MUL, d.scores(), g.product(d.scores(), query, key), scale)
    weights = g.pointwise(Function.EXP, d.scores(), g.pointwise(Function.SUB, d.scores(), scores, stats))
    g.product(d.array("dvalue"), g.reshape(d.scores(p.dtype, turned=True), weights), dy)
    slopes = g.pointwise(Function.SUB, d.scores(), g.product(d.scores(), dy, value), sums)
    slopes = g.pointwise(Function.MUL, d.scores(), slopes, weights)
    slopes = g.pointwise(Function.MUL, d.scores(), slopes, scale)
    g.product(d.array("dkey"), g.reshape(d.scores(p.dtype, turned=True), slopes), query)
    rows = g.reshape(d.virtual("key", p.dtype), key)
    if summed:
        total = g.product(d.workspace("total", "query"), slopes, rows)
        g.pointwise(Function.IDENTITY, d.array("dquery"), total)
    else:
        g.product(d.array("dquery"), slopes, rows)
    return d.described


FORWARD = ("query", "key", "value", "output")
BACKWARD = ("doutput", "query", "key", "value", "output", "stats", "dquery", "dkey", "dvalue")
Describe = Callable[[Cudnn], Described]


def fused_forward(device: Device, p: Problem, *, stats: bool) -> Fused | None:
    """The fastest plan of the forward; None if there is no cuDNN or it has none."""
    names = (*FORWARD, "stats") if stats else FORWARD
    return _fastest(device, p, names, {"": lambda dnn: describe_forward(dnn, p, stats=stats)})


def fused_backward(device: Device, p: Problem) -> Fused | None:
    """The fastest plan of the backward; on a deterministic device of those that add in a fixed order."""
    forms: dict[str, Describe] = {"fixed:": lambda dnn: describe_backward(dnn, p, summed=False)}
    if not cuda_of(device).tuning.deterministic:
        forms["summed:"] = lambda dnn: describe_backward(dnn, p, summed=True)
    return _fastest(device, p, BACKWARD, forms)


def _fastest(device: Device, p: Problem, names: tuple[str, ...], forms: Mapping[str, Describe]) -> Fused | None:
    dnn = cudnn_of(device) if supports(p) else None
    if dnn is None or tuple(int(n) for n in dnn.version.split(".")[:2]) < OLDEST:
        return None
    known = _KNOWN.setdefault(cuda_of(device), {})
    if (p, names) not in known:
        known[p, names] = _searched(device, dnn, p, names, forms)
    return known[p, names]


_KNOWN: weakref.WeakKeyDictionary[Any, dict[Any, Fused | None]] = weakref.WeakKeyDictionary()
"""What was found on a device: layers of one shape share a plan, which takes the library a third of a second."""


def _searched(
    device: Device, dnn: Cudnn, p: Problem, names: tuple[str, ...], forms: Mapping[str, Describe]
) -> Fused | None:
    tuning = cuda_of(device).tuning
    search = _Search(device, p, names)
    try:
        for form, describe in forms.items():
            described = describe(dnn)
            for name, config in described.graph.configs(deterministic=tuning.deterministic).items():
                search.found[f"{form}{name}"] = (described, config)
    except (Refused, BackendUnavailable) as refusal:
        _say(f"cuDNN does not fuse an attention of {p}: {refusal}")
    if not search.found:
        return None
    name = tuning.choose(key_of("cudnn attention", dnn.version, *names, *p), list(search.found), search.measure)
    chosen = search.plan(name)
    if chosen is None:
        _say(f"cuDNN has no plan for an attention of {p}")
    return chosen


class _Search:
    """Engines for one direction of one problem: plans are made when they are asked for, buffers when they are timed."""

    def __init__(self, device: Device, p: Problem, names: Sequence[str]) -> None:
        self.device, self.p, self.names = device, p, names
        self.found: dict[str, tuple[Described, Part]] = {}
        self._plans: dict[str, Fused | None] = {}
        self._arrays: dict[str, Any] = {}

    def plan(self, name: str) -> Fused | None:
        """The plan, if the engine has one within the workspace."""
        if name not in self._plans:
            described, config = self.found[name]
            plan = described.graph.plan(name, config)
            made = None if plan is None else Fused(plan, described, self.p)
            self._plans[name] = made if made is not None and made.workspace <= WORKSPACE else None
        return self._plans[name]

    def measure(self, name: str) -> float:
        """Milliseconds; infinite if it does not run; 0 where there is no room to measure, all being equal."""
        fused = self.plan(name)
        if fused is None:
            return math.inf
        try:
            for n in self.names:
                if n not in self._arrays:
                    dtype = "float32" if n == "stats" else self.p.dtype
                    self._arrays[n] = numbers(self.device, dtype, self.p.nbytes(n))
            space = self.device.empty(max(fused.workspace, 1) + PIECE)
        except EnvironmentFault:
            return 0.0
        where = self.device.address(space)
        arrays = {n: self.device.address(a) for n, a in self._arrays.items()}
        try:
            return milliseconds(self.device, fused.call(arrays, align(where, PIECE)))
        except (Refused, BackendUnavailable):
            return math.inf


_SAID: set[str] = set()


def _say(text: str) -> None:
    """Once in a process."""
    if text not in _SAID:
        _SAID.add(text)
        log.debug(text)
