import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward

REST = {"kernel": 2, "stride": 3, "pooling_convention": "full"}
ROOT = "the third root is steep where powers cancel out"
SAME = {"pooling_convention": "same"}
BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (2, 3, 6, 6)}, {"kernel": 2, "stride": 2}, distinct=True, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 7, 8)}, {"kernel": 3, "stride": 2, "pad": 1}, distinct=True, fast=True),
    Case({"data": (2, 3, 7, 8)}, {"kernel": 3, "stride": 2, "pooling_convention": "full"}, distinct=True, fast=True),
    Case({"data": (2, 3, 7, 8)}, {"kernel": 3, "stride": 2, "pooling_convention": "full", "pool_type": "avg"}),
    Case(
        {"data": (2, 3, 7, 8)}, {"kernel": 3, "stride": 2, "pooling_convention": "same", "pool_type": "avg", "pad": 1}
    ),
    Case({"data": (2, 3, 6, 6)}, {"kernel": 3, "stride": 2, "pad": 1, "pool_type": "avg"}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 6, 6)}, {"kernel": 3, "pad": 1, "pool_type": "avg", "count_include_pad": False}, fast=True),
    Case({"data": (2, 3, 6, 5)}, {"kernel": 3, "stride": 2, "pool_type": "sum", "pad": 1}),
    Case({"data": (2, 3, 6, 5)}, {"kernel": 2, "pool_type": "lp", "p_value": 2}),
    Case({"data": (2, 3, 6, 5)}, {"kernel": 2, "pool_type": "lp", "p_value": 3}, tolerance=20, why=ROOT),
    Case({"data": (2, 3, 6, 5)}, {"kernel": 2, "pool_type": "lp", "p_value": 1}),
    Case({"data": (2, 3, 6, 5)}, {"global_pool": True, "pool_type": "avg"}, fast=True),
    Case({"data": (2, 3, 6, 5)}, {"global_pool": True}, distinct=True, fast=True),
    Case({"data": (2, 3, 9)}, {"kernel": (3,), "stride": (2,)}, distinct=True, fast=True),
    Case({"data": (1, 2, 5, 5, 5)}, {"kernel": (2, 2, 2), "stride": (2, 2, 2)}, distinct=True, fast=True),
]
NOTHING = [
    Case({"data": (2, 3, 9, 6)}, {**REST, "pool_type": "avg"}),
    Case({"data": (2, 3, 9, 6)}, {**REST, "pool_type": "avg", "count_include_pad": False}),
    Case({"data": (2, 3, 9, 6)}, {**REST, "pool_type": "avg", "pad": 1, "stride": 5}),
]
"""The last windows see nothing."""


@pytest.mark.parametrize("case", CASES + NOTHING, ids=str)
def test_contract(case, rng):
    check_operator("pooling", case, rng)


def test_full_counts_up_to_the_padding():
    # Windows of 3 at -1, 1, 3 over 5 with a border of 1: each holds a column of zeros at one end at most.
    p = {"kernel": 3, "stride": 2, "pad": 1, "pool_type": "avg", "pooling_convention": "full"}
    y = forward("pooling", p, data=np.ones((1, 1, 5, 5)))
    np.testing.assert_allclose(y[0, 0], np.outer([2 / 3, 1, 2 / 3], [2 / 3, 1, 2 / 3]))


def test_what_lies_beyond_the_padding_is_not_counted():
    p = {"kernel": 3, "stride": 2, "pool_type": "avg", "pooling_convention": "full"}
    y = forward("pooling", p, data=np.ones((1, 1, 6, 6)))
    np.testing.assert_allclose(y, np.ones((1, 1, 3, 3)))


def test_a_window_larger_than_the_image_is_refused():
    with pytest.raises(ShapeError, match=r"the window \(7\) is larger than the input with its padding \(5 \+ 2 \* 0\)"):
        forward("pooling", {"kernel": 7}, data=np.ones((1, 1, 5, 5)))


def test_lp_takes_powers_as_they_are():
    for p, wanted in ((1, -2), (2, 10**0.5), (3, -(26 ** (1 / 3)))):
        y = forward("pooling", {"kernel": (1, 2), "pool_type": "lp", "p_value": p}, data=[[[[1.0, -3]]]])
        np.testing.assert_allclose(y, [[[[wanted]]]], rtol=1e-12)


def test_a_mean_of_nothing_is_0():
    p = {"kernel": 2, "stride": 6, "pool_type": "avg", "pooling_convention": "full"}
    y = forward("pooling", p, data=np.ones((1, 1, 9, 9)))
    np.testing.assert_array_equal(y[0, 0], [[1, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_a_maximum_of_nothing_is_refused():
    p = {"kernel": 2, "stride": 6, "pooling_convention": "full"}
    with pytest.raises(ShapeError, match=r"the last window begins at 12, where nothing of the 9 elements is left"):
        forward("pooling", p, data=np.ones((1, 1, 9, 9)))


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_a_first_window_that_sees_nothing_is_refused(kind):
    p = {"kernel": 2, "pad": 2, "pool_type": kind, "count_include_pad": False}
    with pytest.raises(ShapeError, match=r"the first window \(2\) lies in the padding \(2\)"):
        forward("pooling", p, data=np.ones((1, 1, 9, 9)))


def test_a_window_of_zeros_alone_has_a_mean_where_the_padding_counts():
    y = forward("pooling", {"kernel": 1, "pad": 1, "pool_type": "avg"}, data=np.ones((1, 1, 1, 1)))
    np.testing.assert_array_equal(y[0, 0], [[0, 0, 0], [0, 1, 0], [0, 0, 0]])


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_own_kernels(case, dtype, rng):
    device = fake_device()
    kernels = check_on(device, "pooling", case, rng, dtype)
    ours = {"lp": 0, "max": 3}.get(case.params.get("pool_type", "max"), 2)
    assert kernels.count("cuda:pooling") == ours, kernels
