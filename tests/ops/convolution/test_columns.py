"""Convolutions as products of written-out windows, on the fake device against the reference."""

from __future__ import annotations

import pytest

from mxtrain.backends import cuda
from mxtrain.base.types import CHANNELS_LAST, TensorType
from mxtrain.ops.convolution import columns
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, fake_cudnn, needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import Case

CASES = [
    Case({"data": (2, 1, 9, 8)}, {"kernel": 5, "num_filter": 6}),
    Case({"data": (2, 3, 7, 8)}, {"kernel": 3, "num_filter": 5, "pad": 1}),
    Case({"data": (3, 3, 12, 11)}, {"kernel": (7, 5), "num_filter": 8, "stride": 2, "pad": (3, 2), "no_bias": True}),
    Case({"data": (2, 8, 5, 6)}, {"kernel": 3, "num_filter": 16, "pad": 1}),
    Case(
        {"data": (2, 8, 11, 9)}, {"kernel": (3, 2), "num_filter": 4, "stride": (2, 1), "dilate": (1, 2), "pad": (0, 2)}
    ),
    Case({"data": (1, 16, 11, 11)}, {"kernel": 3, "num_filter": 4, "dilate": 2, "pad": 2, "no_bias": True}),
    Case({"data": (2, 16, 8, 7)}, {"kernel": 1, "num_filter": 8, "stride": 2}),
    Case({"data": (2, 4, 8, 9)}, {"kernel": (1, 2), "num_filter": 3, "stride": 3, "pad": 1}),
]


@pytest.fixture
def preferred(monkeypatch):
    """What is chosen wherever it is offered."""
    monkeypatch.setattr(
        "mxtrain.ops.convolution.cuda.fastest",
        lambda device, node, made: made.get("columns") or next(r for r in made.values() if r),
    )


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_windows_as_rows(case, dtype, rng, preferred):
    forward = case.shapes["data"][1] < 8 and dtype != "float32"
    with fake_cudnn(), fake_cublaslt():
        kernels = check_on(fake_device(), "convolution", case, rng, dtype)
    assert sum(k.startswith("cuda:columns:cublaslt") for k in kernels) == 1 + forward, kernels


def image(shape, dtype="bfloat16", layout=CHANNELS_LAST):
    return TensorType(shape, dtype, layout)


def problem(x, filters, kernel, out, **more):
    (n, channels, *_), dtype = x.shape, x.dtype
    given = {"stride": (1, 1), "dilate": (1, 1), "pad": (0, 0), **more}
    w, y = image((filters, channels, *kernel), dtype), image((n, filters, *out), dtype, x.layout)
    return cuda.Problem(x, w, y, **given)


SMALL = problem(image((128, 64, 8, 8)), 64, (3, 3), (8, 8), pad=(1, 1))


@pytest.mark.parametrize(
    ("p", "taken"),
    [
        (SMALL, True),
        (problem(image((128, 64, 8, 8)), 64, (1, 1), (8, 8)), False),
        (problem(image((128, 64, 8, 8)), 64, (1, 1), (4, 4), stride=(2, 2)), True),
        (SMALL._replace(groups=2), False),
        (SMALL._replace(y=image((128, 64, 8, 8), "float32")), False),
        (problem(image((128, 64, 8, 8), layout=TensorType((1,)).layout), 64, (3, 3), (6, 6)), False),
        (problem(image((128, 64, 56, 56)), 64, (3, 3), (56, 56), pad=(1, 1)), False),
    ],
)
def test_what_is_taken(p, taken):
    assert columns.takes(p) == taken


def test_forward_is_for_few_channels_of_narrow_types():
    few = problem(image((128, 3, 32, 32)), 16, (3, 3), (30, 30))
    assert columns.takes_forward(few) and not columns.takes_forward(SMALL)
    assert not columns.takes_forward(problem(image((128, 3, 32, 32), "float32"), 16, (3, 3), (30, 30)))


def test_without_the_library_of_products_there_is_none():
    assert columns.backward_filter(fake_device(), SMALL, True) is None
    assert columns.forward(fake_device(), SMALL, False, None) is None
