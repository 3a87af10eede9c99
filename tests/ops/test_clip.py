import numpy as np
import pytest

from tests.contract.operators import FAST, Case, build, check_operator, evaluate, gradients
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"a_min": -0.5, "a_max": 1.0}, fast=True, kink=(-0.5, 1.0)),
    Case({"data": (2, 5, 4, 4)}, {"a_min": 0, "a_max": 6}, fast=True, kink=(0.0, 6.0), dtypes=("float32", "bfloat16")),
    Case({"data": (7,)}, {"a_min": 0, "a_max": 9}, fast=True, kink=(0.0,)),
    Case({"data": ()}, {"a_min": -9, "a_max": 9}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("clip", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("clip", [[0.0, 1.0, 1.5, 2.0, 3.0]], a_min=1.0, a_max=2.0)
    assert y == pytest.approx([1.0, 1.0, 1.5, 2.0, 2.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([0.0, 1.0, 1.0, 1.0, 0.0], rel=TOLERANCE),
    ]


def test_the_fast_gradient_counts_the_bounds_in_too():
    node = build("clip", Case({"data": (5,)}, {"a_min": 1.0, "a_max": 2.0}), "float32")
    g, found, _ = gradients(node, ["data"], [])
    values = {"data": np.array([0.0, 1.0, 1.5, 2.0, 3.0]), "dy0": np.arange(1.0, 6.0)}
    (dx,), kernels = evaluate(g, values, FAST)
    assert list(found) == ["data"] and all(k.startswith("onednn") for k in kernels)
    assert dx.tolist() == [0.0, 2.0, 3.0, 4.0, 0.0]
