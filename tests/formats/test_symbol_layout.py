from __future__ import annotations

import json

import numpy as np
import pytest

from mxtrain.symbol.symbol import load

KERNEL = {"kernel": "(3, 2)", "stride": "(2, 1)", "num_filter": "4"}
LAYERS = {
    "convolution": ("Convolution", {**KERNEL, "pad": "(1, 0)", "num_group": "2"}, ("weight", "bias")),
    "deconvolution": ("Deconvolution", {**KERNEL, "no_bias": "False"}, ("weight", "bias")),
    "pooling": ("Pooling", {"kernel": "(2, 2)", "pool_type": "avg"}, ()),
    "global": ("Pooling", {"global_pool": "True", "kernel": "(1, 1)"}, ()),
}


def net(folder, op, attrs, inputs):
    """One layer, as a file."""
    nodes = [{"op": "null", "name": n, "inputs": []} for n in ("data", *(f"y_{i}" for i in inputs))]
    links = [[i, 0, 0] for i in range(len(nodes))]
    nodes.append({"op": op, "name": "y", "attrs": attrs, "inputs": links})
    file = {"nodes": nodes, "arg_nodes": list(range(len(links))), "heads": [[len(links), 0, 0]],
            "attrs": {"mxnet_version": ["int", 10901]}}  # fmt: skip
    path = folder / "net-symbol.json"
    path.write_text(json.dumps(file))
    return load(path)


def last(a):
    return np.moveaxis(a, 1, -1)


@pytest.mark.parametrize("layer", LAYERS)
def test_channels_last_is_the_same_with_other_axes(layer, tmp_path, rng):
    op, attrs, inputs = LAYERS[layer]
    first, other = net(tmp_path, op, attrs, inputs), net(tmp_path, op, {**attrs, "layout": "NHWC"}, inputs)
    other.save(tmp_path / "again-symbol.json")
    data = rng.standard_normal((2, 4, 5, 6)).astype(np.float32)
    run = first.bind(data=data.shape)
    for again in (other, load(tmp_path / "again-symbol.json")):
        turned = again.bind(data=last(data).shape)
        assert list(turned.arg_dict) == list(run.arg_dict)
        for n, a in run.arg_dict.items():
            a[...] = data if n == "data" else rng.standard_normal(a.shape)
            turned.arg_dict[n][...] = a if n == "y_bias" else last(a)
        y = run.forward(is_train=True)[0]
        np.testing.assert_allclose(turned.forward(is_train=True)[0], last(y), rtol=1e-5, atol=1e-5)
        dy = rng.standard_normal(y.shape).astype(np.float32)
        run.backward([dy])
        turned.backward([np.ascontiguousarray(last(dy))])
        for n, g in run.grad_dict.items():
            wanted = g if n == "y_bias" else last(g)
            np.testing.assert_allclose(turned.grad_dict[n], wanted, rtol=1e-4, atol=1e-4, err_msg=n)


def test_layers_keep_their_names(tmp_path):
    op, attrs, inputs = LAYERS["convolution"]
    symbol = net(tmp_path, op, {**attrs, "layout": "NHWC"}, inputs)
    assert symbol.entries[0].node.name == "y"
    assert symbol.kinds() == {"data": "input", "y_weight": "parameter", "y_bias": "parameter"}
