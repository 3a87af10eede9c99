from __future__ import annotations

import dataclasses

import pytest

from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import Layout
from mxtrain.graph import Graph, Node, Recipe
from mxtrain.passes.select import select_kernels

FIRST = Device(kernels=("first", "second", "reference"))
PACKED = Layout("strange", "key", 48)


def with_kernels(e, **kernels):
    """The node with these kernels."""
    return dataclasses.replace(e.node, op=dataclasses.replace(e.node.op, kernels=kernels))[0]


def recipe(name, **more):
    return lambda node, device: Recipe(lambda ins, outs, scratch: None, name, **more)


def nothing(node, device):
    return None


def copying(node, device):
    return Recipe(lambda ins, outs, scratch: None, "copy")


@pytest.fixture
def reorders(vocabulary):
    """The vocabulary with a reorder that accepts any layout."""
    return dataclasses.replace(vocabulary, reorder=dataclasses.replace(vocabulary.reorder, kernels={"first": copying}))


def test_the_first_kernel_set_that_takes_a_node_has_it(op, var, vocabulary):
    y = with_kernels(op("tanh", var("x")), second=recipe("b"), first=nothing, reference=recipe("c"))
    selected = select_kernels(Graph((y,)), FIRST, vocabulary=vocabulary)
    assert [r.name for r in selected.recipes.values()] == ["b"]
    selected = select_kernels(Graph((y,)), REFERENCE, vocabulary=vocabulary)
    assert [r.name for r in selected.recipes.values()] == ["c"]


def test_no_kernel_is_an_error_that_names_node_sets_and_device(op, var, vocabulary):
    y = with_kernels(op("tanh", var("x"), name="t"), first=nothing)
    with pytest.raises(BackendUnavailable, match=r"tanh 't': no kernel of first, second, reference computes it on cpu"):
        select_kernels(Graph((y,)), FIRST, vocabulary=vocabulary)


def test_a_layout_that_two_kernels_want_is_made_once(op, var, reorders):
    x = var("x")
    heads = tuple(with_kernels(op("tanh", x), first=recipe("f", takes={0: PACKED})) for _ in range(2))
    g = select_kernels(Graph(heads), FIRST, vocabulary=reorders).graph
    packs = [n for n in g.nodes if n.op is reorders.reorder]
    assert len(packs) == 1 and packs[0].types[0].layout == PACKED
    assert {n.inputs[0].node for n in g.nodes if n.op and n.name.startswith("tanh")} == {packs[0]}


def test_a_pack_of_a_cast_packs_what_the_cast_read(op, var, reorders):
    x = var("w")
    cast = Node(reorders.reorder, "cast", (x,), reorders.reorder.params(), (x.type._replace(dtype="bfloat16"),))
    wide, narrow = (with_kernels(op("tanh", e), first=recipe("f", takes={0: PACKED})) for e in (x, cast[0]))
    g = select_kernels(Graph((wide, narrow)), FIRST, vocabulary=reorders).graph
    packs = [n for n in g.nodes if n.op is reorders.reorder]
    assert [(n.inputs, n.types[0].dtype) for n in packs] == [((x,), "float32"), ((x,), "bfloat16")]


def test_what_comes_in_a_strange_layout_is_made_plain_again(op, var, reorders):
    a = with_kernels(op("tanh", var("x")), first=recipe("f", gives={0: PACKED}))
    g = select_kernels(Graph((a,)), FIRST, vocabulary=reorders).graph
    out = g.outputs[0]
    assert out.node.op is reorders.reorder and out.type == a.type
    assert out.node.inputs[0].type.layout == PACKED


def test_a_workspace_keeps_its_own_format_and_size(op, var, vocabulary):
    names, kinds = ("gamma", "beta", "mean", "var"), ("parameter",) * 2 + ("auxiliary",) * 2
    y = op("batch_norm", var("x", (4, 3)), *(var(n, (3,), k) for n, k in zip(names, kinds, strict=True)))
    hidden = with_kernels(y, first=recipe("f", gives={3: Layout("workspace", "key", 96)}))
    node = select_kernels(Graph((hidden,)), FIRST, vocabulary=vocabulary).graph.outputs[0].node
    assert node.types[3].nbytes == 96 and node.types[3].shape == (96,)


def test_kernels_are_told_which_outputs_are_read(op, var, vocabulary):
    seen = []

    def look(node, device):
        seen.append(node.used)
        return Recipe(lambda ins, outs, scratch: None)

    cut = with_kernels(op("slice_channel", var("x"), num_outputs=3), first=look).node
    select_kernels(Graph((cut[0], cut[2])), FIRST, vocabulary=vocabulary)
    assert seen == [(True, False, True)]
