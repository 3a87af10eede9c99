"""Runs from the outside: trained, resumed, extended, evaluated."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mxtrain.backends.cuda.libraries import NVJPEG
from mxtrain.backends.cuda.library import choose
from mxtrain.base.errors import BackendUnavailable, CheckpointError, ConfigError, DataError, RunBusy
from mxtrain.base.types import TensorType
from mxtrain.train import loop
from mxtrain.train.fit import evaluate_run, load_config
from mxtrain.train.model import load_model
from mxtrain.train.run_directory import RunDirectory, lock
from mxtrain.train.saver import Saver
from tests.backends.cuda.fakes import gpus_with_nvjpeg, needs_compiler
from tests.train.runs import CLASSES, CONV, MLP, images

EVERYTHING = {
    "net": CONV,
    "augment": [{"random_crop": {"size": 8, "pad": 1}}, "flip", {"normalize": {"std": 255}}],
    "ema": {"decay": 0.9},
    "lr_scheduler": {"name": "cosine", "warmup": "3 steps"},
    "early_stop": {"monitor": "val.cross_entropy", "patience": 2},
    "checkpoint": {"every": 2, "keep_last": None},
}
OPTIMIZERS = {
    "momentum": {"name": "sgd", "lr": 0.05, "momentum": 0.9, "wd": 1e-3},
    "adam": {"name": "adam", "lr": 0.01},
    "lamb": {"name": "lamb", "lr": 0.01, "wd": 1e-2},
}


DEEP = [
    "flatten",
    {"fully_connected": {"num_hidden": 32, "name": "in"}},
    *(
        layer
        for k in range(12)
        for layer in (
            {"fully_connected": {"num_hidden": 32, "no_bias": True, "name": f"deep{k}"}},
            {"batch_norm": {"fix_gamma": False, "name": f"bn{k}"}},
            {"activation": {"act_type": "tanh"}},
            {"dropout": {"p": 0.1, "name": f"drop{k}"}},
        )
    ),
    *MLP[3:],
]


def test_a_run_that_recomputes_ends_with_the_same_bytes(bench):
    plan = bench.built("memory=recompute", net=DEEP).program
    types = {"data": TensorType((8, 1, 8, 8)), "softmax_label": TensorType((8,))}
    again = [s.name for s in plan.training(types).steps if s.name.endswith("_again")]
    assert any(n.startswith("drop") for n in again) and any(n.startswith("bn") for n in again)
    both, recompute = (bench.fit(net=DEEP, memory=m) for m in ("both", "recompute"))
    assert recompute.file(".params") == both.file(".params") and recompute.file(".state") == both.file(".state")
    assert recompute.lines("epoch") == both.lines("epoch")


def test_training_lowers_the_loss(bench):
    run = bench.fit(epochs=8)
    losses = [line["metrics"]["loss"] for line in run.lines("epoch")]
    assert len(losses) == 8 and losses[-1] < 0.3 * losses[0]
    assert run.values["val.accuracy"] == 1
    assert run.evaluate() == ({k[4:]: v for k, v in run.values.items() if k.startswith("val.")}, 13)


def test_the_same_config_gives_the_same_bytes(bench):
    first, second = (bench.fit(**EVERYTHING, optimizer=OPTIMIZERS["adam"]) for _ in range(2))
    assert first.path != second.path
    assert first.file(".params") == second.file(".params") and first.lines() == second.lines()
    other = bench.fit(**EVERYTHING, optimizer=OPTIMIZERS["adam"], seed=4)
    assert other.file(".params") != first.file(".params")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_resumed_anywhere_a_run_ends_with_the_same_bytes(bench, optimizer):
    whole = bench.fit(**EVERYTHING, optimizer=OPTIMIZERS[optimizer])
    assert {2, 4, 6, 8, 10, 12, 14, 15} <= set(whole.steps)
    for step in whole.steps:
        path = bench.path / "copies" / f"{step:03d}"
        shutil.copytree(whole.path, path, symlinks=True)
        for later in [s for s in whole.steps if s > step]:
            shutil.rmtree(path / "checkpoints" / f"step-{later:08d}")
        resumed = bench.resume(path)
        for suffix in (".params", ".state"):
            assert resumed.file(suffix) == whole.file(suffix), step
        assert resumed.state() == whole.state(), step
        assert resumed.lines() == whole.lines(), step


@pytest.mark.parametrize(
    "changes",
    [
        {"max_steps": 7, "checkpoint": {"every": 1, "keep_last": None}},
        {"max_steps": 10, "checkpoint": {"every": 5, "keep_last": None}},
        {"early_stop": {"monitor": "val.accuracy", "patience": 1}, "optimizer": {"name": "sgd", "lr": 0.0}},
    ],
)
def test_a_run_that_ends_early_ends_early_when_resumed(bench, changes):
    base = {"checkpoint": {"every": 1, "keep_last": None}, "epochs": 6}
    whole = bench.fit(**{**base, **changes})
    assert whole.steps[-1] < 30
    for step in whole.steps:
        path = bench.path / "copies" / f"{step:03d}"
        shutil.copytree(whole.path, path, symlinks=True)
        for later in [s for s in whole.steps if s > step]:
            shutil.rmtree(path / "checkpoints" / f"step-{later:08d}")
        resumed = bench.resume(path)
        assert resumed.steps[-1] == whole.steps[-1] and resumed.lines() == whole.lines(), step
        assert resumed.file(".params") == whole.file(".params") and resumed.state() == whole.state()


@pytest.mark.parametrize("place", [(loop, "_end_epoch"), (Saver, "after_epoch")], ids=["before", "after"])
@pytest.mark.parametrize("changes", [{"max_steps": 7}, {"max_steps": 10}, {"epochs": 2}], ids=str)
def test_a_run_killed_before_or_after_its_last_evaluation_evaluates_once(bench, monkeypatch, changes, place):
    # Afterwards means: its lines are in the log, but no checkpoint knows of it.
    config = bench.config(**changes, checkpoint={"every": 1}, lr_scheduler={"name": "poly"})
    whole = bench.start(config)
    last = whole.steps[-1]

    go_on = getattr(*place)

    def gone(*arguments):
        (session,) = [a for a in arguments if isinstance(a, loop.Session)]
        if session.state.step == last:
            raise KeyboardInterrupt
        go_on(*arguments)

    monkeypatch.setattr(*place, gone)
    with pytest.raises(KeyboardInterrupt):
        bench.start(config)
    monkeypatch.undo()
    resumed = bench.resume(whole.path.with_name("002"))
    assert resumed.lines() == whole.lines() and resumed.state() == whole.state()
    assert resumed.values == whole.values


def test_a_config_edited_in_the_run_is_no_way_to_change_it_and_that_is_said(bench, caplog):
    run = bench.fit()
    bench.resume(run.path, "epochs=+1")
    assert "was edited" not in caplog.text
    file = run.path / "config.yaml"
    file.write_text(file.read_text().replace("lr: ", "lr: 1"))
    bench.resume(run.path, "epochs=+1")
    assert f"{file} was edited; it says how the run began" in caplog.text
    assert f"(mxtrain fit --resume {run.path} KEY=VALUE)" in caplog.text


def test_a_finished_run_is_left_as_it_is(bench):
    run = bench.fit()
    before = {p: p.read_bytes() for p in (run.path / "checkpoints").rglob("*") if p.is_file()}
    again = bench.resume(run.path)
    assert {p: p.read_bytes() for p in (run.path / "checkpoints").rglob("*") if p.is_file()} == before
    assert again.values == run.values


def test_more_epochs(bench):
    # Without a schedule, two epochs and three more are five.
    short = bench.resume(bench.fit(epochs=2).path, "epochs=+3")
    whole = bench.fit(epochs=5)
    assert short.file(".params") == whole.file(".params") and short.lines() == whole.lines()
    assert bench.resume(short.path, "epochs=6").state()["epoch"] == 6


def test_more_epochs_after_an_early_stop_begin_with_new_patience(bench):
    stopped = bench.fit(epochs=9, early_stop={"monitor": "val.accuracy", "patience": 1}, optimizer={"lr": 0.0})
    assert stopped.state()["epoch"] == 2
    more = bench.resume(stopped.path, "epochs=+1", "early_stop.patience=1")
    assert more.state()["epoch"] == 3


def test_a_run_without_a_checkpoint_begins_anew(bench):
    run = bench.fit()
    params = run.file(".params")
    shutil.rmtree(run.path / "checkpoints")
    (run.path / "metrics.jsonl").write_text('{"step": 1, "event": "train"}\n')
    again = bench.resume(run.path)
    assert again.file(".params") == params and len(again.lines()) == 21


def test_what_a_kill_left_of_a_checkpoint_goes_when_the_run_goes_on(bench):
    run = bench.fit(epochs=1)
    run_id = json.loads((run.path / "meta.json").read_text())["run_id"]
    left = run.path / "checkpoints" / f".tmp-step-00000009-{run_id}-0123abcd"
    left.mkdir()
    bench.resume(run.path, "epochs=+1")
    assert not left.exists()


def test_the_thread_count_comes_from_the_checkpoint(bench):
    run = bench.fit(threads=2)
    resumed = bench.resume(run.path, "epochs=+1")
    assert json.loads(resumed.file("state.json"))["model"]["threads"] == 2


def test_start_weights_are_not_needed_to_go_on(bench):
    first = bench.fit()
    (bench.path / "start.params").write_bytes(first.file(".params"))
    config = bench.config(start={"weights": "start.params"})
    run = bench.start(config, "epochs=1")
    (bench.path / "start.params").unlink()
    assert bench.resume(run.path, "epochs=+1").state()["epoch"] == 2


def test_a_changed_data_file_is_noticed(bench):
    run = bench.fit(epochs=1)
    pixels, labels = images(37, seed=5)
    bench.save("tiny", data=pixels, softmax_label=labels)
    with pytest.raises(DataError, match=r"data\.train have changed"):
        bench.resume(run.path, "epochs=+1")
    assert bench.resume(run.path, "epochs=+1", changed_data=True).state()["epoch"] == 2


def test_samples_that_were_unreadable_stay_counted(bench):
    files, _ = bench.pngs("train", 24)
    Path(min(files)).write_bytes(b"no image")
    train = {"name": "image_folder", "path": "train", "channels": 1}
    data = {"train": train, "val": None, "shuffle": False, "on_error": "skip", "max_bad": 0.1}
    config = bench.config(data=data, augment=[{"center_crop": {"size": 8}}, {"normalize": {"std": 255}}])
    half = bench.start(config, "max_steps=1")
    (known,) = half.state()["bad"].items()
    assert known[0] == "0" and bench.resume(half.path, "max_steps=2").state()["bad"] == dict([known])


def test_another_optimizer_or_net_is_refused(bench):
    run = bench.fit(epochs=1)
    with pytest.raises(CheckpointError, match="was the optimizer changed"):
        bench.resume(run.path, "epochs=+1", "optimizer={name: adam}")
    with pytest.raises(CheckpointError, match="its net is not that"):
        bench.resume(run.path, "epochs=+1", "net.1.fully_connected.num_hidden=9")


def test_batches_of_another_size_only_between_epochs(bench):
    run = bench.fit(max_steps=7)
    with pytest.raises(ConfigError, match=r"batch_size.*after batch 2 of 8 samples"):
        bench.resume(run.path, "batch_size=4", "~max_steps")
    whole = bench.fit(epochs=1)
    assert bench.resume(whole.path, "batch_size=4", "epochs=+1").state()["step"] == 5 + 10


def test_a_run_is_worked_in_by_one_process(bench):
    run = bench.fit(epochs=1)
    with lock(RunDirectory(run.path, "x")), pytest.raises(RunBusy, match="works in this run"):
        bench.resume(run.path, "epochs=+1")


def test_nothing_is_written_for_a_config_that_cannot_be_used(bench):
    bad = [
        {"net": MLP[:-1]},
        {"data": {"train": {"name": "arrays", "path": "missing.npz"}}},
        {"checkpoint": {"every": "5 apples"}},
        {"checkpoint": {"monitor": "val.acuracy"}},
        {"early_stop": {"monitor": "val.f1"}},
        {"multipliers": [{"match": "conv*", "lr_mult": 0}]},
        {"lr_scheduler": {"name": "constant", "warmup": "1 epochs", "warmup_begin_lr": 9}},
        {"epochs": "+3"},
    ]
    for changes in bad:
        with pytest.raises((ConfigError, DataError)):
            bench.fit(**changes)
    assert not (bench.path / "runs").exists()


def test_dropout_draws_the_same_in_every_run_and_other_numbers_in_every_step(bench):
    first, second = (bench.fit(net=CONV) for _ in range(2))
    assert first.file(".params") == second.file(".params")
    without = bench.fit(net=[layer for layer in CONV if "dropout" not in layer])
    assert without.lines("train")[0]["metrics"] != first.lines("train")[0]["metrics"]


def test_bfloat16(bench):
    run = bench.fit(net=CONV, precision="bf16", epochs=10)
    assert run.values["val.accuracy"] >= 0.9
    assert run.evaluate()[0]["accuracy"] == run.values["val.accuracy"]


def test_the_average_is_what_is_evaluated(bench):
    # An average that keeps nearly all of it has not moved from the start.
    start = bench.fit(epochs=0).file(".params")
    (bench.path / "start.params").write_bytes(start)
    run = bench.fit(epochs=2, ema={"decay": 0.999999})
    at_start = bench.fit(epochs=1, optimizer={"lr": 0.0})
    assert run.values["val.cross_entropy"] == pytest.approx(at_start.values["val.cross_entropy"], rel=1e-3)
    assert run.values["train.loss"] < at_start.values["train.loss"]
    assert run.evaluate()[0]["cross_entropy"] == run.values["val.cross_entropy"]


@pytest.mark.parametrize("rows", [1, 5, 13, 100])
def test_the_evaluation_counts_each_sample_once_at_any_batch_size(bench, rows):
    run = bench.fit(epochs=1)
    expected, _ = run.evaluate()
    found, samples = run.evaluate(batch_size=rows)
    assert samples == 13 and found["accuracy"] == expected["accuracy"]
    assert found["cross_entropy"] == pytest.approx(expected["cross_entropy"], rel=1e-6)


def test_other_data_to_evaluate_on(bench):
    run = bench.fit(epochs=5)
    pixels, labels = images(6, seed=9)
    bench.save("other", data=pixels, softmax_label=labels)
    assert run.evaluate("data.val.path=other.npz")[1] == 6
    with pytest.raises(ConfigError, match=r"no data\.val"):
        run.evaluate("data.val=null")


def test_the_best_checkpoint_is_kept_whatever_the_period(bench):
    for every in ("1 epoch", 3):
        run = bench.fit(epochs=4, checkpoint={"every": every, "keep_last": 1, "monitor": "train.loss"})
        best = run.path / "checkpoints" / "best"
        manifest = json.loads((best / "manifest.json").read_text())
        losses = [line["metrics"]["loss"] for line in run.lines("epoch")]
        assert manifest["score"] == {"name": "train.loss", "mode": "min", "value": min(losses)}


def test_what_a_run_leaves_behind(bench):
    run = bench.fit("optimizer.lr=0.2")
    record, _, _ = load_config(str(run.path / "config.yaml"), [])
    assert record.optimizer.params.lr == 0.2
    meta = json.loads((run.path / "meta.json").read_text())
    assert meta["where"] == str(bench.path) and meta["command"] == ["mxtrain", "fit"]
    assert "Epoch[2] Validation-accuracy" in (run.path / "log.txt").read_text()
    names = {p.name for p in run.checkpoint().iterdir()}
    assert names == {
        "tiny-symbol.json", "tiny-0003.params", "tiny-0003.state", "config.yaml", "data.json", "state.json",
        "manifest.json",
    }  # fmt: skip


def test_gradient_sums_are_not_part_of_a_checkpoint(bench):
    run = bench.fit(net=MLP, grad_accum=2, epochs=1)
    assert bench.resume(run.path, "epochs=+1", "grad_accum=1").state()["epoch"] == 2
    assert np.frombuffer(run.file(".state"), np.uint8).size < 2 * len(run.file(".params"))


def test_a_parameter_whose_shape_nothing_else_tells_is_trained_and_loaded(bench):
    learned = {"rhs": {"shape": [1, CLASSES], "initializer": {"name": "normal", "sigma": 0.5}}}
    layers = [*MLP[:-1], {"broadcast_add": {"name": "bias", "inputs": learned}}, MLP[-1]]
    run = bench.fit(net=layers, epochs=2)
    found, _ = evaluate_run(run.path, [])
    assert found["accuracy"] == run.values["val.accuracy"]
    assert bench.resume(run.path, "epochs=+1").values["val.accuracy"] >= found["accuracy"]


def jpegs(bench):
    """A config whose images are JPEGs that nvJPEG decodes."""
    for folder, count in (("train", 37), ("val", 13)):
        for file in bench.pngs(folder, count)[0]:
            Image.open(file).convert("RGB").save(file.replace(".png", ".jpg"), quality=95)
            os.unlink(file)
    data = {n: {"name": "image_folder", "path": n} for n in ("train", "val")}
    augment = [{"random_crop": {"size": 8, "pad": 1}}, {"normalize": {"std": 255}}]
    return bench.config(data={**data, "decoder": "nvjpeg", "threads": 2}, augment=augment, checkpoint={"every": 4})


@needs_compiler
def test_images_decoded_by_a_gpu(bench, tmp_path, caplog):
    config = jpegs(bench)
    with gpus_with_nvjpeg() as fake:
        whole, half = bench.start(config), bench.start(config, "max_steps=6")
        assert "batch of 1 on stream 8" in fake.log and fake.gpus == [0]
        rest = bench.resume(half.path, "max_steps=15")
        assert rest.file(".params") == whole.file(".params")
        assert load_model(rest.path).preprocess.decoder == "nvjpeg" and "cannot be used" not in caplog.text
        assert fake.log.count("backend 3") <= 2
    choose(NVJPEG, str(tmp_path / "none.so"))
    try:
        for replaced in (lambda: whole.evaluate()[1] == 13, lambda: load_model(whole.path)):
            caplog.clear()
            assert replaced() and "images were decoded by nvjpeg, which cannot be used here: " in caplog.text
        for refused in (lambda: whole.evaluate("data.decoder=nvjpeg"), lambda: bench.resume(half.path, "epochs=+1")):
            with pytest.raises(BackendUnavailable, match=r"data\.decoder: nvjpeg cannot be used on this machine"):
                refused()
    finally:
        choose(NVJPEG, "")
    more = bench.resume(half.path, "data.decoder=pillow", "epochs=+1", "max_steps=17")
    assert load_model(more.path).preprocess.decoder == "pillow"
