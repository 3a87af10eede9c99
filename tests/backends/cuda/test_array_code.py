from __future__ import annotations

import numpy as np

from mxtrain.backends.cuda.array_code import array_recipe, room_of, safe_pairs
from mxtrain.backends.cuda.trace import trace
from mxtrain.base.types import TensorType

X = TensorType((4, 8))


def test_code_that_cannot_be_compiled_has_no_recipe(device):
    assert array_recipe(device, lambda xp, i, o: o[0].set(xp.einsum("ij->ij", i[0])), [X], [X]) is None


def test_float64_is_converted_and_moved_but_not_computed(device):
    wide = TensorType((4, 8), "float64")
    assert array_recipe(device, lambda xp, i, o: o[0].set(i[0] + 1), [wide], [wide]) is None
    assert array_recipe(device, lambda xp, i, o: o[0].set(i[0]), [wide], [X]) is not None


def test_in_place_only_where_nothing_is_read_after_it_is_written_over():
    def elementwise(xp, ins, outs):
        outs[0][...] = ins[0] * 2
        outs[1][...] = ins[0] + 1

    def turned(xp, ins, outs):
        outs[0][...] = ins[0][::-1]

    def later(xp, ins, outs):
        outs[0][:2] = 0
        outs[0][2:] = ins[0][2:]

    assert safe_pairs(trace(elementwise, [X], [X, X]), 1, ((0, 0), (0, 1))) == ((0, 0), (0, 1))
    assert safe_pairs(trace(turned, [X], [X]), 1, ((0, 0),)) == ()
    assert safe_pairs(trace(later, [X], [X]), 1, ((0, 0),)) == ()


def test_scratch_is_counted():
    def run(xp, ins, outs):
        outs[0][...] = ins[0] / ins[0].sum(axis=1, keepdims=True)

    room = room_of(trace(run, [X], [X]))
    assert room.temporaries == (0,) and room.nbytes == 64


def test_a_view_that_is_not_aligned_is_loaded_one_by_one(device):
    def run(xp, ins, outs):
        outs[0][...] = ins[0] + 1

    t = TensorType((9,))
    buffer = device.zeros(64)
    x, y = buffer[4:40].view(np.float32), device.zeros(36).view(np.float32)
    device.put(x, np.arange(9, dtype=np.float32))
    function, args = array_recipe(device, run, [t], [t]).prepare([x], [y], None)
    assert function(*args) == 0
    assert device.fetch(y).tolist() == list(range(1, 10))
