"""Random typed graphs over many operators, with gradients and updates, and what is needed to run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mxtrain import ops
from mxtrain.base.device import Device
from mxtrain.base.types import UNKNOWN, TensorType, numpy_dtype, partial, view
from mxtrain.executor import Block, Plan, bind
from mxtrain.graph import Entry, Graph, Node, Update, apply_node, infer, variable
from mxtrain.ops._reshaped import reshaped
from mxtrain.passes import LOSS_SCALE, Compiled, Options, compile_graph, for_training

Values = dict[str, np.ndarray]


@dataclass
class Builder:
    """A graph that is growing.

    Args:
        pool: entries that further operators may read.
        smooth: only operators whose results do not jump when their inputs are rounded.
    """

    rng: np.random.Generator
    dtype: str
    smooth: bool = False
    pool: list[Entry] = field(default_factory=list)
    variables: list[Node] = field(default_factory=list)
    count: int = 0

    def pick(self, keep: Callable[[Entry], bool] = lambda e: True) -> Entry | None:
        """A random entry of the pool, the latest more likely."""
        fit = [e for e in self.pool if keep(e)]
        return fit[-1 - min(int(self.rng.exponential(2)), len(fit) - 1)] if fit else None

    def new(self, name: str, shape: tuple[int, ...], kind: str = "parameter") -> Entry:
        """A new variable."""
        e = variable(name, TensorType(shape, self.dtype), kind)
        self.variables.append(e.node)
        return e

    def make(self, op_name: str, *inputs: Entry, **params: Any) -> Node:
        """A new node; inputs that are not given become variables with the types that inference gives them."""
        op = ops.get(op_name)
        p = op.params(**params)
        self.count += 1
        name = f"{op_name}{self.count}"
        names = op.input_names(p)
        known = [partial(e.type) for e in inputs] + [UNKNOWN] * (len(names) - len(inputs))
        types, _ = infer(op, p, known, [UNKNOWN] * len(op.output_names(p)), name)
        rest = []
        for n, t in list(zip(names, types, strict=True))[len(inputs) :]:
            kind = "auxiliary" if n in op.auxiliary else "input" if n == "label" else "parameter"
            rest.append(self.new(f"{name}_{n}", t.known_shape, kind))
        return apply_node(op, name, (*inputs, *rest), p)

    def grow(self, op_name: str, *inputs: Entry, **params: Any) -> None:
        """A new node whose visible outputs join the pool."""
        node = self.make(op_name, *inputs, **params)
        self.pool += [node[i] for i in range(node.op.visible_outputs(node.params))]


def image(e: Entry) -> bool:
    return len(e.type.shape) == 4


def add_convolution(b: Builder, x: Entry) -> None:
    if image(x):
        groups = int(b.rng.choice([1, x.type.shape[1]]))
        kernel = int(b.rng.integers(1, min(x.type.shape[2:]) + 1))
        filters = groups * int(b.rng.integers(1, 4))
        pad = int(b.rng.integers(0, kernel))
        b.grow(
            "convolution", x, kernel=kernel, num_filter=filters, num_group=groups, pad=pad,
            stride=int(b.rng.integers(1, 3)), no_bias=bool(b.rng.integers(2)),
        )  # fmt: skip


def add_pooling(b: Builder, x: Entry) -> None:
    if image(x):
        kind = "avg" if b.smooth else str(b.rng.choice(["max", "avg"]))
        kernel = int(b.rng.integers(1, min(x.type.shape[2:]) + 1))
        b.grow("pooling", x, kernel=kernel, pool_type=kind, stride=int(b.rng.integers(1, 3)))


def add_batch_norm(b: Builder, x: Entry) -> None:
    if x.type.size // x.type.shape[1] >= 8:
        b.grow("batch_norm", x, fix_gamma=bool(b.rng.integers(2)), eps=0.1, momentum=0.75)


def add_activation(b: Builder, x: Entry) -> None:
    kinds = ["sigmoid", "tanh", "softrelu"] if b.smooth else ["relu", "sigmoid", "tanh", "softsign", "relu"]
    b.grow("activation", x, act_type=str(b.rng.choice(kinds)))


def add_fully_connected(b: Builder, x: Entry) -> None:
    b.grow("fully_connected", x, num_hidden=int(b.rng.integers(1, 7)), no_bias=bool(b.rng.integers(2)))


def add_sum(b: Builder, x: Entry) -> None:
    others = [b.pick(lambda e: e.type == x.type) for _ in range(int(b.rng.integers(1, 4)))]
    b.grow("add_n", x, *others, num_args=len(others) + 1)


def add_binary(b: Builder, x: Entry) -> None:
    other = b.pick(lambda e: e.type == x.type)
    name = str(b.rng.choice(["elemwise_add", "elemwise_sub", "elemwise_mul"]))
    if name == "elemwise_mul":
        x = b.make("tanh", x)[0]
    b.grow(name, *((x, other) if b.rng.integers(2) else (other, x)))


def add_broadcast(b: Builder, x: Entry) -> None:
    shape = tuple(d if b.rng.integers(2) else 1 for d in x.type.shape)[int(b.rng.integers(2)) :]
    shape = shape if b.rng.integers(3) else ()
    other = b.new(f"factor{b.count}", shape)
    names = ["broadcast_add", "broadcast_mul", "broadcast_sub"] + ([] if b.smooth else ["broadcast_maximum"])
    b.grow(str(b.rng.choice(names)), *((x, other) if b.rng.integers(2) else (other, x)))


def add_unary(b: Builder, x: Entry) -> None:
    names = ["sigmoid", "tanh", "sin", "identity"] + ([] if b.smooth else ["relu", "abs"])
    b.grow(str(b.rng.choice(names)), x)


def add_scalar(b: Builder, x: Entry) -> None:
    name = str(b.rng.choice(["plus_scalar", "rminus_scalar", "mul_scalar", "maximum_scalar"][: 3 if b.smooth else 4]))
    b.grow(name, x, scalar=float(b.rng.uniform(-1, 1)))


def add_clip(b: Builder, x: Entry) -> None:
    if not b.smooth:
        b.grow("clip", x, a_min=-1.0, a_max=1.5)


def add_slices(b: Builder, x: Entry) -> None:
    parts = [k for k in (2, 3, 4) if x.type.shape[1] % k == 0]
    if parts:
        b.grow("slice_channel", x, num_outputs=int(b.rng.choice(parts)))


def add_slice(b: Builder, x: Entry) -> None:
    axis = int(b.rng.integers(1, len(x.type.shape)))
    size = x.type.shape[axis]
    begin = int(b.rng.integers(0, size))
    b.grow("slice_axis", x, axis=axis, begin=begin, end=int(b.rng.integers(begin, size)) + 1)


def add_concat(b: Builder, x: Entry) -> None:
    rest = x.type.shape[:1] + x.type.shape[2:]
    others = [b.pick(lambda e: len(e.type.shape) > 1 and e.type.shape[:1] + e.type.shape[2:] == rest) for _ in range(2)]
    b.grow("concat", x, *others, num_args=3, dim=1)


def add_transpose(b: Builder, x: Entry) -> None:
    if image(x):
        b.grow("transpose", x, axes=(0, *(int(k) for k in 1 + b.rng.permutation(3))))


def add_normalised(b: Builder, x: Entry) -> None:
    b.grow(str(b.rng.choice(["softmax", "log_softmax"])), x, axis=int(b.rng.integers(1, len(x.type.shape))))


def add_reduced(b: Builder, x: Entry) -> None:
    if image(x):
        b.grow(str(b.rng.choice(["sum", "mean"])), x, axis=(2, 3), keepdims=bool(b.rng.integers(2)))


def add_view(b: Builder, x: Entry) -> None:
    if not b.rng.integers(3):
        b.grow("flatten", x)
        return
    b.count += 1
    shape = x.type.shape
    turned = (shape[0], *shape[:0:-1]) if image(x) else (shape[0], shape[1], 1, 1)
    b.pool.append(reshaped(f"reshaped{b.count}", x, turned))


ADDITIONS = (
    add_convolution, add_convolution, add_pooling, add_batch_norm, add_activation, add_fully_connected, add_sum,
    add_binary, add_binary, add_broadcast, add_unary, add_scalar, add_clip, add_slices, add_view,
    add_concat, add_transpose, add_normalised, add_reduced, add_slice,
)  # fmt: skip


@dataclass(frozen=True)
class Net:
    """A random net.

    Args:
        heads: its outputs: loss heads, and perhaps others.
        wrt: parameters that the gradient is asked for.
        variables: all it may read, types complete.
    """

    heads: tuple[Entry, ...]
    wrt: tuple[str, ...]
    variables: tuple[Node, ...]


def random_net(seed: int, dtype: str = "float64", size: int = 24, smooth: bool = False) -> Net:
    """A random net of about `size` operators, some of them unused, with one to three losses."""
    rng = np.random.default_rng([seed, size])
    b = Builder(rng, dtype, smooth)
    b.pool.append(b.new("data", (int(rng.integers(2, 4)), 4, *(int(k) for k in rng.integers(4, 8, 2))), "input"))
    b.pool.append(b.new("side", (b.pool[0].type.shape[0], 6), "input"))
    while b.count < size:
        x = b.pick(lambda e: len(e.type.shape) > 1 and e.type.size < 2000)
        ADDITIONS[int(rng.integers(len(ADDITIONS)))](b, x)
    heads = []
    for _ in range(int(rng.integers(1, 4))):
        x = b.make("fully_connected", b.pick(lambda e: e.type.shape[0] > 1), num_hidden=3)[0]
        heads.append(b.make("softmax_output", x, grad_scale=float(rng.uniform(0.5, 2)))[0])
    if rng.integers(2):
        heads.append(b.pick())
    wrt = tuple(v.name for v in b.variables if v.kind == "parameter" and rng.integers(8))
    return Net(tuple(heads), wrt, tuple(b.variables))


def random_values(net: Net, seed: int) -> Values:
    """Values for every variable of a net."""
    rng = np.random.default_rng([seed, 99])
    found = {}
    for v in net.variables:
        x = rng.standard_normal(v.types[0].shape) * (1.0 if v.kind == "input" else 0.5)
        if v.name.endswith("label"):
            x = rng.integers(0, 3, v.types[0].shape)
        if v.name.endswith("var"):
            x = np.abs(x) + 0.5
        found[v.name] = np.array(x, numpy_dtype(v.types[0].dtype), order="C")
    found[LOSS_SCALE] = np.array(8, np.float32)
    found["lr"] = np.array(0.1, numpy_dtype(net.heads[0].type.dtype))
    return found


def training_graph(net: Net, options: Options) -> tuple[Graph, dict[int, str]]:
    """Forward, gradients, and an update rule for every other parameter; gradients' outputs by number."""
    g, grads = for_training(Graph(net.heads).check(), list(net.wrt), vocabulary=ops.vocabulary(), options=options)
    first = len(g.outputs) - len(grads)
    lr = variable("lr", TensorType((), net.heads[0].type.dtype), "state")
    updates = list(g.updates)
    for name, dy in list(grads.items())[::2]:
        w = Entry(g.variables[name])
        step = apply_node(ops.get("broadcast_mul"), f"{name}_step", (dy, lr), ops.get("broadcast_mul").params())[0]
        new = apply_node(ops.get("elemwise_sub"), f"{name}_next", (w, step), ops.get("elemwise_sub").params())[0]
        updates.append(Update(w.node, new))
    return replace(g, updates=tuple(updates)).check(), {first + i: f"grad:{n}" for i, n in enumerate(grads)}


