import numpy as np
import pytest

from mxtrain.base.random import stream_key, words
from mxtrain.ops import _random
from mxtrain.ops._random import Position, draw, fill, position, room, room_bytes


def drawn(shape, at, key=(1, 2), dtype=np.uint32):
    out = np.empty(shape, dtype)
    space = room(np.empty(room_bytes(shape, out.itemsize), np.uint8), shape, np, dtype)
    fill(np, out, lambda w, target: np.copyto(target, w, casting="unsafe"), key, at, space)
    return out


@pytest.mark.parametrize("shape", [(3, 5), (7,), (1, 1), (4, 2, 3, 3), (5, 64), (2, 33)])
@pytest.mark.parametrize("block", [4, 16, 8192])
def test_words_are_those_of_base_random(shape, block, monkeypatch):
    monkeypatch.setattr(_random, "BLOCK", block)
    at = Position(0, 9, 2**32 - 2)
    want = words((1, 2), 9, 2**32 - 2, shape[0], int(np.prod(shape[1:])))
    np.testing.assert_array_equal(drawn(shape, at).reshape(shape[0], -1), want)


def test_position_reads_both_halves():
    assert position(np.array([1, 2, 3, 4, 5], np.uint32)) == (1 + (2 << 32), 3, 4 + (5 << 32))


def test_a_draw_is_keyed_by_seed_and_name():
    state = np.array([7, 1, 3, 0, 0], np.uint32)
    out = np.empty((2, 6), np.uint32)
    space = room(np.empty(room_bytes(out.shape, 4), np.uint8), out.shape, np, np.uint32)
    draw(np, out, lambda w, target: np.copyto(target, w, casting="unsafe"), "drop1", state, space)
    np.testing.assert_array_equal(out, words(stream_key(7 + (1 << 32), "drop1"), 3, 0, 2, 6))


def test_the_target_may_lie_in_any_layout():
    last = np.empty((3, 4, 5, 2), np.uint32).transpose(0, 3, 1, 2)
    space = room(np.empty(room_bytes(last.shape, 4), np.uint8), last.shape, np, np.uint32)
    fill(np, last, lambda w, target: np.copyto(target, w, casting="unsafe"), (1, 2), Position(0, 0, 0), space)
    np.testing.assert_array_equal(last, drawn((3, 2, 4, 5), Position(0, 0, 0)))
