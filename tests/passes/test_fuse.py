from __future__ import annotations

import pytest

from mxtrain.graph import Graph, Node, Op, apply_node
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


def take(node, reader, training):
    """`node`, in place of it and its reader."""
    return Node(node.op, reader.name, node.inputs, node.params, node.types)


GREEDY = Op("greedy", lambda p, ins, outs: (ins, [ins[0]] * 2), outputs=("output", "hidden"), absorb=take)


@pytest.fixture
def greedy(var):
    """A node that absorbs whatever reads it."""

    def make(name, x, source=""):
        return apply_node(GREEDY, name, (x,), GREEDY.params(), source=source)

    return make


def test_all_of_a_row_is_absorbed(greedy, var):
    x = var("x")
    for name in "abcd":
        x = greedy(name, x)[0]
    g = fuse_structures(Graph((x,)), training=True).check()
    assert [(n.name, n.origins) for n in g.nodes if n.op] == [("d", ("a", "b", "c", "d"))]


def test_nothing_is_absorbed_where_another_output_is_read(greedy, op, var):
    a = greedy("a", var("x"))
    b = greedy("b", a[0])
    assert len(fuse_structures(Graph((b[0],)), training=True).nodes) == 2
    for heads in ((op("tanh", a[1]),), (b[0], a[1]), (b[0], b[1])):
        g = Graph(heads)
        assert fuse_structures(g, training=True).nodes == g.nodes


def test_what_is_merged_stands_where_its_reader_was_written_or_else_where_it_was(greedy, var):
    for first, second, expected in (("f:1", "f:2", "f:2"), ("f:1", "", "f:1")):
        b = greedy("b", greedy("a", var("x"), first)[0], second)
        (merged,) = (n for n in fuse_structures(Graph((b[0],)), training=True).nodes if n.op)
        assert merged.source == expected
