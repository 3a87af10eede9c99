from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from mxtrain.base.errors import Interrupted
from mxtrain.formats import ndarray_list
from mxtrain.train import fit as module
from mxtrain.train.evaluate import batch_types, evaluate
from mxtrain.train.loop import fit
from mxtrain.train.signals import Requests
from tests.train.runs import CONV, MLP

STEADY = [layer for layer in CONV if "batch_norm" not in layer]


def arrays(run, suffix=".params"):
    return ndarray_list.load(run.file(suffix))


class Told:
    """A callback that may ask for something at a step."""

    def __init__(self, at=None, what=None):
        self.events, self.requests, self.at, self.what = [], Requests(), at, what

    def __call__(self, event):
        self.events.append(event)
        if event.kind == "batch" and event.step == self.at:
            self.what(self.requests)


@pytest.fixture
def told(monkeypatch):
    """Runs tell this callback too, and follow what it asks."""

    def install(at=None, what=None):
        callback = Told(at, what)

        def wrapped(session, requests):
            session.callbacks = [*session.callbacks, callback]
            fit(session, callback.requests)

        monkeypatch.setattr(module, "fit", wrapped)
        return callback

    return install


@pytest.mark.parametrize("net", [MLP, STEADY], ids=["mlp", "conv-dropout"])
def test_a_batch_in_parts_is_the_same_batch(bench, net):
    # Dropout too: what it draws belongs to the sample, not to the part.
    runs = [arrays(bench.fit(net=net, grad_accum=parts)) for parts in (1, 2, 4)]
    for parts in runs[1:]:
        for name, whole in runs[0].items():
            np.testing.assert_allclose(parts[name], whole, rtol=1e-5, atol=1e-5)


def test_metrics_of_parts_are_those_of_the_batch(bench):
    one, four = (bench.fit(grad_accum=parts).lines("epoch") for parts in (1, 4))
    for a, b in zip(one, four, strict=True):
        assert a["metrics"]["accuracy"] == b["metrics"]["accuracy"]
        assert a["metrics"]["loss"] == pytest.approx(b["metrics"]["loss"], rel=1e-5)


@pytest.mark.parametrize(("last_batch", "steps", "samples"), [("keep", 5, 37), ("drop", 4, 32), ("wrap", 5, 40)])
def test_the_short_last_batch(bench, told, last_batch, steps, samples):
    callback = told()
    run = bench.fit(data={"last_batch": last_batch})
    ends = [e for e in callback.events if e.kind == "epoch"]
    assert [e.step for e in ends] == [steps, 2 * steps, 3 * steps]
    assert [e.samples for e in ends] == [samples] * 3
    accuracies = [line["metrics"]["accuracy"] * samples for line in run.lines("epoch")]
    assert accuracies == pytest.approx([round(a) for a in accuracies])


def test_the_short_batch_is_an_update_by_its_own_mean(bench):
    # 37 samples: four batches of 8 and one of 5, whose gradient is divided by 5.
    last = {"momentum": 0.0, "lr": 0.5}
    before = arrays(bench.fit(max_steps=4, optimizer=last))
    after = arrays(bench.fit(max_steps=5, optimizer=last))
    built = bench.built()
    with built.train.it.epoch(0, start=4) as batches:
        batch = next(batches)
        plan = built.program.training(batch_types(built.train.it, 5, labels=built.names))
        built.program.store.load({n[4:]: a for n, a in before.items()})
        built.feeder(built.train).feed(plan, batch)
        plan.run()
    for name, array in after.items():
        expected = before[name] - 0.5 / 5 * built.program.store.gradients[name[4:]]
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


