"""Compiled graphs of two small nets on reference kernels, so that a pass that changes shows as a diff."""

from __future__ import annotations

import re

import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.graph import apply, graph_text, variable
from mxtrain.passes import Options, compile_graph, for_prediction, for_training, infer_types


def layer(name, x, **params):
    """An operator over x and new variables named after it, as the net builder makes them."""
    op_name = name.partition(":")[0]
    op = ops.get(op_name)
    label = name.replace(":", "")
    rest = op.input_names(op.params(**params))[1:]
    kinds = {n: "auxiliary" if n in op.auxiliary else "input" if n == "label" else "parameter" for n in rest}
    return apply(op, label, x, *(variable(f"{label}_{n}", kind=k) for n, k in kinds.items()), **params)


def mlp():
    x = layer("fully_connected:1", variable("data"), num_hidden=16)
    x = layer("fully_connected:2", layer("activation:1", x, act_type="relu"), num_hidden=10)
    return layer("softmax_output:1", x), (8, 20)


def conv_bn():
    x = layer("convolution:1", variable("data"), kernel=3, num_filter=8, pad=1)
    x = layer("activation:1", layer("batch_norm:1", x, fix_gamma=False), act_type="relu")
    y = layer("convolution:2", x, kernel=3, num_filter=8, pad=1, no_bias=True)
    x = apply(ops.get("elemwise_add"), "residual", layer("batch_norm:2", y), x)
    x = layer("pooling:1", layer("activation:2", x, act_type="tanh"), kernel=2, stride=2)
    x = layer("fully_connected:1", layer("flatten:1", x), num_hidden=10)
    return layer("softmax_output:1", x), (4, 3, 8, 8)


def parameters(g):
    return [n.name for n in g.nodes if n.kind == "parameter"]


def text_of(compiled):
    """The graph, what is kept between runs, and the sizes; programs as their operators' names."""
    memory = compiled.memory
    lines = [re.sub(r"program=\(.*\), results", "program=..., results", graph_text(compiled.graph))]
    for n in compiled.graph.nodes:
        if n.op is ops.vocabulary().chain:
            steps = ", ".join(f"{i.op.name}{i.args}" for i in n.params.program)
            lines.append(f"program of {n.name}: {steps}\n")
    lines.append(f"once: {', '.join(n.name for n in memory.pack) or '-'}\n")
    lines.append(f"copies: {', '.join(name for _, name in memory.copies) or '-'}\n")
    lines.append(f"block {memory.block} bytes, persistent {memory.persistent} bytes\n")
    return "".join(lines)


@pytest.mark.parametrize("net", [mlp, conv_bn], ids=lambda f: f.__name__)
@pytest.mark.parametrize("use", ["training", "prediction"])
def test_compiled_graph(net, use, golden):
    head, shape = net()
    options, vocabulary = Options(), ops.vocabulary()
    g = infer_types([head], {"data": TensorType(shape)})
    fixed = {}
    if use == "training":
        g, grads = for_training(g, parameters(g), vocabulary=vocabulary, options=options)
        fixed = {len(g.outputs) - len(grads) + i: f"grad:{name}" for i, name in enumerate(grads)}
    else:
        g = for_prediction(g, options=options)
    compiled = compile_graph(g, REFERENCE, vocabulary=vocabulary, options=options, fixed=fixed)
    golden(f"{net.__name__}-{use}", text_of(compiled))
