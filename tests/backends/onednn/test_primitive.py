from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.backends import onednn
from mxtrain.backends.onednn.primitive import prepared
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST, Layout, TensorType
from mxtrain.graph import apply, variable

T = TensorType((2, 3, 4, 5))
Arg = onednn.Arg


def execute(pd, arrays):
    function, args = prepared(pd, arrays)
    assert function(*args) == 0


def aligned(t, fill=0.0):
    a = Device().zeros(t.nbytes).view(np.float32)
    a[:] = fill
    return a


def test_descriptors_are_equal_by_what_they_say():
    assert onednn.desc(T) == onednn.desc(TensorType((2, 3, 4, 5)))
    assert onednn.desc(T) != onednn.desc(T._replace(layout=CHANNELS_LAST))
    assert onednn.desc(T) != onednn.desc(T, (6, 20)) and onednn.desc(T, (6, 20)).nbytes == T.nbytes
    assert onednn.desc(TensorType((4, 5), "bfloat16")).nbytes == 40
    assert onednn.desc(T) != "something else" and len({onednn.desc(T), onednn.desc(T)}) == 1


@pytest.mark.parametrize(
    ("t", "yes"),
    [
        (T, True), (TensorType(()), False), (TensorType((0, 3)), False), (TensorType((1,) * 7), False),
        (TensorType((2,), "float64"), False), (TensorType((2,), "bfloat16"), True),
    ],
)  # fmt: skip
def test_what_it_supports(t, yes):
    assert onednn.supports(t) is yes


def test_a_primitive_runs():
    md = onednn.desc(T)
    pd = onednn.describe("eltwise_forward", onednn.Prop.INFERENCE, onednn.Algorithm.LINEAR, md, md, 2.0, 1.0)
    x, y = aligned(T, 3.0), aligned(T)
    execute(pd, {Arg.SRC: x, Arg.DST: y})
    assert (y == 7).all() and not pd.implementation.startswith("ref") and pd.scratchpad == 0


def test_what_it_refuses_is_none():
    assert onednn.describe("eltwise_forward", onednn.Prop.INFERENCE, 0x7777, *[onednn.desc(T)] * 2, 0.0, 0.0) is None


def test_a_reorder_and_an_opaque_layout(rng):
    a, b = onednn.desc(T), onednn.desc(T._replace(layout=CHANNELS_LAST))
    x, y = aligned(T), aligned(T)
    x[:] = rng.standard_normal(T.size)
    execute(onednn.describe("reorder", a, b), {Arg.SRC: x, Arg.DST: y})
    np.testing.assert_array_equal(y.reshape(2, 4, 5, 3).transpose(0, 3, 1, 2), x.reshape(T.shape))
    layout = onednn.layout_of(b, T.shape)
    assert isinstance(layout, Layout) and layout.opaque and layout.nbytes == T.nbytes
    assert onednn.desc(T._replace(layout=layout)) is b


def test_sums_and_post_ops():
    md = onednn.desc(T)
    x, y, z = aligned(T, 1.0), aligned(T, 2.0), aligned(T)
    execute(
        onednn.describe("sum", md, [1.0, -3.0], [md, md]), {Arg.MULTIPLE_SRC: x, Arg.MULTIPLE_SRC + 1: y, Arg.DST: z}
    )
    assert (z == -5).all()
    attr = onednn.attributes(("eltwise", onednn.Algorithm.RELU, 0.0, 0.0))
    pd = onednn.describe("binary", onednn.Algorithm.SUB, md, md, md, attr=attr)
    execute(pd, {Arg.SRC: x, Arg.SRC_1: y, Arg.DST: z})
    assert (z == 0).all()


def test_a_recipe_asks_for_the_layouts_that_the_primitive_wants():
    x, w = variable("x", TensorType((2, 16, 8, 8), layout=CHANNELS_LAST)), variable("w", TensorType((16, 16, 3, 3)))
    node = apply(ops.get("convolution"), "c", x, w, kernel=3, num_filter=16, no_bias=True).node
    target = TensorType((2, 16, 6, 6), layout=CHANNELS_LAST)
    pd = onednn.describe(
        "convolution_forward", onednn.Prop.TRAINING, onednn.Algorithm.CONVOLUTION_DIRECT, onednn.desc(x.type),
        onednn.any_layout((16, 16, 3, 3), "float32"), None, onednn.desc(target), (1, 1), (0, 0), (0, 0), (0, 0),
    )  # fmt: skip
    plain = onednn.recipe(pd, node, {Arg.SRC: 0, Arg.WEIGHTS: 1}, {Arg.DST: 0})
    assert plain.name == f"onednn:{pd.implementation}" and plain.scratch == pd.scratchpad
    assert 0 not in plain.takes and (1 not in plain.takes or plain.takes[1].opaque)
    assert plain.gives[0].opaque  # the node's own output is plain, the primitive's channels-last


def test_an_argument_that_a_primitive_lacks_is_refused():
    md = onednn.desc(T)
    pd = onednn.describe("eltwise_forward", onednn.Prop.INFERENCE, onednn.Algorithm.RELU, md, md, 0.0, 0.0)
    with pytest.raises(ValueError, match="has no argument"):
        prepared(pd, {Arg.SRC: aligned(T), Arg.BIAS: aligned(T)})
