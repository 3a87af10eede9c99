"""What every operator must obey. A new operator gets all of it by listing CASES in its test file.

CASES = [Case({"data": (2, 3, 5, 5)}, {"kernel": 3, "num_filter": 4})]

@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("convolution", case, rng)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from mxtrain import ops
from mxtrain.backends import cuda
from mxtrain.base.bfloat16 import narrow, widen
from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.errors import BackendUnavailable, ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType, numpy_dtype, view
from mxtrain.executor import bind
from mxtrain.graph import Entry, Graph, Node, Op, apply_node, infer, variable
from mxtrain.passes import Options, compile_graph, gradient, with_losses
from mxtrain.passes.simplify import expand
from tests.backends.cuda.fake import fake_device

FAST = Device(kernels=("onednn", "reference"), threads=2)
PLAIN_OPTIONS = Options(fuse=False, cse=False, hoist=False)
GPU_DTYPES = ("float32", "bfloat16", "float16")
TOLERANCE = {"float32": 2e-5, "bfloat16": 2e-2, "float16": 4e-3}


@dataclass(frozen=True)
class Case:
    """One way to use an operator.

    Args:
        shapes: of the inputs that inference needs; the others are inferred.
        params: as a user writes them.
        make: for inputs that are no standard normals: ``{name: (rng, shape) -> array}``.
        fixed: inputs that have no gradient (labels, indices).
        kink: the function is not smooth where an input's element is one of these: inputs stay `margin` away.
        distinct: inputs have no equal elements in a window (max): values are spread out.
        fast: the fast kernels that must take the case (empty: it may fall back).
        dtypes: narrow dtypes in which fast kernels are compared with the reference.
        smooth: False if no numeric gradient exists (argmax, comparison): only what flows is checked.
        tolerance: factor on the tolerance of fast kernels, with its reason in `why`.
    """

    shapes: Mapping[str, tuple[int, ...]]
    params: Mapping[str, Any] = field(default_factory=dict)
    make: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    kink: tuple[float, ...] = ()
    distinct: bool = False
    fast: bool = False
    dtypes: tuple[str, ...] = ("float32",)
    smooth: bool = True
    tolerance: float = 1.0
    why: str = ""

    def __str__(self) -> str:
        shapes = ",".join("x".join(map(str, s)) or "scalar" for s in self.shapes.values())
        return f"{shapes}-{','.join(f'{k}={v}' for k, v in self.params.items())}".replace(" ", "")


def build(name: str | Op, case: Case, dtype: str) -> Node:
    """The typed node of the case."""
    op = name if isinstance(name, Op) else ops.get(name)
    p = op.params(**case.params)
    names = op.input_names(p)
    ins = [PartialType(case.shapes.get(n), dtype if n in case.shapes else None) for n in names]
    outs = [UNKNOWN] * len(op.output_names(p))
    for _ in range(3):
        ins, outs = infer(op, p, ins, outs, name)
    types = []
    for n, t in zip(names, ins, strict=True):
        assert t.known_shape is not None, f"input {n} of {name} is not inferred: {t}"
        types.append(TensorType(t.known_shape, t.dtype or dtype))
    kinds = ["auxiliary" if n in op.auxiliary else "parameter" for n in names]
    return apply_node(op, "node", [variable(n, t, k) for n, t, k in zip(names, types, kinds, strict=True)], p)


def sample(case: Case, name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """An input of the case, float64."""
    if name in case.make:
        return np.asarray(case.make[name](rng, shape), np.float64)
    if case.distinct:
        x = rng.permutation(int(np.prod(shape))).reshape(shape) * 0.05 - 1.0
    else:
        x = rng.standard_normal(shape)
    for k in case.kink:
        near = np.abs(x - k) < 0.05
        x = np.where(near, k + np.where(x < k, -0.05, 0.05) + (x - k), x)
    if name.endswith("var"):
        x = np.abs(x) + 0.5
    return x


def evaluate(
    g: Graph,
    values: Mapping[str, np.ndarray],
    device: Device = REFERENCE,
    precision: str = "float32",
    fuse: bool = False,
) -> tuple[list[np.ndarray], list[str]]:
    """Results of a graph on these inputs, as float64, and the kernels that ran."""
    options = replace(PLAIN_OPTIONS, precision=precision, fuse=fuse)
    compiled = compile_graph(expand(g), device, vocabulary=ops.vocabulary(), options=options)
    arrays = {}
    for n in g.nodes:
        if n.op is None and n.name in values:
            t = n.types[0]
            arrays[n.name] = view(device.empty(max(t.nbytes, 1)), t)
            device.put(arrays[n.name], np.asarray(values[n.name]).astype(numpy_dtype(t.dtype)))
    plan = bind(compiled, device, arrays.__getitem__)
    for n, a in plan.inputs.items():
        device.put(a, values[n])
    before = {k: device.fetch(a).copy() for k, a in arrays.items()}
    plan.run()
    changed = {u.variable.name for u in g.updates}
    for k, a in arrays.items():
        if k not in changed:
            np.testing.assert_array_equal(device.fetch(a), before[k], err_msg=f"a kernel wrote its input {k}")
    host = [device.fetch(a) for a in plan.outputs]
    outs = [np.array(widen(a) if e.type.dtype == "bfloat16" else a, dtype=np.float64)
            for a, e in zip(host, compiled.graph.outputs, strict=True)]  # fmt: skip
    return outs, [s.kernel for s in plan.steps]


def check_operator(name: str | Op, case: Case, rng: np.random.Generator) -> None:
    """All of the contract for one case."""
    node = build(name, case, "float64")
    names = node.input_names
    values = {n: sample(case, n, e.type.shape, rng) for n, e in zip(names, node.inputs, strict=True)}
    check_inference(node)
    check_params(node)
    visible = node.op.visible_outputs(node.params)
    outs, _ = evaluate(Graph(tuple(node[i] for i in range(visible))), values)
    for i, y in enumerate(outs):
        assert y.shape == node.types[i].shape, f"output {i}: inferred {node.types[i].shape}, got {y.shape}"
    if node.op.gradient is not None or node.op.expand is not None:
        check_gradient(node, case, values, rng)
    for dtype in case.dtypes:
        check_fast(name, case, values, FAST, dtype, rng)
    for dtype in GPU_DTYPES:
        check_fast(name, case, values, gpu(), dtype, rng)


@cache
def gpu() -> Device:
    """The GPU, or where there is none the fake one, whose kernels run on the host."""
    return cuda.make_device() if cuda.count() else fake_device()


def check_inference(node: Node) -> None:
    """Inference from complete types changes nothing, and a wrong input is refused with names."""
    ins = [PartialType(e.type.shape, e.type.dtype) for e in node.inputs]
    outs = [PartialType(t.shape, t.dtype) for t in node.types]
    again = infer(node.op, node.params, ins, outs, "again")
    assert list(again[0]) == ins and list(again[1]) == outs
    if node.inputs:
        broken = [PartialType((*ins[0].shape, 7, 7, 7, 7, 7, 7), ins[0].dtype), *ins[1:]]
        try:
            infer(node.op, node.params, broken, outs, f"{node.op.name} 'y'")
        except ShapeError as e:
            assert f"{node.op.name} 'y'" in str(e)
        else:
            raise AssertionError("an input with six axes too many was accepted")


def check_params(node: Node) -> None:
    """Declared parameters survive JSON, and unknown ones are refused."""
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(node.op.params)
    assert adapter.validate_python(json.loads(adapter.dump_json(node.params))) == node.params
    try:
        adapter.validate_python({**json.loads(adapter.dump_json(node.params)), "no_such_parameter": 1})
    except ValidationError:
        return
    raise AssertionError(f"{node.op.name} accepts unknown parameters")


def differentiable(node: Node, case: Case) -> list[str]:
    """Inputs that a gradient is asked for."""
    return [n for n in node.input_names if n not in case.fixed and n not in node.op.auxiliary]


def gradients(
    node: Node, wrt: list[str], dys: list[np.ndarray]
) -> tuple[Graph, dict[str, Entry], dict[str, np.ndarray]]:
    """The graph of the gradients of <dy, y> (of the loss, for a head)."""
    visible = node.op.visible_outputs(node.params)
    heads = expand(Graph(tuple(node[i] for i in range(visible)))).outputs
    seeds = {} if node.op.loss else {h: variable(f"dy{i}", h.type, "parameter") for i, h in enumerate(heads)}
    g, found = gradient(with_losses(Graph(heads)), wrt, vocabulary=ops.vocabulary(), seeds=seeds)
    return Graph(tuple(found.values())), found, {f"dy{i}": dy for i, dy in enumerate(dys)}


def check_gradient(node: Node, case: Case, values: Mapping[str, np.ndarray], rng: np.random.Generator) -> None:
    """The gradient against one random direction in float64: <dy, J v> == <J^T dy, v>."""
    wrt = differentiable(node, case)
    visible = node.op.visible_outputs(node.params)
    dys = [rng.standard_normal(node.types[i].shape) for i in range(visible)]
    g, found, more = gradients(node, wrt, dys)
    exact, _ = evaluate(g, {**values, **more}) if found else ([], [])
    for n, d in zip(found, exact, strict=True):
        assert d.shape == values[n].shape, f"gradient of {n} has the shape {d.shape}"
        assert np.isfinite(d).all(), f"gradient of {n} is not finite"
    if not case.smooth:
        return
    direction = {n: rng.standard_normal(values[n].shape) for n in found}

    def along(t: float) -> float:
        moved = {n: v + t * direction[n] if n in direction else v for n, v in values.items()}
        if node.op.loss:
            return float(evaluate(Graph((node.op.loss(node),)), moved)[0][0])
        ys, _ = evaluate(Graph(tuple(node[i] for i in range(visible))), moved)
        return float(sum((y * dy).sum() for y, dy in zip(ys, dys, strict=True)))

    eps = 1e-5
    numeric = (along(eps) - along(-eps)) / (2 * eps)
    total = sum((d * direction[n]).sum() for n, d in zip(found, exact, strict=True))
    size = sum(np.abs(d * direction[n]).sum() for n, d in zip(found, exact, strict=True)) + 1e-3
    assert abs(total - numeric) <= 2e-7 * size + 1e-8, f"gradient {total}, by differences {numeric}"
    missing = set(wrt) - set(found)
    for n in missing:
        moved = {**values, n: values[n] + 1e-3 * rng.standard_normal(values[n].shape)}
        base = evaluate(Graph((node[0],)), values)[0][0]
        np.testing.assert_array_equal(evaluate(Graph((node[0],)), moved)[0][0], base, err_msg=f"{n} has no gradient")


def check_fast(
    name: str | Op, case: Case, values: Mapping[str, np.ndarray], device: Device, dtype: str, rng: np.random.Generator
) -> None:
    """Every fast kernel against the reference in float64, forward and backward, alone and after fusion."""
    narrow_values = {n: rounded(v, dtype) for n, v in values.items()}
    node, exact = build(name, case, "float32"), build(name, case, "float64")
    visible = node.op.visible_outputs(node.params)
    got, kernels = evaluate(Graph(tuple(node[i] for i in range(visible))), narrow_values, device, dtype)
    want, _ = evaluate(Graph(tuple(exact[i] for i in range(visible))), narrow_values)
    _close(got, want, dtype, case, f"{name} forward in {dtype} on {device.name}")
    if case.fast and device is FAST:
        assert any(k.startswith("onednn") for k in kernels), f"{name} runs on {kernels}, not on a fast kernel"
    if node.op.gradient is None and node.op.expand is None:
        return
    dys = [rounded(rng.standard_normal(node.types[i].shape), dtype) for i in range(visible)]
    wrt = differentiable(node, case)
    g, found, more = gradients(node, wrt, dys)
    if found:
        full, _, _ = gradients(exact, wrt, dys)
        got, kernels = evaluate(g, {**narrow_values, **more}, device, dtype)
        want, _ = evaluate(full, {**narrow_values, **more})
        _close(got, want, dtype, case, f"{name} backward in {dtype} on {device.name}")


def rounded(v: np.ndarray, dtype: str) -> np.ndarray:
    single = v.astype(np.float16 if dtype == "float16" else np.float32)
    return (widen(narrow(single)) if dtype == "bfloat16" else single).astype(np.float64)


def _close(got: list[np.ndarray], want: list[np.ndarray], dtype: str, case: Case, what: str) -> None:
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        scale = max(float(np.abs(b).max(initial=0)), 1e-3)
        error = float(np.abs(a - b).max(initial=0)) / scale
        assert error <= TOLERANCE[dtype] * case.tolerance, f"{what}: output {i} differs by {error:.2e} of its largest"


__all__ = ["BackendUnavailable", "Case", "check_operator", "evaluate"]
