"""An operator's cases on a device: its kernels there against the reference in float64, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mxtrain import ops
from mxtrain.base.bfloat16 import narrow, widen
from mxtrain.base.device import Device
from mxtrain.base.types import view
from mxtrain.executor import Plan, bind
from mxtrain.graph import Graph, Op
from mxtrain.passes import compile_graph
from tests.contract.operators import PLAIN_OPTIONS, Case, build, differentiable, evaluate, gradients, sample

TOLERANCE = {"float32": 2e-5, "bfloat16": 2e-2, "float16": 3e-3}


def planned(g: Graph, device: Device, values: Mapping[str, np.ndarray], dtype: str, fuse: bool = False) -> Plan:
    """The graph bound on the device, with these values in its variables."""
    options = replace(PLAIN_OPTIONS, precision=dtype, fuse=fuse)
    compiled = compile_graph(g, device, vocabulary=ops.vocabulary(), options=options)
    arrays = {}
    for n in g.nodes:
        if n.op is None and n.name in values:
            arrays[n.name] = view(device.zeros(max(n.types[0].nbytes, 1)), n.types[0])
            device.put(arrays[n.name], values[n.name].astype(n.types[0].dtype))
    plan = bind(compiled, device, arrays.__getitem__)
    for name, a in plan.inputs.items():
        device.put(a, values[name].astype(a.dtype))
    return plan


def results(plan: Plan, device: Device) -> list[np.ndarray]:
    """Its outputs as float64."""
    got = []
    for a, e in zip(plan.outputs, plan.compiled.graph.outputs, strict=True):
        host = device.fetch(a)
        got.append(np.array(widen(host) if e.type.dtype == "bfloat16" else host, np.float64))
    return got


def rounded(v: np.ndarray, dtype: str) -> np.ndarray:
    """The values as the dtype holds them."""
    single = v.astype(np.float32)
    if dtype == "float16":
        single = single.astype(np.float16)
    return (widen(narrow(single)) if dtype == "bfloat16" else single).astype(np.float64)


def check_on(device: Device, name: str | Op, case: Case, rng: np.random.Generator, dtype: str = "float32") -> list[str]:
    """The contract of a fast kernel on a device; the kernels that ran."""
    node, exact = build(name, case, "float32"), build(name, case, "float64")
    values = {
        n: rounded(sample(case, n, e.type.shape, rng), dtype)
        for n, e in zip(node.input_names, node.inputs, strict=True)
    }
    visible = node.op.visible_outputs(node.params)
    plan = planned(Graph(tuple(node[i] for i in range(visible))), device, values, dtype)
    plan.run()
    want, _ = evaluate(Graph(tuple(exact[i] for i in range(visible))), values)
    close(results(plan, device), want, dtype, case.tolerance)
    kernels = [s.kernel for s in plan.steps]
    if node.op.gradient is None:
        return kernels
    dys = [rounded(rng.standard_normal(node.types[i].shape), dtype) for i in range(visible)]
    wrt = differentiable(node, case)
    g, found, more = gradients(node, wrt, dys)
    if found:
        plan = planned(g, device, {**values, **more}, dtype)
        plan.run()
        full, _, _ = gradients(exact, wrt, dys)
        want, _ = evaluate(full, {**values, **more})
        close(results(plan, device), want, dtype, case.tolerance)
        kernels += [s.kernel for s in plan.steps]
    return kernels


def close(got: list[np.ndarray], want: list[np.ndarray], dtype: str, factor: float = 1.0) -> None:
    """Equal within the dtype's tolerance, as part of the largest value."""
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        scale = max(float(np.abs(b).max(initial=0)), 1e-3)
        error = float(np.abs(a - b).max(initial=0)) / scale
        assert error <= TOLERANCE[dtype] * factor, f"{dtype}: output {i} differs by {error:.2e} of its largest"
