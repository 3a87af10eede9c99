from __future__ import annotations

import dataclasses
import json
import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import ConfigError, FormatError
from mxtrain.data import decoders, image, pipeline, resizers
from mxtrain.data.augmenter import Finish, ImageSpec
from mxtrain.data.pipeline import Preprocess, from_json, prepare

ENCODED = ImageSpec(None, None, 3)
IMAGENET = [
    ("random_resized_crop", {"size": 32}),
    ("flip", {}),
    ("normalize", {"mean": [123, 117, 104], "std": [58, 57, 57]}),
]


def test_training(steps):
    made = prepare(steps(*IMAGENET), ENCODED, training=True)
    assert [s.name for s in made.steps] == ["random_resized_crop", "flip"]
    assert (made.channels, made.size) == (3, (32, 32))
    assert (made.decoder, made.resizer) == (decoders.best(), resizers.best())
    assert made.finish == Finish((123.0, 117.0, 104.0), (58.0, 57.0, 57.0), 1.0)


def test_evaluation_replaces_the_random_ones(steps):
    made = prepare(steps(*IMAGENET), ENCODED, training=False)
    assert [s.name for s in made.steps] == ["resize", "center_crop"]
    assert made.size == (32, 32)
    assert not any(s.augmenter.random for s in made.steps)


def test_normalize_must_be_the_last(steps):
    with pytest.raises(ConfigError, match="normalize: must be the last"):
        prepare(steps(("normalize", {"std": 255}), ("flip", {})), ImageSpec(4, 4, 1), training=True)


def test_images_must_end_in_one_size(steps):
    with pytest.raises(ConfigError, match=r"images of different sizes \(\? x \? x 3\) cannot form a batch"):
        prepare(steps(("resize", {"shorter_edge": 256}), ("flip", {})), ENCODED, training=True)


def test_all_problems_at_once(steps):
    with pytest.raises(ConfigError) as error:
        prepare(steps(("normalize", {}), ("center_crop", {"size": 9})), ImageSpec(4, 12, 1), training=True)
    assert len(error.value.problems) == 2


def test_samples_that_are_no_images(steps):
    assert prepare(steps(("normalize", {"std": 2})), None, training=True) == Preprocess(finish=Finish(std=(2.0,)))
    with pytest.raises(ConfigError, match="flip: works on images only"):
        prepare(steps(("flip", {})), None, training=True)
    with pytest.raises(ConfigError, match="no channels"):
        prepare(steps(("normalize", {"mean": [1, 2, 3]})), None, training=True)


@pytest.mark.parametrize("training", [True, False])
def test_json_there_and_back(steps, training):
    made = prepare(steps(*IMAGENET), ENCODED, training=training)
    assert from_json(made.to_json()) == made


def test_prediction_from_the_json_alone(steps, rng, encode):
    made = prepare(steps(*IMAGENET), ENCODED, training=False)
    data = encode(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8), "JPEG")
    np.testing.assert_array_equal(from_json(made.to_json()).decode(data), made.decode(data))
    assert made.decode(data).shape == (32, 32, 3)


@pytest.mark.parametrize("name", ["pillow", "simplejpeg"])
def test_the_decoder_that_is_named_decodes(name, steps, encode, monkeypatch):
    asked = []
    load = decoders.load
    monkeypatch.setattr(decoders, "load", lambda *asked_for: asked.append(asked_for) or load(*asked_for))
    made = dataclasses.replace(
        prepare(steps(("center_crop", {"size": 8})), ENCODED, training=True), decoder=name, gpu=2
    )
    for _ in range(2):
        made.decode(encode(np.zeros((9, 9, 3), np.uint8), "JPEG"))
    assert asked == [(name, 2)]


@pytest.mark.parametrize("name", resizers.PREFERRED)
def test_the_resizer_that_is_named_scales(name, steps, rng, monkeypatch):
    asked = []
    load = resizers.load
    monkeypatch.setattr(resizers, "load", lambda name: asked.append(name) or load(name))
    made = dataclasses.replace(prepare(steps(("resize", {"size": 4})), ENCODED, training=True), resizer=name)
    image = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    made.apply(image, [np.empty(0)])
    made.apply_batch(image[None], [np.empty((1, 0))])
    assert asked == [name, name]


def test_a_library_that_is_missing_is_replaced_and_said(steps, rng, encode, caplog):
    made = prepare(steps(("resize", {"size": 16})), ENCODED, training=False)
    record = {**json.loads(made.to_json()), "decoder": "libfast", "resizer": "opencv"}
    with caplog.at_level(logging.WARNING):
        read = from_json(json.dumps(record))
    assert [r.getMessage().partition(",")[0] for r in caplog.records] == [
        "images were decoded by libfast", "images were scaled by opencv"
    ]  # fmt: skip
    assert (read.decoder, read.resizer) == ("libfast", "opencv")
    data = encode(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8), "JPEG")
    pillow = dataclasses.replace(made, decoder="pillow", resizer="pillow")
    np.testing.assert_array_equal(read.decode(data), pillow.decode(data))


