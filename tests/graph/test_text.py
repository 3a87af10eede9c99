from __future__ import annotations

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, Update, apply, graph_text, variable
from mxtrain.graph.text import params_text


def test_a_whole_graph():
    x, w = variable("x", TensorType((2, 4))), variable("w", TensorType((2, 2)), "parameter")
    cut = apply(ops.get("slice_channel"), "cut", x, num_outputs=2).node
    y = apply(ops.get("elemwise_mul"), "y", cut[1], w)
    text = graph_text(Graph((y, cut[0]), (Update(w.node, y),), (("head", y),)))
    assert text == (
        "x: input (2, 4) float32\n"
        "cut = slice_channel(x | num_outputs=2) -> (2, 2) float32; (2, 2) float32\n"
        "w: parameter (2, 2) float32\n"
        "y = elemwise_mul(cut.output1, w) -> (2, 2) float32\n"
        "output y\n"
        "output cut\n"
        "loss head: y\n"
        "update w <- y\n"
    )


def test_only_params_that_are_not_their_defaults():
    op = ops.get("convolution")
    assert params_text(op.params(kernel=3, num_filter=4)) == "num_filter=4, kernel=(3, 3)"
    assert params_text(op.params(kernel=3, num_filter=4, no_bias=True, stride=1)).endswith(
        "stride=(1, 1), no_bias=True"
    )
    assert params_text(None) == params_text(ops.get("tanh").params()) == ""
