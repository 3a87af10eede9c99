from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.augmenter import Finish
from mxtrain.data.batch import Batch
from mxtrain.train.feeder import Classes, Feeder
from tests.train.runs import LENET, images

PLAIN = Finish()


def plan(**shapes):
    return SimpleNamespace(inputs={n: np.full(s, 99, np.float32) for n, s in shapes.items()})


def batch(labels, valid=None, errors=None, inputs=None, name="label"):
    labels = np.asarray(labels, np.float32)
    ids = np.arange(100, 100 + len(labels))
    return Batch(inputs or {}, {name: labels}, len(labels) if valid is None else valid, ids, 0, errors or {})


def test_images_are_finished_and_turned(bench, rng):
    built = bench.built(
        net=LENET, input_shape=None, augment=[{"resize": {"size": 28}}, {"normalize": {"mean": 10, "std": 4}}]
    )
    pixels = rng.integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    target = plan(data=(5, 1, 28, 28), softmax_label=(5,))
    built.feeder(built.train).feed(target, batch([0, 1, 2, 0, 1], inputs={"data": pixels}, name="softmax_label"))
    expected = (pixels.transpose(0, 3, 1, 2).astype(np.float64) - 10) / 4
    np.testing.assert_allclose(target.inputs["data"], expected, rtol=1e-5, atol=1e-4)
    assert target.inputs["softmax_label"].tolist() == [0, 1, 2, 0, 1]


def test_labels_go_where_the_net_calls_them(rng):
    target = plan(y=(3,))
    Feeder(PLAIN, {}, {"label": "y"}).feed(target, batch([3, 1, 2]))
    assert target.inputs["y"].tolist() == [3, 1, 2]


def test_what_the_net_does_not_read_is_left_out():
    target = plan(data=(2, 3))
    Feeder(PLAIN).feed(target, batch([1, 2], inputs={"data": np.ones((2, 3), np.float32), "more": np.ones(2)}))
    assert target.inputs["data"].tolist() == [[1, 1, 1]] * 2


@pytest.mark.parametrize("bad", [3, -1, 1.5, np.nan, np.inf])
@pytest.mark.parametrize("known", [True, False], ids=["training", "prediction"])
def test_a_label_that_is_no_class(bad, known):
    target = plan(label=(4,)) if known else plan()
    with pytest.raises(DataError, match=rf"sample 102: label {bad:g} is no class of the net, which has 3 \(0 to 2\)"):
        Feeder(PLAIN, {"label": Classes(3)}).feed(target, batch([0, 2, bad, 1]))


def test_padding_and_unreadable_samples_are_not_looked_at():
    Feeder(PLAIN, {"label": Classes(3)}).feed(plan(), batch([0, 9, 2, 7], valid=3, errors={1: "damaged"}))


def test_an_ignored_label_may_be_no_class():
    feeder = Feeder(PLAIN, {"label": Classes(3, -1.0)})
    feeder.feed(plan(), batch([0, -1, 2]))
    with pytest.raises(DataError, match="sample 101: label -2"):
        feeder.feed(plan(), batch([0, -2, -1]))


def test_a_position_among_many():
    with pytest.raises(DataError, match="sample 101: label 5 is no class"):
        Feeder(PLAIN, {"label": Classes(3)}).feed(plan(), batch([[0, 1], [2, 5]]))


def test_a_run_names_the_sample(bench):
    pixels, labels = images(13, seed=1)
    labels[6] = 3
    bench.save("tiny", data=pixels, softmax_label=labels)
    with pytest.raises(DataError, match="sample 6: label 3 is no class of the net"):
        bench.fit()
    bench.save("val", data=pixels, softmax_label=labels)
    pixels, labels = images(37)
    bench.save("tiny", data=pixels, softmax_label=labels)
    with pytest.raises(DataError, match="sample 6: label 3 is no class of the net"):
        bench.fit()


def test_regression_takes_any_number(bench, rng):
    labels = rng.standard_normal(37).astype(np.float32) * 50
    bench.save("tiny", data=rng.random((37, 4), np.float32), softmax_label=labels)
    net = [{"fully_connected": {"num_hidden": 1}}, "linear_regression_output"]
    run = bench.fit(net=net, augment=None, metrics=["mse"], data={"val": None}, optimizer={"lr": 0.01})
    errors = [line["metrics"]["mse"] for line in run.lines("epoch")]
    assert errors[-1] < errors[0]
