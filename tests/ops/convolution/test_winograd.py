"""Winograd's convolution, in all three directions, against the reference; and when it is chosen."""

import numpy as np
import pytest

from mxtrain.ops.convolution import winograd
from mxtrain.ops.convolution.onednn import fast
from mxtrain.ops.convolution.tiled import Filters, filters_layout
from mxtrain.ops.convolution.winograd import AT, BT, G, Shape, worth
from tests.contract.operators import FAST, Case, build, check_operator

SMALL = [
    Case({"data": (2, 32, 9, 8)}, {"kernel": 3, "num_filter": 24, "pad": 1}, fast=True),
    Case({"data": (1, 16, 6, 7)}, {"kernel": 3, "num_filter": 24, "no_bias": True}, fast=True),
    Case({"data": (3, 8, 5, 14)}, {"kernel": 3, "num_filter": 20, "pad": 2}, fast=True),
    Case({"data": (2, 8, 13, 13)}, {"kernel": 3, "num_filter": 20, "pad": (1, 0)}, fast=True),
]
LARGE = Case({"data": (2, 128, 14, 14)}, {"kernel": 3, "num_filter": 136, "pad": 1}, fast=True)


def test_the_matrices_give_a_correlation(rng):
    d, g = rng.standard_normal(6), rng.standard_normal(3)
    y = np.array(AT) @ ((np.array(G) @ g) * (np.array(BT) @ d))
    np.testing.assert_allclose(y, np.correlate(d, g, "valid"), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_contract(case, rng, monkeypatch):
    monkeypatch.setattr(winograd, "worth", lambda s, summed=False: True)
    check_operator("convolution", case, rng)


@pytest.mark.parametrize("cache", [1, 70_000, 150_000, 300_000])
def test_chunks_of_any_size_give_the_same(cache, rng, monkeypatch):
    monkeypatch.setattr(winograd, "worth", lambda s, summed=False: True)
    monkeypatch.setattr(winograd, "CACHE", cache)
    check_operator("convolution", SMALL[2], rng)


@pytest.mark.parametrize("cache", [1, 100_000, 300_000, 10_000_000])
def test_chunks_cover_every_row_of_tiles_once(cache, monkeypatch):
    monkeypatch.setattr(winograd, "CACHE", cache)
    s = Shape(5, (14, 9), (14, 9), (1, 1), 32, 32)
    rows = [(k.image + b, k.first + i) for k in s.chunks for b in range(k.images) for i in range(k.rows)]
    assert sorted(rows) == [(b, i) for b in range(5) for i in range(4)]
    assert max(k.lines for k in s.chunks) == s.chunks[0].lines


def test_the_rule_takes_a_convolution_of_many_channels(rng, monkeypatch):
    monkeypatch.setattr(winograd, "LEAST", 0)
    recipe = fast(build("convolution", LARGE, "float32"), FAST)
    assert recipe.name == "onednn:winograd"
    check_operator("convolution", LARGE, rng)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (Shape(8, (56, 56), (56, 56), (1, 1), 256, 256), True),
        (Shape(8, (14, 14), (14, 14), (1, 1), 512, 512), True),
        (Shape(1, (14, 14), (14, 14), (1, 1), 512, 512, threads=2), False),
        (Shape(8, (224, 224), (224, 224), (1, 1), 64, 64), False),
        (Shape(8, (224, 224), (224, 224), (1, 1), 3, 64), False),
        (Shape(128, (32, 32), (32, 32), (1, 1), 16, 16), False),
        (Shape(8, (5, 5), (5, 5), (1, 1), 512, 512), False),
        (Shape(1, (28, 28), (28, 28), (1, 1), 128, 128), False),
        (Shape(1, (28, 28), (28, 28), (1, 1), 256, 512, threads=2), True),
    ],
)
def test_the_rule_weighs_products_against_transforms(shape, expected):
    assert worth(shape) is expected


def test_few_tiles_are_not_worth_the_sums_of_many_filters():
    s = Shape(16, (7, 7), (7, 7), (1, 1), 512, 512, threads=2)
    assert worth(s) and not worth(s, summed=True)


def test_transformed_filters_are_one_layout():
    s = Shape(1, (8, 8), (8, 8), (1, 1), 4, 6)
    assert filters_layout(s, rotated=True) == filters_layout(s._replace(n=9), rotated=True)
    assert filters_layout(s, rotated=True).key != Filters(False)
