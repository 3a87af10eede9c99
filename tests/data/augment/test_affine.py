from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.random import words
from mxtrain.data.augment import REGISTRY
from mxtrain.data.augment.affine import AUGMENTER, Params

NAMES = ("degrees", "down", "right", "scale", "shear")


def run(image, params=None, **values):
    drawn = {"degrees": 0, "down": 0, "right": 0, "scale": 1, "shear": 0, **values}
    return AUGMENTER.apply(params or Params(degrees=1, fill=7), image, np.array([drawn[n] for n in NAMES], np.float32))


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)


def test_moves_are_parts_of_the_size(image):
    out = run(image, down=0.25, right=-0.25)
    np.testing.assert_array_equal(out[2:, :9], image[:6, 3:])
    assert (out[:2] == 7).all()
    assert (out[:, 9:] == 7).all()


def test_scale_above_one_enlarges(image):
    out = run(image, Params(scale=[1, 2], method="nearest"), scale=2)
    np.testing.assert_array_equal(out, np.kron(image[2:6, 3:9], np.ones((2, 2, 1), np.uint8)))


@pytest.mark.parametrize(("name", "value", "given"), [("rotate", [33], "degrees"), ("shear", [0.4, 0], "shear")])
def test_one_of_them_alone_is_the_augmenter_of_its_name(name, value, given, image):
    single = REGISTRY.get(name)
    params = single.params(**({"degrees": 90} if name == "rotate" else {"horizontal": 1}))
    expected = single.apply(params, image, np.array(value, np.float32))
    np.testing.assert_array_equal(run(image, Params(degrees=90), **{given: value[0]}), expected)


def test_slanted_first_then_turned(rng):
    blocks = np.kron(rng.integers(0, 256, (16, 16, 1)), np.ones((6, 6, 1))).astype(np.uint8)
    params = Params(degrees=90, method="nearest")
    both = run(blocks, params, degrees=90, shear=0.5)
    np.testing.assert_array_equal(both, run(run(blocks, params, shear=0.5), params, degrees=90))


def test_draws_stay_in_their_ranges():
    params = Params(degrees=[0, 10], translate=[0.1, 0.2], scale=[0.5, 2], shear=[-0.3, 0])
    values = AUGMENTER.draw(params, words((1, 1), 0, 0, 3000, 5))
    np.testing.assert_allclose(values.min(axis=0), [0, -0.1, -0.2, 0.5, -0.3], atol=0.01)
    np.testing.assert_allclose(values.max(axis=0), [10, 0.1, 0.2, 2, 0], atol=0.01)
    assert (np.abs(np.corrcoef(values.T) - np.eye(5)) < 0.08).all()


@pytest.mark.parametrize("wrong", [{}, {"fill": 3}, {"scale": [0, 1]}, {"scale": [2, 1]}, {"translate": 1.5}])
def test_bad_values(wrong):
    with pytest.raises(ValidationError):
        Params(**wrong)
