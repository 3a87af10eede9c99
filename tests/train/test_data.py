from __future__ import annotations

import os

import numpy as np
import pytest

from mxtrain.base.errors import BackendUnavailable, ConfigError, DataError
from mxtrain.data import decoders, resizers
from mxtrain.train.data import Tools, data_folder, describe, iterator_options, open_set, resolved_root, tools_for
from mxtrain.train.fit import load_config


def opened(bench, name, *overrides, **changes):
    return open_set(*load_config(bench.config(**changes), list(overrides)), name)


def test_training_is_shuffled_and_evaluation_is_not(bench):
    train, val = opened(bench, "train"), opened(bench, "val")
    assert train.it.options.training and train.it.options.shuffle and not val.it.options.training
    with val.it.epoch(0) as batches:
        assert next(batches).ids.tolist() == list(range(8))
    with train.it.epoch(0) as batches:
        assert next(batches).ids.tolist() != list(range(8))


def test_no_evaluation_data(bench):
    assert opened(bench, "val", data={"val": None}) is None


def test_options_of_the_config_reach_the_iterator(bench):
    changes = {"data": {"last_batch": "drop", "shuffle": False, "on_error": "skip", "max_bad": 0.5, "threads": 2},
               "batch_size": 7, "eval_batch_size": 9, "seed": 11}  # fmt: skip
    config, _, _ = load_config(bench.config(**changes), [])
    train, val = iterator_options(config, True), iterator_options(config, False)
    assert (train.batch_size, val.batch_size, train.seed, train.threads) == (7, 9, 11, 2)
    assert (train.last_batch, train.shuffle, train.on_error, train.max_bad) == ("drop", False, "skip", 0.5)
    assert iterator_options(load_config(bench.config(), [])[0], False).batch_size == 8


def test_paths_start_at_the_config_or_at_the_root(bench, monkeypatch):
    config, _, where = load_config(bench.config(), [])
    assert data_folder(config, where) == bench.path
    elsewhere = bench.path / "elsewhere"
    elsewhere.mkdir()
    os.rename(bench.path / "tiny.npz", elsewhere / "tiny.npz")
    assert len(opened(bench, "train", data={"root": "elsewhere"}).source) == 37
    monkeypatch.setenv("MXTRAIN_DATA", str(elsewhere))
    config, _, where = load_config(bench.config(data={"root": "${MXTRAIN_DATA}"}), [])
    assert resolved_root(config, where) == str(elsewhere)
    with pytest.raises(DataError, match=r"tiny\.npz"):
        opened(bench, "train")


def test_augmenters_that_do_not_fit_are_shown_at_their_line(bench):
    with pytest.raises(ConfigError, match=r"config\d+\.yaml:\d+:\d+: augment: .*12"):
        opened(bench, "train", augment=[{"center_crop": {"size": 12}}, {"normalize": {"mean": [1, 2]}}])


def test_what_tells_whether_data_has_changed(bench):
    sets = [("train", opened(bench, "train")), ("val", opened(bench, "val"))]
    before = describe(sets)
    assert before["train"]["samples"] == 37 and before["val"]["samples"] == 13
    assert describe(sets) == before
    bench.save("tiny", data=np.zeros((37, 8, 8), np.uint8), softmax_label=np.zeros(37, np.float32))
    after = describe([("train", opened(bench, "train")), ("val", opened(bench, "val"))])
    assert after["train"] != before["train"] and after["val"] == before["val"]


def test_the_decoder_of_the_config_of_the_checkpoint_or_the_fastest(bench):
    def tools(decoder, *kept):
        return tools_for(load_config(bench.config(data={"decoder": decoder}), [])[0], *kept)

    kept = Tools("nvjpeg", "other")
    assert tools("auto") == (decoders.best(), resizers.best()) and tools("auto", kept) == kept
    assert tools("pillow") == ("pillow", resizers.best()) and tools("pillow", kept) == ("pillow", "other")
    with pytest.raises(ConfigError, match=r"data\.decoder: .*nvjpeg"):
        tools("libjpeg")


def test_every_decoder_can_be_asked_for(bench, monkeypatch):
    monkeypatch.setattr(decoders, "needed", lambda name: name)
    for name in decoders.REGISTRY.names():
        assert opened(bench, "train", f"data.decoder={name}").preprocess.decoder == name


def test_a_decoder_that_cannot_be_used(bench, monkeypatch):
    monkeypatch.setattr("mxtrain.backends.cuda.nvjpeg.why_not", lambda: ("no GPU",))
    with pytest.raises(
        BackendUnavailable, match=r"data\.decoder: nvjpeg cannot be used on this machine:\n    no GPU\n"
    ):
        opened(bench, "train", data={"decoder": "nvjpeg"})


@pytest.mark.parametrize(("device", "gpu"), [("cpu", 0), ("gpu", 0), ("gpu:2", 2), ("gpu:1-3", 1)])
def test_the_first_gpu_of_the_run_decodes(bench, device, gpu):
    assert opened(bench, "train", device=device).preprocess.gpu == gpu


def test_a_batch_larger_than_the_data_is_told(bench, caplog):
    bench.fit(epochs=1, batch_size=37)
    assert "an epoch is one update" not in caplog.text
    assert bench.fit(epochs=1, batch_size=38).steps == [1]
    assert "batch_size is 38, but data.train has 37 samples: an epoch is one update" in caplog.text
