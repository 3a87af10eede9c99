import numpy as np
import pytest

from mxtrain.graph import Graph
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cudnn, needs_compiler
from tests.contract.on_device import check_on, planned
from tests.contract.operators import Case, build, check_operator

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (2, 3, 7, 8)}, {"kernel": 3, "num_filter": 5}, fast=True, dtypes=BOTH),
    Case(
        {"data": (2, 4, 9, 8)},
        {"kernel": (3, 2), "num_filter": 6, "stride": (2, 1), "pad": (1, 0)},
        fast=True,
        dtypes=BOTH,
    ),
    Case({"data": (2, 4, 9, 9)}, {"kernel": 3, "num_filter": 6, "num_group": 2, "pad": 1, "no_bias": True}, fast=True),
    Case({"data": (2, 6, 8, 8)}, {"kernel": 3, "num_filter": 6, "num_group": 6, "stride": 2, "pad": 1}, fast=True),
    Case({"data": (1, 2, 11, 11)}, {"kernel": 3, "num_filter": 4, "dilate": 2, "pad": 2}, fast=True),
    Case({"data": (2, 3, 12)}, {"kernel": (3,), "num_filter": 4, "stride": (2,), "pad": (1,)}, fast=True),
    Case({"data": (1, 2, 5, 5, 5)}, {"kernel": (3, 3, 3), "num_filter": 3, "pad": (1, 1, 1)}, fast=True),
    Case({"data": (2, 3, 8, 8)}, {"kernel": 1, "num_filter": 4}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 8, 9)}, {"kernel": 2, "num_filter": 4, "stride": 3}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("convolution", case, rng)


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_cudnn(case, dtype, rng):
    with fake_cudnn() as fake:
        kernels = check_on(fake_device(), "convolution", case, rng, dtype)
        assert sum(k.startswith("cuda:cudnn") for k in kernels) == 3, kernels
        assert {line.split()[0] for line in fake.log} >= {"Forward", "BackwardData", "BackwardFilter"}


@needs_compiler
def test_a_narrow_filter_is_cast_and_ordered_in_one_step():
    with fake_cudnn():
        node = build("convolution", CASES[0], "float32")
        values = {n: np.zeros(e.type.shape) for n, e in zip(node.input_names, node.inputs, strict=True)}
        plan = planned(Graph((node[0],)), fake_device(), values, "bfloat16")
    weights = [s for s in plan.steps if s.op == "reorder" and "weight" in s.name]
    assert len(weights) == 1 and "float32 -> " in weights[0].types and "bfloat16 channels_last" in weights[0].types
