"""mxtrain fit: what goes where, and what cannot be asked together."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mxtrain.train import fit


def test_the_run_is_the_last_line(mx, config, tmp_path):
    said = mx("fit", config, "epochs=1", "--runs", tmp_path / "runs")
    assert said.code == 0
    assert said.out == f"{tmp_path}/runs/tiny/001\n"
    assert "epoch 1/1  train  loss" in said.err
    meta = json.loads((tmp_path / "runs/tiny/001/meta.json").read_text())
    assert meta["command"] == ["mxtrain", *sys.argv[1:]]


def test_requirements(mx, config, tmp_path):
    runs = ("--runs", tmp_path, "epochs=0")
    assert mx("fit", config, *runs, "--require", "val.accuracy").code == 2
    said = mx("fit", config, "epochs=1", "--runs", tmp_path, "--require", "val.accuracy>1")
    assert said.code == 6 and said.out and "required >1" in said.err


def test_a_requirement_that_no_epoch_measures_is_refused_before_the_first(mx, config, tmp_path, copy):
    said = mx("fit", config, "--runs", tmp_path / "runs", "--require", "val.acuracy>0")
    assert said.code == 2 and not (tmp_path / "runs").exists()
    assert "no value 'val.acuracy'; did you mean 'val.accuracy'? there are: train.loss, train.accuracy" in said.err
    said = mx("fit", "--resume", copy, "epochs=+1", "--require", "accuracy>0")
    assert said.code == 2 and "did you mean 'val.accuracy'" in said.err and "epoch 3/3" not in said.err


def test_a_run_that_is_done_says_so_and_still_answers_for_its_last_epoch(mx, copy):
    said = mx("fit", "--resume", copy, "log.progress=plain", "--require", "val.accuracy>=0")
    assert (said.code, said.out) == (0, f"{copy}\n")
    assert "2 of 2 epochs are done; epochs=+1 would add one" in said.err
    assert mx("fit", "--resume", copy, "--require", "val.accuracy>1").code == 6


def test_resume_extends(mx, copy):
    said = mx("fit", "--resume", copy, "epochs=+1", "log.progress=plain")
    assert said.code == 0 and said.out == f"{copy}\n"
    assert "epoch 3/3" in said.err and "epoch 2/3" not in said.err


def test_an_override_in_the_place_of_the_config(mx, copy):
    assert "epoch 3/3" in mx("fit", "epochs=3", "log.progress=plain", "--resume", copy).err


def test_a_config_and_resume_contradict(mx, copy, config):
    said = mx("fit", config, "--resume", copy)
    assert said.code == 2 and "give a config or --resume, not both" in said.err


def test_nothing_to_train(mx):
    said = mx("fit")
    assert said.code == 2 and "mxtrain ls configs" in said.err


def test_changed_data(mx, copy, folder, images, monkeypatch):
    assert mx("fit", "x.yaml", "--changed-data").code == 2
    extra = folder / "images/train/dark/extra.png"
    images(folder / "images/train", {"dark": 9})
    try:
        said = mx("fit", "--resume", copy, "epochs=+1")
        assert said.code == 3 and "--changed-data" in said.err
        said = mx("fit", "--resume", copy, "epochs=+1", "--changed-data")
        assert said.code == 0
    finally:
        extra.unlink(missing_ok=True)
        (folder / "images/train/dark/8.png").unlink()


def test_no_run(mx, tmp_path, config):
    said = mx("fit", "--resume", tmp_path / "nope")
    assert said.code == 4 and "expected a run directory" in said.err
    assert mx("fit", "--resume", config).code == 4


def test_a_run_whose_checkpoints_are_all_damaged(mx, copy):
    for path in (copy / "checkpoints").glob("step-*/*.params"):
        path.write_bytes(path.read_bytes()[:-1])
    said = mx("fit", "--resume", copy, "epochs=+1")
    assert said.code == 9 and said.err.count("bytes, got") >= 2


def test_a_run_that_was_stopped_before_its_first_checkpoint(mx, copy):
    shutil.rmtree(copy / "checkpoints")
    said = mx("fit", "--resume", copy, "epochs=1", "log.progress=plain")
    assert said.code == 0 and "epoch 1/1" in said.err


def test_a_damaged_run(mx, copy):
    meta = json.loads((copy / "meta.json").read_text())
    (copy / "meta.json").write_text(json.dumps({**meta, "where": 3}))
    assert "expected the folder of the config file, got 3" in mx("fit", "--resume", copy).err
    (copy / "meta.json").write_text("[]")
    assert mx("fit", "--resume", copy).code == 3


@pytest.mark.parametrize("runs", ["/proc/nope", "/dev/null"])
def test_runs_that_cannot_be_made(mx, config, runs):
    said = mx("fit", config, "--runs", runs)
    assert said.code == 4 and runs in said.err


def test_missing_data(mx, config, tmp_path):
    said = mx("fit", config, "data.train.path=nope", "--runs", tmp_path)
    assert said.code == 3 and "nothing is there" in said.err
    assert not list(tmp_path.iterdir())


def test_out_of_memory_says_what_was_planned(mx, config, monkeypatch, tmp_path):
    def failing(*args):
        raise MemoryError("8 GiB")

    monkeypatch.setattr(fit, "start_run", failing)
    said = mx("fit", config, "batch_size=16", "--runs", tmp_path)
    assert said.code == 4
    assert "out of memory: 8 GiB; planned for a batch of 16: " in said.err and "grad_accum" in said.err


def test_out_of_memory_even_for_the_plan(mx, monkeypatch):
    def failing(*args, **more):
        raise MemoryError

    monkeypatch.setattr(fit, "resume_run", failing)
    said = mx("fit", "--resume", "nope", "epochs=+1")
    assert said.code == 4 and said.err.startswith("mxtrain: out of memory; take less at once")


def test_a_signal_saves_and_tells(config, tmp_path):
    command = [sys.executable, "-m", "mxtrain", "fit", str(config), "epochs=1000000", "--runs", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            process.send_signal(signal.SIGTERM)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143 and not out
    assert "go on with: mxtrain fit --resume" in err and "Traceback" not in err
    assert (Path(tmp_path) / "tiny/001/checkpoints/last").is_dir()


def test_a_decoder_that_cannot_be_used(mx, config, tmp_path, monkeypatch):
    monkeypatch.setattr("mxtrain.backends.cuda.nvjpeg.why_not", lambda: ("there is no GPU", "and no CuPy"))
    said = mx("fit", config, "data.decoder=nvjpeg", "--runs", tmp_path / "runs")
    assert said.code == 4 and not said.out and not (tmp_path / "runs").exists()
    assert "data.decoder: nvjpeg cannot be used on this machine:\n    there is no GPU\n    and no CuPy\n" in said.err


def test_a_loss_that_explodes_is_told_in_our_words(config, tmp_path):
    command = [sys.executable, "-m", "mxtrain", "fit", str(config), "optimizer.lr=1e38", "--runs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 5 and "lower the learning rate" in done.stderr
    assert "Warning" not in done.stderr and ".py" not in done.stderr
