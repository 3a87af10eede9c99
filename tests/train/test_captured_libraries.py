"""A whole training step with convolutions, pooling and products, captured: the bits of the same step call by call.

The libraries are the fake ones, whose work is noted down while the stream captures, as a GPU's is.
"""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda import cublaslt, cudnn_convolution
from mxtrain.ops import _cudnn
from tests.backends.cuda.fakes import fake_cublaslt, fake_cudnn, needs_compiler
from tests.train.captured import fit_both_ways, noted
from tests.train.test_device_step import arrays, gpu

pytestmark = needs_compiler
__all__ = ["gpu"]

NET = [
    {"convolution": {"num_filter": 8, "kernel": 3, "pad": 1}},
    {"activation": {"act_type": "relu"}},
    {"lrn": {"nsize": 3}},
    {"pooling": {"kernel": 3, "stride": 2, "pooling_convention": "full"}},
    {"convolution": {"num_filter": 8, "kernel": 3, "num_group": 8, "pad": 1, "no_bias": True}},
    {"deconvolution": {"num_filter": 4, "kernel": 2, "stride": 2}},
    {"activation": {"act_type": "tanh"}},
    {"pooling": {"global_pool": True, "pool_type": "avg"}},
    "flatten",
    {"fully_connected": {"num_hidden": 1}},
    "linear_regression_output",
]


@pytest.fixture
def libraries(gpu, monkeypatch):
    """Both libraries, with their calls noted down while the stream captures."""

    def whole(*args):
        prepare = cudnn_convolution.bias_activation(*args)
        return prepare and noted(gpu, prepare)

    for kind in (cublaslt.Matmul, cudnn_convolution.Convolution):
        monkeypatch.setattr(kind, "call", noted(gpu, kind.call))
    monkeypatch.setattr(_cudnn.cuda, "bias_activation", whole)
    with fake_cublaslt() as products, fake_cudnn() as convolutions:
        yield products, convolutions


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_captured_step_gives_the_bits_of_one_that_runs_call_by_call(bench, libraries, caplog, precision):
    changes = {"net": NET, "metrics": ["mse"], "epochs": 4, "checkpoint": {"monitor": "val.mse"}}
    _, launched = fit_both_ways(bench, precision=precision, **changes)
    assert "call by call" not in caplog.text and launched > 8
    products, convolutions = libraries
    assert {line.split()[0] for line in convolutions.log} >= {"Forward", "BackwardData", "BackwardFilter"}
    assert any(line.startswith("matmul") for line in products.log)


def test_a_run_with_the_libraries_is_that_on_the_host(bench, libraries):
    host, device = (bench.fit(device=d, net=NET, metrics=["mse"], epochs=3) for d in ("cpu", "gpu"))
    for n, a in arrays(device).items():
        np.testing.assert_allclose(a, arrays(host)[n], rtol=2e-3, atol=2e-4, err_msg=n)
    assert device.values == pytest.approx(host.values, rel=2e-3, abs=2e-3)
