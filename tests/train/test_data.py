from __future__ import annotations

import os

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError, DataError
from mxtrain.train.data import data_folder, describe, iterator_options, open_set, resolved_root
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