def compiled_net(net: Net, device: Device, options: Options) -> Compiled:
    """A net's training graph with kernels and memory."""
    g, fixed = training_graph(net, options)
    return compile_graph(g, device, vocabulary=ops.vocabulary(), options=options, fixed=fixed)


@dataclass
class Session:
    """A plan with storage of its own, and the count of changes."""

    plan: Plan
    arrays: Values
    device: Device
    version: int = 0

    def run(self, inputs: Mapping[str, np.ndarray]) -> Values:
        """All that a run leaves behind: outputs, losses, and every stored array."""
        for name, a in self.plan.inputs.items():
            self.device.put(a, inputs[name])
        self.plan.run()
        self.version += 1
        fetch = self.device.fetch
        left = {f"output{i}": np.array(fetch(a)) for i, a in enumerate(self.plan.outputs)}
        left |= {f"loss {k}": np.array(fetch(a)) for k, a in self.plan.losses.items()}
        return left | {k: fetch(a).copy() for k, a in self.arrays.items()}


def start(compiled: Compiled, device: Device, values: Values, fill: int = 0) -> Session:
    """A session on copies of these values.

    Args:
        fill: what every byte of the planned memory is before the first run.
    """
    arrays = {k: _stored(device, a) for k, a in values.items()}
    names = {p.name for p in compiled.memory.places.values() if p.space == "variable"}
    names |= {name for _, name in compiled.memory.copies}
    for name in names:
        if name.startswith("grad:"):
            arrays[name] = _stored(device, np.zeros_like(values[name[5:]]))
    session = Session.__new__(Session)
    session.arrays, session.device, session.version = arrays, device, 0
    block, packs = Block(device, compiled.memory.block), Block(device, compiled.memory.persistent)
    for memory in (block, packs):
        device.put(memory.buffer, fill)
    session.plan = bind(compiled, device, arrays.__getitem__, block=block, packs=packs, version=lambda: session.version)
    return session


def _stored(device: Device, values: np.ndarray) -> Any:
    """A copy on the device."""
    a = view(device.empty(max(values.nbytes, 1)), TensorType(values.shape, values.dtype.name))
    device.put(a, values)
    return a
