"""Each operation against Pillow's own functions and against the sizes that torchvision documents."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from mxtrain.data.augment import _operations, rand_augment, trivial_augment

RAND, TRIVIAL = rand_augment._LARGEST, trivial_augment._LARGEST
NUMBER = {name: i for i, name in enumerate(_operations.OPERATIONS)}


def run(image, name, strength, largest=RAND, negative=False):
    return _operations.run(image, [(NUMBER[name], strength, negative)], largest, "nearest", 7)


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (66, 331, 3), dtype=np.uint8)


def test_there_are_fourteen():
    assert len(NUMBER) == 14


@pytest.mark.parametrize(
    ("name", "kind"),
    [("brightness", "Brightness"), ("color", "Color"), ("contrast", "Contrast"), ("sharpness", "Sharpness")],
)
@pytest.mark.parametrize(
    ("largest", "strength", "negative", "factor"),
    [(RAND, 10, False, 1.3), (RAND, 30, True, 1 - 0.9), (TRIVIAL, 30, False, 1.99), (TRIVIAL, 0, True, 1.0)],
)
def test_enhancements(image, name, kind, largest, strength, negative, factor):
    expected = getattr(ImageEnhance, kind)(Image.fromarray(image)).enhance(factor)
    np.testing.assert_array_equal(run(image, name, strength, largest, negative), np.asarray(expected))


@pytest.mark.parametrize(("largest", "strength", "pixels"), [(RAND, 30, 150), (RAND, 10, 50), (TRIVIAL, 15, 16)])
def test_moves(image, largest, strength, pixels):
    right = run(image, "translate_x", strength, largest)
    np.testing.assert_array_equal(right[:, pixels:], image[:, :-pixels])
    assert (right[:, :pixels] == 7).all()
    left = run(image, "translate_x", strength, largest, negative=True)
    np.testing.assert_array_equal(left[:, :-pixels], image[:, pixels:])


def test_moves_down_are_parts_of_the_height(image):
    down = run(image, "translate_y", 30)
    np.testing.assert_array_equal(down[29:], image[:-29])
    assert (down[:29] == 7).all()


@pytest.mark.parametrize(("largest", "degrees"), [(RAND, 30), (TRIVIAL, 135)])
def test_turns(image, largest, degrees):
    expected = Image.fromarray(image).rotate(-degrees, fillcolor=(7, 7, 7))
    np.testing.assert_array_equal(run(image, "rotate", 30, largest, negative=True), np.asarray(expected))


@pytest.mark.parametrize(("largest", "ratio"), [(RAND, 0.3), (TRIVIAL, 0.99)])
def test_shears_keep_the_upper_left_corner(image, largest, ratio):
    picture = Image.fromarray(image)
    for name, matrix in (("shear_x", (1, ratio, 0, 0, 1, 0)), ("shear_y", (1, 0, 0, ratio, 1, 0))):
        expected = picture.transform(picture.size, Image.Transform.AFFINE, matrix, fillcolor=(7, 7, 7))
        np.testing.assert_array_equal(run(image, name, 30, largest), np.asarray(expected))


@pytest.mark.parametrize(
    ("largest", "strength", "bits"), [(RAND, 0, 8), (RAND, 9, 7), (RAND, 30, 4), (TRIVIAL, 30, 2), (TRIVIAL, 15, 5)]
)
def test_posterize(image, largest, strength, bits):
    np.testing.assert_array_equal(
        run(image, "posterize", strength, largest, negative=True), image & (256 - (1 << (8 - bits)))
    )


@pytest.mark.parametrize("strength", range(31))
def test_solarize(image, strength):
    threshold = 255 - 255 * strength / 30
    expected = ImageOps.solarize(Image.fromarray(image), round(threshold, 6))
    np.testing.assert_array_equal(run(image, "solarize", strength), np.asarray(expected))


@pytest.mark.parametrize(("name", "kind"), [("auto_contrast", "autocontrast"), ("equalize", "equalize")])
def test_histograms(image, name, kind):
    narrow = image // 3 + 40
    expected = getattr(ImageOps, kind)(Image.fromarray(narrow))
    np.testing.assert_array_equal(run(narrow, name, 3), np.asarray(expected))


@pytest.mark.parametrize("name", list(NUMBER))
def test_gray_stays_gray(name, rng):
    gray = rng.integers(40, 200, (20, 30, 1), dtype=np.uint8)
    out = run(gray, name, 20)
    assert out.shape == gray.shape
    assert (out == gray).all() == (name in ("identity", "color"))
