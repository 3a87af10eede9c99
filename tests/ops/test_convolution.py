import numpy as np
import pytest

from mxtrain.graph import Graph
from mxtrain.ops import _fastest
from mxtrain.ops.convolution import depthwise
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, fake_cudnn, needs_compiler
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
def test_cudnn(case, dtype, rng, monkeypatch):
    monkeypatch.setattr(depthwise, "takes", lambda problem: False)
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


DEPTHWISE = [
    Case({"data": (2, 8, 7, 6)}, {"kernel": 3, "num_filter": 8, "num_group": 8, "pad": 1}),
    Case(
        {"data": (2, 5, 9, 8)}, {"kernel": 3, "num_filter": 5, "num_group": 5, "stride": 2, "pad": 1, "no_bias": True}
    ),
    Case({"data": (1, 4, 12, 11)}, {"kernel": 5, "num_filter": 4, "num_group": 4, "stride": 2, "pad": 2, "dilate": 2}),
    Case({"data": (3, 6, 8, 8)}, {"kernel": 7, "num_filter": 6, "num_group": 6, "pad": 3}),
]


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("case", DEPTHWISE, ids=str)
def test_own_kernels_where_every_channel_has_its_filter(case, dtype, rng):
    kernels = check_on(fake_device(), "convolution", case, rng, dtype)
    assert kernels.count("cuda:depthwise") == 3, kernels


@needs_compiler
@pytest.mark.parametrize("best", ["own", "cudnn"])
def test_the_faster_of_both_is_chosen_and_kept(best, rng, monkeypatch):
    monkeypatch.setattr(_fastest, "_measured", lambda device, node, r: ("depthwise" in r.name) != (best == "own"))
    device = fake_device()
    with fake_cudnn():
        kernels = check_on(device, "convolution", DEPTHWISE[0], rng)
    ours = [k for k in kernels if k.startswith("cuda:cudnn") or k == "cuda:depthwise"]
    assert all(("depthwise" in k) == (best == "own") for k in ours) and len(ours) == 3
    assert sorted(v for k, v in device.runtime.tuning.used.items() if k.startswith("convolution")) == [best] * 3


POINTWISE = [
    Case({"data": (2, 8, 5, 6)}, {"kernel": 1, "num_filter": 16}),
    Case({"data": (2, 8, 7)}, {"kernel": (1,), "num_filter": 5, "no_bias": True}),
]


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", POINTWISE, ids=str)
def test_windows_of_one_element_are_products(case, dtype, rng):
    with fake_cublaslt() as fake:
        kernels = check_on(fake_device(), "convolution", case, rng, dtype)
        assert sum(k.startswith("cuda:cublaslt") for k in kernels) == 3, kernels
        assert any("epilogue 512" in line for line in fake.log) == (not case.params.get("no_bias"))


@needs_compiler
def test_a_product_competes_with_the_librarys_convolution(rng, monkeypatch):
    monkeypatch.setattr(_fastest, "_measured", lambda device, node, r: "cudnn" in r.name)
    with fake_cudnn(), fake_cublaslt():
        kernels = check_on(fake_device(), "convolution", POINTWISE[0], rng)
        assert sum(k.startswith("cuda:cublaslt") for k in kernels) == 3, kernels
        moved = {"data": (2, 8, 5, 6)}, {"kernel": 1, "num_filter": 16, "stride": 2}
        kernels = check_on(fake_device(), "convolution", Case(*moved), rng)
        assert sum(k.startswith("cuda:cudnn") for k in kernels) == 2, kernels
        assert sum(k.startswith("cuda:columns") for k in kernels) == 1, kernels
