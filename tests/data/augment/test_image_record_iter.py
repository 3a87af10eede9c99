from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.errors import ConfigError
from mxtrain.base.random import words
from mxtrain.data.augment import _record_choices, image_record_iter_eval
from mxtrain.data.augment.image_record_iter import AUGMENTER, Params
from mxtrain.data.augmenter import Finish, ImageSpec
from mxtrain.data.pipeline import from_json, prepare

COUNT = 500
SHAPE = {"data_shape": [3, 8, 9]}
IMAGENET = {
    "data_shape": "(3, 8, 9)", "random_resized_crop": True, "min_random_area": 0.1, "max_aspect_ratio": 0.25,
    "rand_mirror": 1, "mean_r": 123, "mean_g": 117, "mean_b": 104, "std_r": 58, "scale": 2,
}  # fmt: skip


def choices(**given):
    params = Params(**{**SHAPE, **given})
    values = AUGMENTER.draw(params, words((3, 4), 0, 0, COUNT, AUGMENTER.words))
    return [_record_choices.choose(params, v) for v in values]


def outputs(image, **given):
    params = Params(**{**SHAPE, **given})
    values = AUGMENTER.draw(params, words((3, 4), 0, 0, COUNT, AUGMENTER.words))
    return np.stack([AUGMENTER.apply(params, image, v) for v in values])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"rand_crop": True, "max_random_scale": 2}, "random_resized_crop conflicts with rand_crop, max_random_scale"),
        ({"min_crop_size": 4, "max_crop_size": 5}, "random_resized_crop conflicts with min_crop_size, max_crop_size"),
        ({"min_random_area": 2}, "min_random_area 2 is above max_random_area 1"),
        ({"max_aspect_ratio": 1}, r"they stand for \[0, 2\], which must rise"),
        ({"min_aspect_ratio": 2, "max_aspect_ratio": 1}, r"they stand for \[2, 1\]"),
    ],
)
def test_what_random_resized_crop_excludes(given, reason):
    with pytest.raises(ValidationError, match=reason):
        Params(**SHAPE, random_resized_crop=True, **given)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"max_crop_size": 5}, "min_crop_size -1, max_crop_size 5: give both"),
        ({"min_crop_size": 6, "max_crop_size": 5}, "the smaller first"),
        ({"data_shape": [4, 8, 8]}, "1 or 3 channels, 4 are asked for"),
        ({"data_shape": [1, 8, 8], "contrast": 1, "random_h": 2}, "contrast, random_h: for colors"),
        ({"inter_method": 0, "rotate": 3}, "inter_method 0 .nearest. cannot turn"),
        ({"inter_method": 5}, "inter_method"),
        ({"resize": 0}, "resize: must be -1"),
        ({"min_img_size": 9, "max_img_size": 8}, "min_img_size 9 is above"),
        ({"max_crop_size": 5, "resize": 0}, "resize.*; min_crop_size"),
        ({"data_shape": "3,8"}, "data_shape"),
        ({"std_r": 0}, "std_r"),
        ({"path_imgrec": "a.rec"}, "path_imgrec"),
    ],
)
def test_bad_values(given, reason):
    with pytest.raises(ValidationError, match=reason):
        Params(**{**SHAPE, **given})


def test_defaults_change_nothing_but_the_size(rng):
    image = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
    assert (outputs(image) == image[2:10, :9]).all()


def test_a_shape_and_angles_as_text():
    assert Params(data_shape="3,8,9", rotate_list="0, 90") == Params(data_shape=[3, 8, 9], rotate_list=[0, 90])


def test_every_place_and_both_sides_come(rng):
    image = rng.integers(0, 256, (9, 11, 3), dtype=np.uint8)
    seen = {o.tobytes() for o in outputs(image, rand_crop=True, rand_mirror=True)}
    places = [image[y : y + 8, x : x + 9] for y in range(2) for x in range(3)]
    assert seen == {np.ascontiguousarray(p[:, ::d]).tobytes() for p in places for d in (1, -1)}


