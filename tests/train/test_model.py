from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from mxtrain.base.errors import CheckpointError, ConfigError
from mxtrain.base.types import TensorType
from mxtrain.formats import ndarray_list
from mxtrain.train.model import load_model
from tests.train.runs import CONV, MLP


def test_a_model_comes_from_its_checkpoint_alone(bench, tmp_path_factory):
    run = bench.fit(net=CONV)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(run.checkpoint(15), elsewhere / "model")
    expected = run.file(".params")
    shutil.rmtree(bench.path)
    model = load_model(elsewhere / "model")
    params = ndarray_list.load(expected)
    store = model.program.store
    assert {n: store.storage(n).tolist() for n in (*store.parameters.types, *store.auxiliaries.types)} == {
        n[4:]: a.tolist() for n, a in params.items()
    }
    assert model.types(5) == {"data": TensorType((5, 1, 8, 8))}
    assert model.image_input == "data" and model.info.seed == 3


def test_a_run_a_folder_of_checkpoints_or_a_checkpoint(bench):
    run = bench.fit(epochs=2)
    found = [load_model(p).checkpoint.step for p in (run.path, run.path / "checkpoints", run.checkpoint(5))]
    assert found == [10, 10, 5]


def test_nothing_is_trained(bench):
    model = load_model(bench.fit(epochs=1).path)
    assert model.program.trained == () and not model.program.store.gradients.types


def test_threads_as_trained_or_as_asked(bench):
    run = bench.fit(epochs=1, threads=2)
    assert load_model(run.path).program.device.threads == 2
    assert load_model(run.path, 1).program.device.threads == 1


def test_the_average_is_the_model(bench):
    run = bench.fit(epochs=1, ema={"decay": 0.9})
    states = ndarray_list.load(run.file(".state"))
    model = load_model(run.path)
    assert np.array_equal(model.program.store.parameters["fc1_weight"], states["ema:fc1_weight"])
    params = ndarray_list.load(run.file(".params"))
    assert not np.array_equal(params["arg:fc1_weight"], states["ema:fc1_weight"])


def test_frozen_parameters_have_no_average(bench):
    run = bench.fit(epochs=1, ema={"decay": 0.9}, multipliers=[{"match": "fc1*", "lr_mult": 0}])
    params = ndarray_list.load(run.file(".params"))
    model = load_model(run.path)
    assert np.array_equal(model.program.store.parameters["fc1_weight"], params["arg:fc1_weight"])


def test_an_average_that_is_missing(bench):
    from mxtrain.train.checkpoint_io import Policy, open_checkpoint, write

    run = bench.fit(epochs=1)
    checkpoint = open_checkpoint(run.path)
    files = {n: checkpoint.read(n) for n in checkpoint.names}
    files["state.json"] = json.dumps(json.loads(files["state.json"]) | {"ema": True}).encode()
    write(bench.path / "other", 1, files, run_id="id", prune=Policy())
    with pytest.raises(CheckpointError, match="the averaged parameters are missing"):
        load_model(bench.path / "other")


def test_inner_layers(bench):
    model = load_model(bench.fit(net=MLP, epochs=1).path)
    assert model.inner("fc1")[0].node.name == "fc1"
    assert model.inner("fc1_output") == model.inner("fc1")
    with pytest.raises(ConfigError, match=r"no layer 'fc9'; there are: .*fc1, .*softmax"):
        model.inner("fc9")


def test_a_model_of_numbers_takes_no_images(bench, rng):
    bench.save("tiny", data=rng.random((9, 4), np.float32), softmax_label=np.arange(9) % 3)
    run = bench.fit(augment=None, data={"val": None}, epochs=1)
    with pytest.raises(ConfigError, match=r"the model takes \{'data': \[4\]\}, not images"):
        _ = load_model(run.path).image_input
