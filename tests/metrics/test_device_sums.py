"""Metrics that a device sums say what they say on the host."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import metrics, ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.executor import bind
from mxtrain.graph import Graph, variable
from mxtrain.metrics import MetricSet, Shown
from mxtrain.passes import Options, compile_graph


def shown(name, **params):
    metric = metrics.get(name)
    return Shown(name, metric, metric.params(**params))


@pytest.mark.parametrize("names", [["accuracy"], ["cross_entropy"], ["perplexity", "cross_entropy", "accuracy"]])
def test_sums_of_a_device_count_like_the_arrays(rng, names):
    host, device = (MetricSet([shown(n) for n in names]) for _ in range(2))
    scores = rng.random((3, 9, 5), np.float32)
    scores /= scores.sum(2, keepdims=True)
    classes = rng.integers(0, 5, (3, 9)).astype(np.float32)
    label, output = (variable(n, TensorType(s), "state") for n, s in (("label", (9,)), ("out", (9, 5))))
    numbers = device.on_device({"label": (9,)}, {"out": (9, 5)})
    assert [device.shown[k].name for k in numbers] == [n for n in names if n != "perplexity"]
    entries = device.device_entries(numbers, {"label": label}, {"out": output})
    arrays = {"label": classes[0].copy(), "out": scores[0].copy()}
    compiled = compile_graph(
        Graph(tuple(entries.values())).check(), REFERENCE, vocabulary=ops.vocabulary(), options=Options(hoist=False)
    )
    plan = bind(compiled, REFERENCE, arrays.__getitem__)
    rest = [k for k in range(len(names)) if k not in numbers]
    for k in range(3):
        host.update({"label": classes[k]}, {"out": scores[k]})
        arrays["label"][...], arrays["out"][...] = classes[k], scores[k]
        plan.run()
        device.count_sums({n: float(a.reshape(-1)[0]) for n, a in zip(entries, plan.outputs, strict=True)}, 9)
        device.update({"label": classes[k]}, {"out": scores[k]}, only=rest)
    assert device.values() == pytest.approx(host.values(), rel=1e-6)


@pytest.mark.parametrize(
    ("label", "output", "params"), [((9, 5), (9, 5), {}), ((9,), (9,), {}), ((9,), (9, 5), {"ignore_label": 0})]
)
def test_what_only_the_host_can(label, output, params):
    assert MetricSet([shown("accuracy", **params)]).on_device({"label": label}, {"out": output}) == ()
