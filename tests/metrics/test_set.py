"""The metrics of a run: padding, names, saving and going on."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from mxtrain.base.errors import CheckpointError, ConfigError, ShapeError
from mxtrain.metrics import REGISTRY, Metric, MetricSet, Shown, get


def shown(name, key=None, label=None, output=None, **params):
    metric = get(name)
    return Shown(key or name, metric, metric.params(**params), label, output)


@pytest.fixture
def usual():
    return lambda: MetricSet([shown("accuracy"), shown("top_k", "top_2", k=2), shown("cross_entropy")])


def test_every_metric_of_the_folder():
    assert REGISTRY.names() == (
        "accuracy", "cross_entropy", "f1", "mae", "mcc", "mse", "nll", "pearson", "perplexity", "rmse", "top_k",
    )  # fmt: skip
    for name in REGISTRY.names():
        metric = get(name)
        assert isinstance(metric, Metric)
        assert metric.name == name
        assert metric.better == (
            "lower" if name in ("mse", "rmse", "mae", "nll", "cross_entropy", "perplexity") else "higher"
        )
        names = metric.sum_names(metric.params())
        assert len(set(names)) == len(names)
        assert math.isnan(metric.value(metric.params(), np.zeros(len(names))))


def test_unknown_metric_names_the_nearest():
    with pytest.raises(ConfigError, match="no metric 'acuracy'; did you mean 'accuracy'"):
        get("acuracy")


def test_padding_is_not_counted(usual, probabilities, rng):
    p, y = probabilities(10, 4), rng.integers(0, 4, 10)
    plain, padded = usual(), usual()
    plain.update({"y": y}, {"p": p})
    padded.update({"y": y[:8]}, {"p": p[:8]}, valid=8)
    padded.update({"y": np.r_[y[8:], [77, -5]]}, {"p": np.r_[p[8:], np.full((2, 4), np.nan)]}, valid=2)
    assert padded.totals.tobytes() == plain.totals.tobytes()
    assert list(plain.values()) == ["accuracy", "top_2", "cross_entropy"]


def test_small_batches_wait_for_each_other_and_lose_nothing(usual, probabilities, rng):
    whole, one_by_one = usual(), usual()
    sizes = [7] * 40 + [3] + [7] * 5
    p, y = probabilities(sum(sizes), 4), rng.integers(0, 4, sum(sizes))
    whole.update({"y": y}, {"p": p})
    at, calls = 0, []
    measure = one_by_one._count
    one_by_one._count = lambda *args: (calls.append(1), measure(*args))
    for size in sizes:
        label, output = y[at : at + size].copy(), p[at : at + size].copy()
        one_by_one.update({"y": label}, {"p": output})
        # The net writes the next predictions into the same memory.
        label[:], output[:] = 0, 0
        at += size
    assert len(calls) < 10
    assert one_by_one.totals.tobytes() == whole.totals.tobytes()
    assert one_by_one.values() == whole.values() and one_by_one.state() == whole.state()


def test_what_waits_is_forgotten_and_replaced_with_the_rest(usual, probabilities, rng):
    s, y, p = usual(), rng.integers(0, 4, 8), probabilities(8, 4)
    for _ in range(3):
        s.update({"y": y}, {"p": p})
    saved = s.state()
    s.update({"y": y}, {"p": p})
    s.restore(saved)
    assert s.state() == saved
    s.update({"y": y}, {"p": p})
    s.reset()
    assert s.totals.tobytes() == usual().totals.tobytes()


def test_padding_of_sequences(probabilities, rng):
    p, y = probabilities(12, 5), rng.integers(0, 5, (4, 3))
    cut, whole = MetricSet([shown("perplexity")]), MetricSet([shown("perplexity")])
    cut.update({"y": y}, {"p": p}, valid=3)
    whole.update({"y": y[:3]}, {"p": p[:9]})
    assert cut.totals.tobytes() == whole.totals.tobytes()


def test_padding_that_cannot_be_cut(probabilities):
    with pytest.raises(ShapeError, match=r"cannot take 2 samples from label \(3,\) and prediction \(4, 5\)"):
        MetricSet([shown("accuracy")]).update({"y": np.zeros(3)}, {"p": probabilities(4, 5)}, valid=2)
    with pytest.raises(ShapeError, match="cannot take 9 samples"):
        MetricSet([shown("accuracy")]).update({"y": np.zeros(4)}, {"p": probabilities(4, 5)}, valid=9)


def test_several_labels_and_outputs(rng):
    s = MetricSet(
        [shown("accuracy", "digit", "digit_label", "digit_output"), shown("mae", "size", "size_label", "size_output")]
    )
    labels = {"digit_label": np.array([0, 1]), "size_label": np.array([1.0, 3.0])}
    outputs = {"digit_output": np.array([[0.9, 0.1], [0.8, 0.2]]), "size_output": np.array([[2.0], [3.0]])}
    s.update(labels, outputs)
    assert s.values() == {"digit": 0.5, "size": 0.5}
    with pytest.raises(ConfigError, match="metric 'accuracy': give 'label', one of: digit_label, size_label"):
        MetricSet([shown("accuracy")]).update(labels, outputs)
    with pytest.raises(ConfigError, match="no output 'digits'; there are: digit_output, size_output"):
        MetricSet([shown("accuracy", label="digit_label", output="digits")]).update(labels, outputs)
    with pytest.raises(ConfigError, match="give 'label', one of: none"):
        MetricSet([shown("accuracy")]).update({}, outputs)


def test_two_of_one_name():
    with pytest.raises(ConfigError, match="'top_k' given more than once"):
        MetricSet([shown("top_k", k=1), shown("top_k", k=5)])


def test_saved_and_restored_bit_for_bit(usual, probabilities, rng):
    p, y = probabilities(50, 4), rng.integers(0, 4, 50)
    straight, first, second = usual(), usual(), usual()
    straight.update({"y": y}, {"p": p})
    first.update({"y": y[:20]}, {"p": p[:20]})
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    assert second.totals.tobytes() == first.totals.tobytes()
    second.update({"y": y[20:]}, {"p": p[20:]})
    assert second.totals.tobytes() == straight.totals.tobytes()
    assert second.values() == straight.values()


def test_infinite_sums_can_be_saved():
    a, b = MetricSet([shown("mae")]), MetricSet([shown("mae")])
    a.update({"y": np.zeros(2)}, {"p": np.array([math.inf, 1.0])})
    b.restore(json.loads(json.dumps(a.state(), allow_nan=False)))
    assert b.values() == {"mae": math.inf}


def test_reset(usual, probabilities):
    s = usual()
    s.update({"y": np.zeros(3)}, {"p": probabilities(3, 4)})
    s.reset()
    assert s.totals.tobytes() == usual().totals.tobytes()
    assert all(math.isnan(v) for v in s.values().values())


def test_wrong_state_changes_nothing(usual, probabilities):
    s = usual()
    s.update({"y": np.zeros(3)}, {"p": probabilities(3, 4)})
    before, good = s.totals.tobytes(), s.state()
    broken = [
        ({}, r"expected those of \['accuracy', 'top_2', 'cross_entropy'\], got those of \[\]"),
        ({**good, "top_2": {"correct": "0x0p+0"}}, "sums of 'top_2': expected correct, count, got correct"),
        ({**good, "top_2": {"correct": "0x0p+0", "count": "many"}}, "sums of 'top_2': not hexadecimal floats"),
        ({**good, "top_2": {"correct": 1.0, "count": "0x0p+0"}}, "sums of 'top_2': not hexadecimal floats"),
    ]
    for state, message in broken:
        with pytest.raises(CheckpointError, match=message):
            s.restore(state)
        assert s.totals.tobytes() == before
