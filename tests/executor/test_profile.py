from __future__ import annotations

import numpy as np

from mxtrain.base.device import REFERENCE
from mxtrain.executor import bind, storage_of
from mxtrain.executor.profile import time_calls, total
from mxtrain.graph import Graph, Update
from mxtrain.passes import Options, compile_graph


def bound(vocabulary, g, arrays, **options):
    compiled = compile_graph(g, REFERENCE, vocabulary=vocabulary, options=Options(**options))
    return bind(compiled, REFERENCE, storage_of(arrays))


def test_every_call_with_what_it_computes_and_moves(op, var, vocabulary):
    w, b, x = var("w", (5, 3)), var("b", (5,)), var("x", (2, 3), "input")
    arrays = {"w": np.ones((5, 3), np.float32), "b": np.ones(5, np.float32)}
    y = op("fully_connected", x, op("square", w), b, num_hidden=5, name="fc")
    plan = bound(vocabulary, Graph((y, op("relu", y, name="act"))), arrays, fuse=False)
    square, fc, act = time_calls(plan, None, 3)
    assert (square.segment, square.op) == ("pack", "square")
    assert (square.work.flops, square.work.nbytes) == (15, 4 * 30)
    assert (fc.segment, fc.name, fc.kernel) == ("compute", "fc", "reference")
    assert fc.work == (2 * 2 * 5 * 3, 4 * (6 + 15 + 5 + 10), "float32", (2, 5))
    assert (act.work.flops, act.work.nbytes) == (10, 4 * 20)
    assert 0 <= square.begun < fc.begun < act.begun and act.begun >= square.last + fc.last
    assert total([square, fc, act]) == square.seconds + fc.seconds + act.seconds > 0


def test_an_entry_read_twice_is_moved_once(op, var, vocabulary):
    x = var("x", (2, 3), "input")
    (call,) = time_calls(bound(vocabulary, Graph((op("elemwise_mul", x, x),)), {}), None, 1)
    assert call.work.nbytes == 2 * x.type.nbytes


def test_the_update_comes_last_and_runs(op, var, vocabulary):
    w = np.zeros(3, np.float32)
    plan = bound(vocabulary, Graph((op("square", var("x", (3,), "input")),)), {})
    v = var("w", (3,), "state")
    update = bound(vocabulary, Graph((), (Update(v.node, op("plus_scalar", v, scalar=1.0)),)), {"w": w}, hoist=False)
    calls = time_calls(plan, update, 4)
    assert [c.segment for c in calls] == ["compute", "update"]
    assert w.tolist() == [4, 4, 4]


def test_a_copy_is_counted_as_moved_twice(op, var, vocabulary):
    a, b = var("a", (3,), "state"), var("b", (3,), "state")
    g = Graph((), (Update(a.node, op("identity", b)), Update(b.node, op("plus_scalar", a, scalar=10.0))))
    arrays = {"a": np.zeros(3, np.float32), "b": np.zeros(3, np.float32)}
    copies = [c for c in time_calls(bound(vocabulary, g, arrays, fuse=False), None, 1) if c.kernel == "copyto"]
    assert copies and all(c.work.nbytes == 24 and c.work.flops == 0 for c in copies)
