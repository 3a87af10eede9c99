from __future__ import annotations

import numpy as np

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

IMAGE = np.array([[[[1.0, 4, 3, 6], [1, 8, 8, 9], [0, 4, 1, 5], [1, 0, 1, 3]]]])


def test_contract(rng):
    check_operator("bilinear_sampler", Case({"data": (2, 3, 5, 6), "grid": (2, 2, 4, 3)}), rng)


def test_outside_the_image_it_is_0():
    y, x = np.meshgrid(np.linspace(-2, 2, 4), np.linspace(-2, 2, 4), indexing="ij")
    out = forward("bilinear_sampler", {}, data=IMAGE, grid=np.stack([x, y])[None])
    np.testing.assert_allclose(out, [[[[0] * 4, [0, 3.5, 6.5, 0], [0, 1.25, 2.5, 0], [0] * 4]]])


def test_shapes():
    assert inferred("bilinear_sampler", {}, (2, 3, 5, 6), (None, None, 4, 3)) == (
        [(2, 3, 5, 6), (2, 2, 4, 3)],
        (2, 3, 4, 3),
    )
