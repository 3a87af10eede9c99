from __future__ import annotations

import pytest

from mxtrain import ops
from mxtrain.graph import Op

SAME = ops.get("tanh").infer


def test_names_may_follow_the_params():
    op = ops.get("add_n")
    assert op.input_names(op.params(num_args=3)) == ("arg0", "arg1", "arg2")
    assert op.output_names(op.params(num_args=3)) == ("output",)


@pytest.mark.parametrize(("name", "params", "visible", "all_outputs"), [
    ("batch_norm", {}, 1, 4), ("slice_channel", {"num_outputs": 3}, 3, 3), ("tanh", {}, 1, 1),
])  # fmt: skip
def test_users_see_the_visible_outputs(name, params, visible, all_outputs):
    op = ops.get(name)
    p = op.params(**params)
    assert (op.visible_outputs(p), len(op.output_names(p))) == (visible, all_outputs)


def test_operators_are_compared_by_identity():
    a, b = Op("a", SAME), Op("a", SAME)
    assert a != b and len({a, b, a}) == 2
