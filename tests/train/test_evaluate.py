from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.types import TensorType
from mxtrain.data.batch import Batch
from mxtrain.metrics import MetricSet, Shown, get
from mxtrain.train.evaluate import batch_types, count, evaluate, named_outputs
from tests.train.runs import CONV

TWO_HEADS = {
    "inputs": ["data"],
    "outputs": ["left", "right"],
    "net": [
        "flatten",
        {"fully_connected": {"num_hidden": 3, "name": "a"}},
        {"softmax_output": {"name": "left"}},
        {"fully_connected": {"num_hidden": 4, "name": "b", "from": "data"}},
        {"softmax_output": {"name": "right"}},
    ],
}


def accuracy():
    metric = get("accuracy")
    return MetricSet([Shown("accuracy", metric, metric.params())])


def test_types_of_a_batch(bench):
    it = bench.built().train.it
    data = {"data": TensorType((5, 1, 8, 8))}
    assert batch_types(it, 5) == data
    assert batch_types(it, 5, labels={"softmax_label": "y"}) == {**data, "y": TensorType((5,))}


def test_only_real_samples_count():
    metrics = accuracy()
    outputs = {"out": np.eye(4, dtype=np.float32)}
    batch = Batch({}, {}, 3, np.arange(4), 0)
    count(metrics, {"y": np.float32([0, 1, 0, 3])}, outputs, batch)
    assert metrics.values() == {"accuracy": 2 / 3}
    metrics.reset()
    count(metrics, {"y": np.float32([0, 1, 0, 3])}, outputs, Batch({}, {}, 3, np.arange(4), 0, {0: "damaged"}))
    assert metrics.values() == {"accuracy": 1 / 2}


def test_the_whole_data_set_whatever_the_batch_size(bench):
    seen = []
    for rows in (1, 4, 13, 50):
        built = bench.built(net=CONV, eval_batch_size=rows)
        events = []
        found = evaluate(
            built.program, built.val.it, built.feeder(built.val), built.metric_set(), on_batch=events.append
        )
        assert events[-1].samples == 13 and events[-1].batch == events[-1].batches == -(-13 // rows)
        seen.append(found)
    assert len({f["accuracy"] for f in seen}) == 1
    assert all(f["cross_entropy"] == pytest.approx(seen[0]["cross_entropy"], rel=1e-6) for f in seen)


def test_asked_to_stop_it_ends_after_the_batch(bench):
    built = bench.built(eval_batch_size=4)
    asked = []
    evaluate(built.program, built.val.it, built.feeder(built.val), built.metric_set(),
             stop=lambda: asked.append(1) or len(asked) == 2)  # fmt: skip
    assert len(asked) == 2


def test_outputs_are_called_as_the_net_calls_its_heads(bench):
    pixels, labels = np.zeros((9, 8, 8), np.uint8), np.arange(9, dtype=np.float32)
    bench.save("tiny", data=pixels, left_label=labels % 3, right_label=labels % 4)
    train = {"name": "arrays", "path": "tiny.npz", "labels": ["left_label", "right_label"]}
    built = bench.built(net=TWO_HEADS, data={"train": train, "val": None})
    program = built.program
    for plan in (
        program.training(batch_types(built.train.it, 4, labels=built.names)),
        program.prediction(batch_types(built.train.it, 4)),
    ):
        outputs = named_outputs(program, plan)
        assert {n: a.shape for n, a in outputs.items()} == {"left": (4, 3), "right": (4, 4)}


def test_each_head_has_its_metrics_and_its_loss(bench):
    pixels, labels = np.zeros((9, 8, 8), np.uint8), np.arange(9, dtype=np.float32)
    arrays = {"data": pixels, "left_label": labels % 3, "right_label": labels % 4}
    bench.save("tiny", **arrays)
    source = {"name": "arrays", "path": "tiny.npz", "labels": ["left_label", "right_label"]}
    run = bench.fit(net=TWO_HEADS, data={"train": source, "val": source}, metrics=["accuracy"])
    last = run.lines("epoch")[-1]["metrics"]
    assert list(last) == ["loss.left", "loss.right", "loss", "accuracy.left", "accuracy.right"]
    assert last["loss"] == pytest.approx(last["loss.left"] + last["loss.right"])
    assert set(run.evaluate()[0]) == {"accuracy.left", "accuracy.right"}
    assert run.state()["best"] == max(line["metrics"]["accuracy.left"] for line in run.lines("eval"))


def test_a_loss_that_layers_make_of_labels_reads_them(bench):
    x, y = np.random.default_rng(0).random((9, 6)).astype(np.float32), np.float32([[k, 2 * k, 1] for k in range(9)])
    bench.save("tiny", data=x, target=y)
    source = {"name": "arrays", "path": "tiny.npz", "labels": ["target"]}
    difference = {"broadcast_sub": {"inputs": {"rhs": "target"}}}
    layers = [{"fully_connected": {"num_hidden": 3}}, difference, "square", {"make_loss": {"name": "loss"}}]
    net = {"inputs": ["data", "target"], "net": layers}
    changes = {"net": net, "augment": None, "data": {"train": source, "val": source}, "metrics": [], "batch_size": 9}
    assert bench.fit(**changes, epochs=2).evaluate() == ({}, 9)
    built = bench.built(**changes)
    plan = built.program.prediction(batch_types(built.val.it, 9, labels=built.names))
    with built.val.it.epoch(0) as batches:
        built.feeder(built.val).feed(plan, next(iter(batches)))
    plan.run()
    weights = built.program.store.parameters["fully_connected0_weight"]
    np.testing.assert_allclose(plan.outputs[0], (x @ weights.T - y) ** 2, rtol=1e-4)
