"""NVIDIA's libraries on a GPU: they are used, are right in every type, run inside a captured graph, choose once, and
are as deterministic as they say. Everything else about them is tested where there is no GPU."""

from __future__ import annotations

import gc
from functools import cache

import numpy as np
import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import cublaslt, nvjpeg
from mxtrain.backends.cuda.libraries import states
from mxtrain.graph import Graph
from tests.contract.on_device import check_on, planned, results
from tests.contract.operators import Case, build, differentiable, gradients, sample

pytestmark = pytest.mark.gpu

DTYPES = ("float32", "bfloat16", "float16")
CONVOLUTIONS = [
    Case({"data": (4, 16, 14, 14)}, {"kernel": 3, "num_filter": 32, "pad": 1}),
    Case({"data": (4, 3, 32, 32)}, {"kernel": 7, "num_filter": 16, "pad": 3, "stride": 2}),
    Case({"data": (4, 32, 9, 9)}, {"kernel": 1, "num_filter": 64, "stride": 2, "no_bias": True}),
    Case({"data": (2, 16, 12, 12)}, {"kernel": 3, "num_filter": 32, "num_group": 4, "pad": 2, "dilate": 2}),
]
PRODUCTS = {
    "fully_connected": Case({"data": (16, 72)}, {"num_hidden": 40}),
    "dot": Case({"lhs": (24, 40), "rhs": (40, 16)}),
    "batch_dot": Case({"lhs": (6, 37, 64), "rhs": (6, 37, 64)}, {"transpose_b": True}),
}


def current(deterministic):
    """A device, current in this thread."""
    lacking = [*cuda.why_not(), *(s.problem for s in states() if s.problem and s.name in ("cuDNN", "cuBLASLt"))]
    if lacking:
        pytest.skip("; ".join(lacking))
    device = made(deterministic)
    cuda.cuda_of(device).use()
    return device


@cache
def made(deterministic):
    return cuda.make_device(deterministic=deterministic)


@pytest.fixture
def gpu():
    return current(False)


@pytest.fixture
def steady():
    return current(True)


def both_ways(device, name, case, dtype, rng):
    """The plans of an operator and its gradients."""
    node = build(name, case, "float32")
    values = {n: sample(case, n, e.type.shape, rng) for n, e in zip(node.input_names, node.inputs, strict=True)}
    dys = [rng.standard_normal(node.types[0].shape)]
    g, _, more = gradients(node, differentiable(node, case), dys)
    return [planned(Graph((node[0],)), device, values, dtype), planned(g, device, {**values, **more}, dtype)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("name", ["convolution", "deconvolution"])
def test_cudnn_is_used_and_right(gpu, rng, name, case, dtype):
    kernels = check_on(gpu, name, case, rng, dtype)
    assert sum(k.startswith(("cuda:cudnn", "cuda:columns")) for k in kernels) == 3, kernels
    assert any(k.startswith("cuda:cudnn") for k in kernels), kernels


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CONVOLUTIONS[:3], ids=str)
def test_convolutions_as_products_are_right(gpu, rng, case, dtype, monkeypatch):
    monkeypatch.setattr(
        "mxtrain.ops.convolution.cuda.fastest",
        lambda device, node, made: made.get("columns") or next(r for r in made.values() if r),
    )
    kernels = check_on(gpu, "convolution", case, rng, dtype)
    assert any(k.startswith("cuda:columns") for k in kernels), kernels


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_cublaslt_is_used_and_right(gpu, rng, name, dtype):
    kernels = check_on(gpu, name, PRODUCTS[name], rng, dtype)
    assert sum(k.startswith("cuda:cublaslt") for k in kernels) == 3, kernels


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "case"), [("convolution", CONVOLUTIONS[0]), *PRODUCTS.items()])
def test_a_captured_graph_gives_the_bits_of_the_calls(steady, rng, name, case, dtype):
    runtime = cuda.cuda_of(steady)
    for plan in both_ways(steady, name, case, dtype, rng):
        assert not plan.uncapturable
        plan.run()
        want = results(plan, steady)
        runtime.begin_capture()
        plan.run()
        graph = runtime.end_capture()
        for a in plan.outputs:
            a[...] = 0
        assert graph.launch() == 0
        for a, b in zip(results(plan, steady), want, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "case"), [("convolution", CONVOLUTIONS[0]), *PRODUCTS.items()])
