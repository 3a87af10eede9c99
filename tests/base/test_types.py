from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import (
    CHANNELS_LAST,
    PLAIN,
    UNKNOWN,
    Layout,
    PartialType,
    TensorType,
    merge,
    merge_shapes,
    numpy_dtype,
    partial,
    strides,
    view,
)

PACKED = Layout("packed", key="k", nbytes=200)
DIMS = st.lists(st.one_of(st.none(), st.integers(1, 3)), max_size=3).map(tuple)
PARTIAL = st.builds(PartialType, st.one_of(st.none(), DIMS), st.sampled_from([None, "float32", "int32"]))


def test_sizes():
    assert (TensorType((2, 3)).size, TensorType((2, 3)).nbytes) == (6, 24)
    assert (TensorType(()).size, TensorType((), "float64").nbytes) == (1, 8)
    assert TensorType((4, 0), "uint8").nbytes == 0
    assert TensorType((2, 3), "bfloat16").nbytes == 12
    assert TensorType((2, 3), layout=PACKED).nbytes == 200


def test_texts():
    assert str(TensorType((2, 3), "int8")) == "(2, 3) int8"
    assert str(TensorType((2, 3, 4), layout=CHANNELS_LAST)) == "(2, 3, 4) float32 channels_last"
    assert str(PartialType((2, None), "float32")) == "(2, ?) float32"
    assert (str(PartialType((None,))), str(UNKNOWN)) == ("(?,)", "unknown shape")


def test_what_is_complete():
    assert partial(TensorType((2,), "int8")) == PartialType((2,), "int8")
    assert PartialType((), "float32").complete and PartialType((), "float32").known_shape == ()
    assert not PartialType((2, None), "float32").complete and PartialType((2, None)).known_shape is None
    assert not PartialType((2,)).complete and UNKNOWN.known_shape is None


def test_merging_fills_gaps():
    assert merge(PartialType((2, None)), PartialType((None, 3), "int8")) == PartialType((2, 3), "int8")
    assert merge_shapes(None, (1, None)) == (1, None)


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (PartialType((2, 3)), PartialType((2, 4)), r"\(2, 3\) and \(2, 4\) disagree"),
        (PartialType((2,)), PartialType((2, 1)), r"\(2,\) and \(2, 1\) disagree"),
        (PartialType(None, "int8"), PartialType(None, "int32"), "int8 and int32 disagree"),
    ],
)
def test_contradictions_are_refused(a, b, text):
    with pytest.raises(ShapeError, match=text):
        merge(a, b)


@given(PARTIAL, PARTIAL)
def test_merging_has_no_order_and_repeats_nothing(a, b):
    try:
        both = merge(a, b)
    except ShapeError:
        with pytest.raises(ShapeError):
            merge(b, a)
        return
    assert both == merge(b, a) == merge(both, a) == merge(both, b)


def test_strides_in_elements():
    assert strides(TensorType((2, 3, 4, 5))) == (60, 20, 5, 1)
    assert strides(TensorType((2, 3, 4, 5), layout=CHANNELS_LAST)) == (60, 1, 15, 3)
    assert strides(TensorType((2, 3), layout=CHANNELS_LAST)) == (3, 1)
    assert strides(TensorType(())) == ()


@pytest.mark.parametrize("layout", [PLAIN, CHANNELS_LAST], ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 0, 4, 5)], ids=str)
def test_a_view_has_the_logical_shape_and_the_strides(layout, shape):
    t = TensorType(shape, "float32", layout)
    buffer = np.zeros(t.nbytes + 64, np.uint8)
    a = view(buffer, t, 64)
    a[...] = 1
    assert a.shape == shape
    assert not buffer[:64].any()
    assert buffer[64:].view(np.float32).sum() == t.size
    if t.size:
        assert a.strides == tuple(4 * s for s in strides(t))


def test_narrow_and_opaque_views():
    buffer = np.zeros(300, np.uint8)
    assert view(buffer, TensorType((2, 3), "bfloat16")).dtype == np.uint16 == numpy_dtype("bfloat16")
    assert view(buffer, TensorType((2, 3), layout=PACKED), 8).shape == (200,)
    assert PACKED.opaque and not CHANNELS_LAST.opaque
