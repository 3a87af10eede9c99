from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda.expression import FUNCTIONS, IOTA, Expr, Leaf, Views, apply, const, evaluate


def load(shape, *strides, slot=0, offset=0):
    return Expr("load", shape, "float32", leaf=Leaf(slot, "float32", offset, strides))


def test_leaves_are_seen_through_their_strides():
    x = np.arange(12.0)
    assert evaluate(load((3, 2), 1, 6), [x]).tolist() == [[0, 6], [1, 7], [2, 8]]
    assert evaluate(load((3,), -2, offset=8), [x]).tolist() == [8, 6, 4]
    assert evaluate(Expr("iota", (3,), "int64", leaf=Leaf(IOTA, "int64", 5, (2,))), []).tolist() == [5, 7, 9]


def test_a_gather_counts_by_an_index():
    table, index = np.arange(12.0).reshape(4, 3), np.array([3.0, 0.0])
    i = load((2, 1), 1, 0, slot=1)
    e = Expr("gather", (2, 3), "float32", (i,), Leaf(0, "float32", 0, (0, 1, 3)))
    assert evaluate(e, [table.reshape(-1), index]).tolist() == [[9, 10, 11], [0, 1, 2]]


def test_views_go_down_to_the_leaves(rng):
    x, y = rng.standard_normal(12), rng.standard_normal(4)
    e = apply("multiply", apply("add", load((3, 4), 4, 1), load((4,), 1, slot=1)), const(2))
    want = (x.reshape(3, 4) + y) * 2
    turned = Views().view(e, (4, 3), lambda o, s: (o, (s[1], s[0])))
    np.testing.assert_array_equal(evaluate(turned, [x, y]), want.T)
    wide = Views().broadcast(e, (2, 3, 4))
    np.testing.assert_array_equal(evaluate(wide, [x, y]), np.stack([want, want]))


@pytest.mark.parametrize("op", ["greater", "truth", "isnan"])
def test_truth_values_are_told_from_numbers(op):
    args = [load((1,), 1)] * FUNCTIONS[op].text.count("{1}") + [load((1,), 1)]
    assert apply(op, *args[:2]).dtype == "bool"
    assert apply("add", load((1,), 1), const(1)).dtype == "float32"