def test_deterministic_devices_repeat_their_bits(steady, rng, name, case, dtype):
    for plan in both_ways(steady, name, case, dtype, rng):
        plan.run()
        want = results(plan, steady)
        for _ in range(20):
            plan.run()
            for a, b in zip(results(plan, steady), want, strict=True):
                np.testing.assert_array_equal(a, b)


def test_tf32_is_used_only_where_it_is_asked_for(gpu, rng):
    runtime = cuda.cuda_of(gpu)
    case = Case({"data": (64, 1024)}, {"num_hidden": 64, "no_bias": True})
    check_on(gpu, "fully_connected", case, rng)
    runtime.tf32 = True
    try:
        with pytest.raises(AssertionError, match="differs by"):
            check_on(gpu, "fully_connected", case, rng)
    finally:
        runtime.tf32 = False


def test_choices_are_made_once(gpu, rng):
    runtime = cuda.cuda_of(gpu)
    check_on(gpu, "convolution", CONVOLUTIONS[0], rng)
    used = dict(runtime.tuning.used)
    again = cuda.make_device()
    cuda.cuda_of(again).tuning.give(used)
    check_on(again, "convolution", CONVOLUTIONS[0], rng)
    taken = cuda.cuda_of(again).tuning.used
    assert {k: used[k] for k in taken} == taken


@pytest.mark.parametrize("epilogue", [cublaslt.Epilogue.GELU_AUX_BIAS, cublaslt.Epilogue.DGELU_BGRAD,
                                      cublaslt.Epilogue.RELU_AUX_BIAS, cublaslt.Epilogue.DRELU_BGRAD])  # fmt: skip
def test_epilogues_have_algorithms(gpu, epilogue):
    p = cublaslt.Product(1, 64, 128, 256, False, True, "bfloat16", "bfloat16", epilogue)
    assert cublaslt.matmul(gpu, p) is not None


def test_nvjpeg_against_pillow(gpu, rng):
    nvjpeg_state = next(s for s in states() if s.name == "nvJPEG")
    if nvjpeg_state.problem:
        pytest.skip(nvjpeg_state.problem)
    import io

    from PIL import Image

    def encoded(size, **more):
        small = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=95, **more)
        return out.getvalue()

    def pillow(data):
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    d = nvjpeg.decoder(gpu)
    luma = np.array([0.299, 0.587, 0.114])
    for size, options in (
        ((64, 48), {}),
        ((37, 51), {}),
        ((40, 40), {"progressive": True}),
        ((30, 20), {"subsampling": 0}),
    ):
        data = encoded(size, **options)
        found = d.decode(data, size[::-1], size[1])
        if found is None:
            assert options.get("progressive"), f"{d.backend} refused {size} {options}"
            continue
        # Colours of half the size are interpolated by Pillow and repeated by nvJPEG: there brightness is compared.
        difference = found.astype(int) - pillow(data)
        assert np.abs(difference @ luma).mean() <= 2
        assert options.get("subsampling") != 0 or np.abs(difference).max() <= 3


def test_nothing_is_left_of_plans_that_are_gone(gpu, rng):
    plans = both_ways(gpu, "convolution", CONVOLUTIONS[0], "bfloat16", rng)
    for plan in plans:
        plan.run()
    gpu.synchronize()
    del plan, plans
    gc.collect()
    check_on(gpu, "convolution", CONVOLUTIONS[0], rng, "bfloat16")
