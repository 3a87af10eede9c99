from __future__ import annotations

from mxtrain.base.types import CHANNELS_LAST, PLAIN
from mxtrain.graph import Graph, Update
from mxtrain.passes.layout import set_layouts


def layouts(g):
    return {n.name: n.types[0].layout.name for n in g.nodes}


def conv(op, var, x, name):
    w = var(f"{name}_w", (4, x.type.shape[1], 3, 3))
    return op("convolution", x, w, kernel=3, pad=1, num_filter=4, no_bias=True, name=name)


def test_spatial_operators_take_pointwise_ones_along_and_flat_inputs_stay(op, var, vocabulary):
    x = var("x", (2, 3, 8, 8), "input")
    y = op("flatten", conv(op, var, op("tanh", conv(op, var, x, "c1"), name="t"), "c2"), name="flat")
    g = set_layouts(Graph((y,)), vocabulary=vocabulary).check()
    found = layouts(g)
    assert {found[k] for k in ("x", "c1", "t", "c2")} == {"channels_last"}
    assert {found[k] for k in ("c1_w", "c2_w", "flat")} == {"plain"}
    reorders = [n for n in g.nodes if n.op is vocabulary.reorder]
    assert len(reorders) == 1 and reorders[0].types[0].layout == PLAIN


def test_an_input_that_others_read_too_stays_plain_and_is_reordered_once(op, var, vocabulary):
    x = var("x", (2, 3, 8, 8), "input")
    heads = (conv(op, var, x, "c1"), conv(op, var, x, "c2"), op("flatten", x, name="flat"))
    g = set_layouts(Graph(heads), vocabulary=vocabulary).check()
    assert g.variables["x"].types[0].layout == PLAIN
    assert len([n for n in g.nodes if n.op is vocabulary.reorder]) == 1


def test_an_input_that_is_an_output_too_stays_plain(op, var, vocabulary):
    x = var("x", (2, 3, 8, 8), "input")
    g = set_layouts(Graph((conv(op, var, x, "c"), x)), vocabulary=vocabulary).check()
    assert g.outputs[1].type.layout == PLAIN


def test_parameters_and_updates_keep_theirs(op, var, vocabulary):
    x = var("x", (2, 3, 8, 8), "input")
    y, state = conv(op, var, x, "c"), var("s", (2, 4, 8, 8), "state")
    g = set_layouts(Graph((y,), (Update(state.node, y),)), vocabulary=vocabulary).check()
    assert g.updates[0].value.type.layout == g.updates[0].variable.types[0].layout == PLAIN
    assert g.outputs[0].type.layout == CHANNELS_LAST


def test_a_pointwise_operator_over_other_ranks_is_plain(op, var, vocabulary):
    h = conv(op, var, var("x", (2, 3, 8, 8), "input"), "c")
    y = op("broadcast_add", h, var("b", (4, 1, 1)), name="y")
    same_rank = op("broadcast_add", h, var("b4", (1, 4, 1, 1)), name="z")
    scaled = op("broadcast_mul", h, var("s", ()), name="scaled")
    found = layouts(set_layouts(Graph((y, same_rank, scaled)), vocabulary=vocabulary).check())
    assert (found["y"], found["z"], found["scaled"]) == ("plain", "channels_last", "channels_last")


def test_what_has_no_spatial_axes_is_untouched(op, var, vocabulary):
    y = op("fully_connected", var("x", (4, 3), "input"), var("w", (5, 3)), num_hidden=5, no_bias=True)
    g = set_layouts(Graph((y,)), vocabulary=vocabulary)
    assert set(layouts(g).values()) == {"plain"} and not [n for n in g.nodes if n.op is vocabulary.reorder]