def test_which_gpu_decodes_is_no_part_of_the_record(steps):
    made = prepare(steps(*IMAGENET), ENCODED, training=True)
    elsewhere = dataclasses.replace(made, gpu=1)
    assert "gpu" not in json.loads(elsewhere.to_json())
    assert from_json(elsewhere.to_json()) == made == elsewhere and from_json(elsewhere.to_json()).gpu == 0


def test_libraries_that_are_there_need_no_word(steps, caplog):
    with caplog.at_level(logging.WARNING):
        from_json(prepare(steps(*IMAGENET), ENCODED, training=False).to_json())
    assert not caplog.records


def test_records_from_before_there_was_a_choice_of_resizers(steps):
    record = json.loads(prepare(steps(*IMAGENET), ENCODED, training=True).to_json())
    del record["resizer"]
    assert from_json(json.dumps(record)).resizer == "pillow"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 2}, "version 2, this program reads version 1"),
        ({"steps": [{"name": "os.system", "params": {}}]}, "no augmenter 'os.system'"),
        ({"steps": [{"name": "resize", "params": {"size": 0}}]}, "size"),
        ({"steps": [{"name": "flip", "params": {"__class__": 1}}]}, "__class__"),
        ({"steps": 3}, "not what mxtrain writes"),
        ({"size": [1]}, "not what mxtrain writes"),
        ({"finish": None}, "not what mxtrain writes"),
        ({"finish": {"mean": [0], "std": [0], "scale": 1}}, "std above 0"),
        ({"finish": {"mean": [float("nan")], "std": [1], "scale": 1}}, "must be finite"),
    ],
)
def test_damaged_json(steps, change, text):
    record = json.loads(prepare(steps(*IMAGENET), ENCODED, training=True).to_json())
    with pytest.raises(FormatError, match=text):
        from_json(json.dumps({**record, **change}))


@given(
    st.text(max_size=40) | st.recursive(st.none() | st.integers(), lambda s: st.lists(s, max_size=3)).map(json.dumps)
)
def test_any_text_is_a_clean_error(text):
    with pytest.raises(FormatError):
        from_json(text)


def test_draws_depend_on_seed_epoch_and_position_only(steps):
    made = prepare(steps(("flip", {}), ("random_crop", {"size": 4, "pad": 1})), ImageSpec(4, 4, 1), training=True)
    whole = made.draw(5, 2, 0, 100)
    part = made.draw(5, 2, 30, 10)
    for a, b in zip(whole, part, strict=True):
        np.testing.assert_array_equal(a[30:40], b)
    for seed, epoch in ((6, 2), (5, 3)):
        assert not np.array_equal(made.draw(seed, epoch, 0, 100)[1], whole[1])


def test_two_steps_of_one_kind_draw_differently(steps):
    made = prepare(steps(("flip", {}), ("flip", {"direction": "vertical"})), ImageSpec(4, 4, 1), training=True)
    first, second = made.draw(0, 0, 0, 200)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("entries", "shape"),
    [
        ([("resize", {"shorter_edge": 16}), ("center_crop", {"size": 16})], (16, 24)),
        ([("gray", {}), ("flip", {}), ("resize", {"size": 16})], (16, 24)),
        ([("center_crop", {"size": 16}), ("resize", {"size": 4})], (128, 192)),
    ],
)
def test_jpegs_are_decoded_no_larger_than_needed(steps, entries, shape, encode, monkeypatch):
    seen = []
    whole = image.decode

    def watch(*args, **kwargs):
        seen.append(whole(*args, **kwargs).shape[:2])
        return whole(*args, **kwargs)

    monkeypatch.setattr(pipeline.images, "decode", watch)
    made = prepare(steps(*entries), ENCODED, training=True)
    made.decode(encode(np.zeros((128, 192, 3), np.uint8), "JPEG"), [d[0] for d in made.draw(0, 0, 0, 1)])
    assert seen == [shape]


def test_a_step_without_a_batch_way_is_run_image_by_image(steps, rng):
    made = prepare(steps(("resize", {"size": 5}), ("flip", {})), ImageSpec(9, 8, 1), training=True)
    images = rng.integers(0, 256, (10, 9, 8, 1), dtype=np.uint8)
    values = made.draw(0, 0, 0, 10)
    single = [made.apply(i, [v[n] for v in values]) for n, i in enumerate(images)]
    np.testing.assert_array_equal(made.apply_batch(images, values), np.stack(single))
