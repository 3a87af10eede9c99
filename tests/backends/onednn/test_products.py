import numpy as np
import pytest

from mxtrain.backends.onednn import SCRATCHPAD, Piece, Products
from mxtrain.base.device import Device


def buffer(values):
    a = Device().empty(4 * values.size).view(np.float32)
    a[:] = values.ravel()
    return a


@pytest.fixture
def buffers(rng):
    return {name: buffer(rng.standard_normal(24).astype(np.float32)) for name in ("a", "b", "to", "more")}


def run(p, buffers):
    made = dict(buffers)
    if p.scratchpad:
        made[SCRATCHPAD] = Device().empty(p.scratchpad)
    function, args = p.bind(made)
    return function(*args)


def test_products_run_in_order_over_pieces(buffers):
    p = Products()
    p.multiply(Piece("a", 0, (2, 3), (3, 1)), Piece("b", 4, (3, 2), (2, 1)), Piece("to", 2, (2, 2), (2, 1)))
    p.multiply(Piece("to", 2, (2, 2), (2, 1)), Piece("b", 0, (2, 2), (1, 2)), Piece("more", 0, (2, 2), (4, 1)))
    a, b = buffers["a"][:6].reshape(2, 3), buffers["b"]
    first = a @ b[4:10].reshape(3, 2)
    second = first @ b[:4].reshape(2, 2).T
    untouched = buffers["more"][2:4].copy()
    assert run(p, buffers) == 0
    np.testing.assert_allclose(buffers["to"][2:6].reshape(2, 2), first, rtol=1e-5)
    np.testing.assert_allclose(buffers["more"][[0, 1, 4, 5]].reshape(2, 2), second, rtol=1e-5)
    np.testing.assert_array_equal(buffers["more"][2:4], untouched)


def test_one_matrix_stands_for_a_batch_and_the_old_value_is_added_to(buffers):
    p = Products()
    to = Piece("to", 0, (3, 2, 2), (4, 2, 1))
    p.multiply(Piece("a", 0, (1, 2, 2), (4, 2, 1)), Piece("b", 0, (3, 2, 2), (4, 2, 1)), to, (("sum", 1.0),))
    before = buffers["to"][:12].reshape(3, 2, 2).copy()
    assert run(p, buffers) == 0
    want = before + buffers["a"][:4].reshape(2, 2) @ buffers["b"][:12].reshape(3, 2, 2)
    np.testing.assert_allclose(buffers["to"][:12].reshape(3, 2, 2), want, rtol=1e-5)


def test_an_addend_comes_before_the_post_ops(buffers):
    p = Products()
    to = Piece("to", 0, (2, 2), (2, 1))
    relu = (("eltwise", 0x20, 0.0, 0.0),)
    p.multiply(Piece("a", 0, (2, 2), (2, 1)), Piece("b", 0, (2, 2), (2, 1)), to, relu, Piece("more", 1, (2, 2), (2, 1)))
    assert run(p, buffers) == 0
    want = buffers["a"][:4].reshape(2, 2) @ buffers["b"][:4].reshape(2, 2) + buffers["more"][1:5].reshape(2, 2)
    np.testing.assert_allclose(buffers["to"][:4].reshape(2, 2), np.maximum(want, 0), rtol=1e-5)


def test_calls_stand_between_products_and_a_failure_ends_the_list(buffers):
    seen = []

    def note(name, status):
        return lambda found: ((lambda: seen.append((name, sorted(found))) or status), ())

    p = Products()
    p.call(note("first", 0))
    p.call(note("second", 5))
    p.call(note("third", 0))
    assert run(p, buffers) == 5
    assert [name for name, _ in seen] == ["first", "second"]
    assert seen[0][1] == ["a", "b", "more", "to"]


def test_what_the_library_refuses_is_told(buffers):
    p = Products()
    p.multiply(Piece("a", 0, (2, 3), (3, 1)), Piece("b", 0, (2, 2), (2, 1)), Piece("to", 0, (2, 2), (2, 1)))
    assert p.failed
