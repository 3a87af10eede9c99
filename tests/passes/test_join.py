from __future__ import annotations

from mxtrain.graph import Entry, Graph, Update
from mxtrain.ops._blend import BLEND, blend
from mxtrain.passes.join import join_updates


def averaged(var, name, size, keep=0.9):
    """An update of a moving average."""
    old = var(name, (size,), "auxiliary")
    return Update(old.node, blend(f"{name}_next", old, var(f"{name}_batch", (size,)), keep))


def test_updates_by_one_operator_with_the_same_params_become_one_node(var, op):
    updates = [averaged(var, "a", 3), averaged(var, "b", 5), averaged(var, "c", 4, 0.5), averaged(var, "d", 3)]
    other = Update(var("e", kind="state").node, op("tanh", var("x")))
    g = join_updates(Graph((), (*updates, other))).check()
    assert [u.variable.name for u in g.updates] == ["a", "b", "c", "d", "e"]
    joined = g.updates[0].value.node
    assert [u.value.index for u in g.updates if u.value.node is joined] == [0, 1, 2]
    assert [t.shape for t in joined.types] == [(3,), (5,), (3,)]
    assert [e.name for e in joined.inputs] == ["a", "a_batch", "b", "b_batch", "d", "d_batch"]
    # One of another rate is left alone, and so is what has no such trait.
    assert g.updates[2] is updates[2] or g.updates[2] == updates[2]
    assert g.updates[4] == other


def test_what_something_else_reads_stays_as_it_is(var, op):
    updates = [averaged(var, "a", 3), averaged(var, "b", 3), averaged(var, "c", 3)]
    read = op("tanh", updates[0].value)
    g = join_updates(Graph((read,), tuple(updates))).check()
    assert g.updates[0].value.node.op is BLEND
    assert g.updates[1].value == Entry(g.updates[2].value.node, 0) and g.updates[2].value.index == 1


def test_a_single_one_is_left_alone(var):
    g = Graph((), (averaged(var, "a", 3),))
    assert join_updates(g).updates == g.updates
