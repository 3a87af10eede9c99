from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends import onednn
from mxtrain.backends.onednn.primitive import prepared
from mxtrain.backends.onednn.transposed import transposed
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST, TensorType

OURS = (16, 4, 3, 3)


@pytest.fixture
def plan():
    x, y = (TensorType(s, "float32", CHANNELS_LAST) for s in ((2, 16, 5, 5), (2, 4, 7, 7)))
    return onednn.describe(
        "deconvolution_forward", onednn.Prop.INFERENCE, onednn.Algorithm.DECONVOLUTION_DIRECT, onednn.desc(x),
        onednn.any_layout((4, 16, 3, 3), "float32"), None, onednn.desc(y), (1, 1), (0, 0), (0, 0), (0, 0),
    )  # fmt: skip


def test_a_reorder_into_it_transposes(plan, rng):
    layout = transposed(plan, onednn.Arg.WEIGHTS, (1, 0, 2, 3), OURS)
    assert layout.opaque
    assert layout.key.shape == OURS
    source = rng.standard_normal(OURS).astype(np.float32)
    packed, back = Device().zeros(layout.nbytes), np.zeros((4, 16, 3, 3), np.float32)

    def reorder(a, b, arrays):
        pd = onednn.describe("reorder", a, b)
        function, args = prepared(pd, {onednn.Arg.SRC: arrays[0], onednn.Arg.DST: arrays[1]})
        assert function(*args) == 0

    reorder(onednn.desc(TensorType(OURS)), layout.key, (source, packed))
    # The library's own name of the same bytes gives its own order of axes back.
    theirs = plan.desc(onednn.Arg.WEIGHTS)
    reorder(theirs, onednn.desc(TensorType((4, 16, 3, 3))), (packed, back))
    np.testing.assert_array_equal(back, source.transpose(1, 0, 2, 3))


def test_an_argument_that_is_not_there_is_named(plan):
    with pytest.raises(ValueError, match="has no argument 41"):
        transposed(plan, onednn.Arg.BIAS, (0,), (4,))
