from __future__ import annotations

import json

import pytest

from mxtrain import ops
from mxtrain import symbol as sym
from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.types import TensorType
from mxtrain.graph import topological
from mxtrain.passes import Options, infer_types
from mxtrain.report.summary import Layer, Memory, Summary, fallbacks, sizes, summarise_layers
from mxtrain.symbol.compose import settled
from mxtrain.train.program import compile_training

BATCH = 4


def net():
    """A convolution with batch norm and relu, and a layer on top of it, as heads."""
    x = sym.variable("data")
    x = sym.convolution(x, num_filter=2, kernel=3, no_bias=True, name="conv")
    x = sym.batch_norm(x, name="bn")
    x = sym.activation(x, act_type="relu", name="act")
    x = sym.fully_connected(sym.flatten(x, name="flat"), num_hidden=3, name="fc")
    return settled(sym.softmax_output(x, name="softmax").entries)


def compiled(device=REFERENCE):
    heads = net()
    types = {"data": TensorType((BATCH, 1, 6, 6)), "softmax_label": TensorType((BATCH,))}
    g = infer_types(heads, types)
    wrt = [n.name for n in topological(heads) if n.op is None and n.kind == "parameter"]
    return g, compile_training(heads, wrt, types, device, Options())


def test_each_layer_once_in_order():
    layers = summarise_layers(*compiled())
    assert [(x.name, x.op, x.shape, x.parameters) for x in layers] == [
        ("conv", "convolution", (4, 2, 4, 4), 18),
        ("bn", "batch_norm", (4, 2, 4, 4), 4),
        ("act", "activation", (4, 2, 4, 4), 0),
        ("flat", "flatten", (4, 32), 0),
        ("fc", "fully_connected", (4, 3), 99),
        ("softmax", "softmax_output", (4, 3), 0),
    ]


def test_operations_of_the_whole_batch():
    flops = {x.name: x.flops for x in summarise_layers(*compiled())}
    assert flops["conv"] == 2 * BATCH * 2 * 4 * 4 * 9
    assert flops["fc"] in (2 * BATCH * 32 * 3, 2 * BATCH * 32 * 3 + BATCH * 3)
    assert flops["act"] == BATCH * 2 * 4 * 4


def test_shared_parameters_count_once():
    x, w = sym.variable("data"), sym.variable("shared_weight", shape=(4, 4))
    for name in ("a", "b"):
        x = sym.fully_connected(x, weight=w, num_hidden=4, no_bias=True, name=name)
    heads = settled(sym.softmax_output(x, name="out").entries)
    types = {"data": TensorType((2, 4)), "out_label": TensorType((2,))}
    g = infer_types(heads, types)
    c = compile_training(heads, ["shared_weight"], types, REFERENCE, Options())
    assert [x.parameters for x in summarise_layers(g, c)] == [16, 0, 0]


def test_absorbed_layers_say_where_they_went():
    kernels = {x.name: x.kernel for x in summarise_layers(*compiled())}
    assert kernels["act"].startswith("in ") or kernels["bn"].startswith("in ")
    assert all(kernels.values())


def test_what_falls_back_to_the_reference():
    g, reference = compiled()
    assert fallbacks(reference)["convolution"] == 1
    if onednn.available():
        assert "convolution" not in fallbacks(compiled(Device(threads=1))[1])


def test_sizes():
    g, _ = compiled()
    assert sizes(g, "parameter") == 18 + 4 + 99 and sizes(g, "auxiliary") == 4


def test_as_plain_data():
    layer = Layer("fc", "fully_connected", (4, 3), 99, 768, "onednn", "net.yaml:3:5")
    summary = Summary((layer,), (Memory("both", 10, 5, 3),), 99, 0, 396, 4, {"softmax": 1})
    data = json.loads(json.dumps(summary.to_json()))
    assert data["layers"][0]["shape"] == [4, 3] and data["memory"][0]["training"] == 10
    assert data["fallbacks"] == {"softmax": 1} and data["batch"] == 4


@pytest.mark.parametrize("name", ["convolution", "fully_connected", "deconvolution", "dot", "batch_dot"])
def test_heavy_operators_declare_their_operations(name):
    assert ops.get(name).flops is not None


def test_both_gradients_of_a_layer_cost_as_much_as_its_forward():
    x = sym.convolution(sym.variable("data"), num_filter=4, kernel=3, stride=2, num_group=2, name="conv")
    x = sym.deconvolution(x, num_filter=2, kernel=3, name="up")
    x = sym.fully_connected(sym.flatten(x), num_hidden=3, name="fc")
    heads = settled(sym.softmax_output(x, name="softmax").entries)
    types = {"data": TensorType((BATCH, 2, 9, 9)), "softmax_label": TensorType((BATCH,))}
    wrt = [n.name for n in topological(heads) if n.op is None and n.kind == "parameter"]
    training = compile_training(heads, wrt, types, REFERENCE, Options(fuse=False))
    flops = {n.name: n.op.flops(n) for n in training.recipes if n.op.flops}
    assert flops["conv"] == 2 * BATCH * 4 * 4 * 4 * 9 and flops["fc"] == 2 * BATCH * 3 * 2 * 6 * 6
    assert flops["up"] == 2 * BATCH * 4 * 4 * 4 * 2 * 9
    for name in ("conv", "up", "fc"):
        assert flops[f"{name}_backward_weights"] == flops[name]
    for name in ("up", "fc"):
        assert flops[f"{name}_backward_data"] == flops[name]


@pytest.mark.parametrize("name", ["dot", "batch_dot"])
def test_products_of_matrices(name):
    a, b = sym.variable("a"), sym.variable("b")
    g = getattr(sym, name)(a, b, transpose_a=True).typed(a=(3, 5, 4)[name == "dot" :], b=(3, 5, 6)[name == "dot" :])
    node = g.outputs[0].node
    assert node.op.flops(node) == 2 * 4 * 5 * 6 * (3 if name == "batch_dot" else 1)