def test_the_events_of_a_run(bench, told):
    callback = told()
    bench.fit(epochs=2)
    kinds = [e.kind for e in callback.events]
    epoch = ["batch"] * 5 + ["epoch", "eval", "saved"]
    assert kinds == ["start", *epoch, *epoch, "end"]
    batches = [(e.epoch, e.batch, e.step, e.batches) for e in callback.events if e.kind == "batch"]
    assert batches == [(k // 5, k % 5 + 1, k + 1, 5) for k in range(10)]
    assert [e.name for e in callback.events if e.kind in ("eval", "saved")] == [
        "val", "step-00000005", "val", "step-00000010",
    ]  # fmt: skip


def test_metrics_are_a_mapping_like_any_other(bench, told, monkeypatch):
    seen = []
    callback = told(3, lambda requests: None)
    monkeypatch.setattr(callback, "what", lambda _: seen.append(dict(callback.events[-1].metrics)))
    bench.fit(epochs=1)
    assert list(seen[0]) == ["loss", "accuracy", "cross_entropy"]
    assert seen[0]["loss"] == pytest.approx(seen[0]["cross_entropy"], rel=1e-5)
    metrics = next(e.metrics for e in callback.events if e.kind == "epoch")
    assert "loss" in metrics and metrics.get("other") is None and len(metrics) == 3


def test_early_stopping_says_why(bench, told):
    callback = told()
    run = bench.fit(epochs=9, early_stop={"monitor": "val.accuracy", "patience": 2}, optimizer={"lr": 0.0})
    assert run.state()["epoch"] == 3
    (notice,) = [e.text for e in callback.events if e.kind == "notice"]
    assert notice.startswith("stopped early: val.accuracy has not improved on 0.")
    assert notice.endswith("for 2 epochs")


def test_an_epoch_cut_short_may_be_the_best_but_early_stopping_does_not_count_it(bench):
    config = {"epochs": 9, "early_stop": {"monitor": "val.accuracy", "patience": 2}, "optimizer": {"lr": 0.0}}
    run = bench.fit(max_steps=7, **config)
    assert run.state()["waited"] == 0 and run.state()["best"] == run.values["val.accuracy"]
    assert bench.resume(run.path, "max_steps=8").state()["waited"] == 0
    rest = bench.resume(run.path, "~max_steps").state()
    assert (rest["waited"], rest["epoch"]) == (2, 3)
    assert bench.fit(**config).state()["epoch"] == 3


def test_so_many_steps(bench, told):
    callback = told()
    run = bench.fit(max_steps=7)
    assert run.steps[-1] == 7 and run.state()["batch"] == 2
    assert [e.kind for e in callback.events][-5:] == ["epoch", "eval", "notice", "saved", "end"]
    assert run.values["val.accuracy"] == run.evaluate()[0]["accuracy"]
    assert next(e.text for e in callback.events if e.kind == "notice") == (
        "max_steps: 7 steps are done, and epoch 2 of 3 is not"
    )
    more = bench.resume(run.path, "max_steps=11")
    assert more.steps[-1] == 11 and more.state()["epoch"] == 2
    whole = bench.fit(max_steps=11)
    assert more.file(".params") == whole.file(".params")


def stop(number):
    return lambda requests: setattr(requests, "stop", number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_after_the_step(bench, told, number):
    told(7, stop(number))
    config = bench.config()
    with pytest.raises(
        Interrupted, match=f"stopped by {number.name} after step 7; .*--resume .*runs/tiny/001"
    ) as caught:
        bench.start(config)
    assert caught.value.signal == number
    told()
    path = bench.path / "runs" / "tiny" / "001"
    resumed, whole = bench.resume(path), bench.start(config)
    assert resumed.file(".params") == whole.file(".params") and resumed.lines() == whole.lines()


def test_a_signal_during_the_evaluation_has_it_done_again(bench, told, monkeypatch):
    config = bench.config(eval_batch_size=2)
    whole = bench.start(config)
    callback = told()

    def interrupted(*args, **kwargs):
        callback.requests.stop = signal.SIGTERM
        return evaluate(*args, **kwargs)

    monkeypatch.setattr("mxtrain.train.loop.evaluate", interrupted)
    with pytest.raises(Interrupted, match="after step 5"):
        bench.start(config)
    monkeypatch.undo()
    path = bench.path / "runs" / "tiny" / "002"
    assert bench.resume(path).lines() == whole.lines()


def test_a_signal_to_save_saves_and_goes_on(bench, told):
    told(3, lambda requests: setattr(requests, "save", True))
    run = bench.fit(epochs=1)
    assert run.steps == [3, 5]


def test_a_real_signal_reaches_the_loop(bench, monkeypatch):
    def wrapped(session, requests):
        def send(event):
            if event.kind == "batch" and event.step == 4:
                os.kill(os.getpid(), signal.SIGUSR1)

        session.callbacks = [*session.callbacks, send]
        fit(session, requests)

    monkeypatch.setattr(module, "fit", wrapped)
    assert bench.fit(epochs=1).steps == [4, 5]


def test_no_epochs_leave_the_parameters_as_drawn(bench):
    run = bench.fit(epochs=0)
    assert run.steps == [0] and run.lines() == []
    assert bench.resume(run.path, "epochs=+3").file(".params") == bench.fit().file(".params")


def test_clipping_holds_a_steep_start(bench):
    clipped = arrays(bench.fit(epochs=1, clip_global_norm=1e-3, optimizer={"momentum": 0.0}))
    start = arrays(bench.fit(epochs=0))
    moved = np.sqrt(sum(np.square(clipped[n] - start[n]).sum() for n in start))
    assert 0 < moved < 5 * 0.1 * 1e-3 * 1.001


def test_frozen_layers_stay(bench):
    start = arrays(bench.fit(epochs=0))
    run = bench.fit(epochs=2, multipliers=[{"match": "fc1_*", "lr_mult": 0}])
    end = arrays(run)
    assert all((np.array_equal(end[n], start[n])) == n.startswith("arg:fc1_") for n in start)
    assert set(arrays(run, ".state")) == {"momentum:fc2_weight", "momentum:fc2_bias"}


def test_the_loss_is_a_mean_over_the_samples_of_its_epoch(bench):
    run = bench.fit(optimizer={"name": "sgd", "lr": 0}, epochs=3)
    losses = [line["metrics"]["loss"] for line in run.lines("epoch")]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-6)
    assert losses[0] == pytest.approx(run.values["train.cross_entropy"], rel=1e-6)
