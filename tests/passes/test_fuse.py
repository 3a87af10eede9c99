from __future__ import annotations

import pytest

from mxtrain.graph import Graph
from mxtrain.passes.fuse import fuse_structures


@pytest.fixture
def conv(op, var):
    def make(x, name="conv"):
        w = var(f"{name}_w", (4, x.type.shape[1], 3, 3))
        return op("convolution", x, w, kernel=3, num_filter=4, no_bias=True, name=name)

    return make


@pytest.fixture
def image(var):
    return var("x", (2, 3, 8, 8), "input")


def operators(g):
    return [n.op.name for n in g.nodes if n.op]


def test_an_activation_is_absorbed_by_its_producer(op, conv, image):
    g = fuse_structures(Graph((op("activation", conv(image), act_type="relu", name="act"),)), training=True).check()
    assert operators(g) == ["convolution"]
    assert g.outputs[0].node.name == "act" and g.outputs[0].node.origins == ("conv", "act")


def test_what_others_read_is_kept(op, conv, image):
    h = conv(image)
    act = op("relu", h)
    for heads in ((act, h), (op("elemwise_add", act, h),)):
        assert operators(fuse_structures(Graph(heads), training=True))[:2] == ["convolution", "relu"]


def test_an_activation_that_it_cannot_compute_stays(op, conv, image):
    g = fuse_structures(Graph((op("activation", conv(image), act_type="softsign"),)), training=True)
    assert operators(g) == ["convolution", "activation"]


def test_normalisation_with_activation_in_training_and_into_the_weights_outside(op, var, conv, image):
    statistics = [var(n, (4,), k) for n, k in zip("gbmv", ("parameter",) * 2 + ("auxiliary",) * 2, strict=True)]
    y = op("relu", op("batch_norm", conv(image), *statistics, name="bn"), name="act")
    g = fuse_structures(Graph((y,)), training=True).check()
    assert operators(g) == ["convolution", "batch_norm"]
    assert g.outputs[0].node.origins == ("bn", "act")


def test_nothing_to_fuse_is_no_change(op, image):
    g = Graph((op("tanh", image),))
    assert fuse_structures(g, training=False).nodes == g.nodes
