"""What every metric must do: give the same bits however its samples are cut into batches and spread over workers."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.metrics import MetricSet, Shown, get


@pytest.fixture
def score(rng):
    """``score(name, label, prediction, **params)``: the metric, once batches and workers are seen not to change it."""

    def run(name, label, prediction, **params):
        metric = get(name)
        label, prediction = np.asarray(label), np.asarray(prediction)

        def counted(pieces, workers):
            sets = [MetricSet([Shown("m", metric, metric.params(**params))]) for _ in range(workers)]
            for i, piece in enumerate(pieces):
                sets[i % workers].update({"y": label[piece]}, {"p": prediction[piece]})
            for other in sets[1:]:
                sets[0].totals += other.totals
            assert len(sets[0].totals) == len(metric.sum_names(sets[0].shown[0].params))
            return sets[0]

        n = len(label)
        whole = counted([slice(None)], 1)
        for workers in (1, 3):
            cuts = np.sort(rng.integers(0, n + 1, size=4))
            pieces = [slice(a, b) for a, b in zip([0, *cuts], [*cuts, n], strict=True)]
            split = counted(pieces, workers)
            assert split.totals.tobytes() == whole.totals.tobytes()
            assert repr(split.values()) == repr(whole.values())
        one_by_one = counted([slice(i, i + 1) for i in reversed(range(n))], 2)
        assert one_by_one.totals.tobytes() == whole.totals.tobytes()
        return whole.values()["m"]

    return run


@pytest.fixture
def probabilities(rng):
    """``probabilities(*shape)``: float32 that add up to 1 along axis 1."""

    def make(*shape):
        p = rng.random(shape, dtype=np.float32) + np.float32(1e-3)
        return p / p.sum(axis=1, keepdims=True)

    return make