def test_amounts_fill_their_ranges():
    made = choices(
        max_shear_ratio=0.2, max_rotate_angle=3, max_random_scale=2, min_random_scale=0.5, max_aspect_ratio=0.25,
        min_crop_size=4, max_crop_size=6, random_h=10, random_l=20, random_s=30, inter_method=10, brightness=0.4,
        max_random_contrast=0.5, max_random_illumination=8,
    )  # fmt: skip
    assert {c.angle for c in made} == set(range(-3, 4))
    assert {c.crop for c in made} == {4, 5, 6}
    assert {m for c in made for m in c.methods} == set(range(5))
    for amounts, low, high in (
        ([c.shear for c in made], -0.2, 0.2),
        ([c.scale for c in made], 0.5, 2),
        ([c.ratio for c in made], 0.75, 1.25),
        ([f for c in made for _, f in c.jitter], 0.6, 1.4),
        ([c.contrast for c in made], 0.5, 1.5),
        ([c.illumination for c in made], -8, 8),
        ([c.hls[0] for c in made], -10, 10),
        ([c.hls[1] for c in made], -20, 20),
        ([c.hls[2] for c in made], -30, 30),
    ):
        assert low <= min(amounts) < low + 0.15 * (high - low)
        assert high - 0.15 * (high - low) < max(amounts) <= high


def test_brightness_contrast_and_saturation_in_every_order():
    made = choices(brightness=0.1, contrast=0.1, saturation=0.1)
    assert len({tuple(what for what, _ in c.jitter) for c in made}) == 6


def test_windows_have_their_area_and_both_proportions():
    windows = [c.windows[0] for c in choices(**{**IMAGENET, "min_aspect_ratio": 0.5, "max_aspect_ratio": 0.8})]
    assert all(0.1 <= w.area <= 1 and 0.5 <= w.ratio <= 0.8 for w in windows)
    assert {w.exchanged for w in windows} == {True, False}


def test_angles_of_a_list_come_before_the_others():
    assert {c.angle for c in choices(rotate_list=[5, 50], rotate=7, max_rotate_angle=9)} == {5, 50}
    assert {c.angle for c in choices(rotate=7, max_rotate_angle=9)} == {7}


def test_random_contrast_and_illumination_are_about_the_mean(rng):
    image = rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    given = {"mean_r": 100, "mean_g": 110, "mean_b": 120, "max_random_contrast": 0.5, "max_random_illumination": 9}
    for out, choice in zip(outputs(image, **given), choices(**given), strict=True):
        expected = (image - np.array([100, 110, 120.0])) * choice.contrast + choice.illumination + [100, 110, 120]
        np.testing.assert_allclose(out, expected.clip(0, 255), rtol=0, atol=0.501)


def test_the_pipeline_runs_it_and_makes_floats(steps):
    made = prepare(steps(("image_record_iter", IMAGENET)), ImageSpec(None, None, 3), training=True)
    assert [s.name for s in made.steps] == ["image_record_iter"]
    assert (made.channels, made.size) == (3, (8, 9))
    assert made.finish == Finish((123.0, 117.0, 104.0), (58.0, 1.0, 1.0), 2.0)
    assert from_json(made.to_json()) == made


def test_in_evaluation_a_margin_and_the_middle(steps, rng):
    made = prepare(steps(("image_record_iter", IMAGENET)), ImageSpec(None, None, 3), training=False)
    assert [s.name for s in made.steps] == ["image_record_iter_eval"]
    assert made.finish.scale == 2
    assert from_json(made.to_json()) == made
    image = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
    params = Params(**SHAPE, resize=10)
    np.testing.assert_array_equal(
        made.apply(image, [np.empty(0)]), image_record_iter_eval.apply(params, image, np.empty(0))
    )


def test_it_must_be_the_last(steps):
    with pytest.raises(ConfigError, match="image_record_iter: must be the last augmenter"):
        prepare(steps(("image_record_iter", SHAPE), ("flip", {})), ImageSpec(None, None, 3), training=True)


def test_it_is_for_images(steps):
    with pytest.raises(ConfigError, match="image_record_iter: works on images only"):
        prepare(steps(("image_record_iter", SHAPE)), None, training=True)
    with pytest.raises(ConfigError, match="image_record_iter: works on images with 1 or 3 channels, these have 2"):
        AUGMENTER.infer(Params(**SHAPE), ImageSpec(9, 9, 2))
