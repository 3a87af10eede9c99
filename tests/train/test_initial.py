from __future__ import annotations

import logging

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError, DataError, EnvironmentFault, MXTrainError
from mxtrain.formats import ndarray_list
from mxtrain.train.initial import read_weights
from tests.train.runs import CONV, MLP, merged

WIDER = [merged(layer, {"fully_connected": {"num_hidden": 20, "name": "fc1"}}) if "fc1" in str(layer) else layer
         for layer in MLP]  # fmt: skip


def parameters(built):
    store = built.program.store
    return {n: store.storage(n).copy() for n in (*store.parameters.types, *store.auxiliaries.types)}


def saved(bench, **changes):
    run = bench.fit(epochs=1, **changes)
    (bench.path / "old.params").write_bytes(run.file(".params"))
    return run, {n[4:]: np.asarray(a) for n, a in ndarray_list.load(run.file(".params")).items()}


def test_parameters_are_drawn_by_name_and_seed(bench):
    first, again, other = (parameters(bench.built(net=CONV, seed=s)) for s in (3, 3, 4))
    assert all(np.array_equal(first[n], again[n]) for n in first)
    assert not np.array_equal(first["conv_weight"], other["conv_weight"])
    assert np.all(first["fc_bias"] == 0) and np.all(first["bn_gamma"] == 1) and np.all(first["bn_moving_var"] == 1)


def test_an_initialiser_that_does_not_fit_is_shown_at_its_line(bench):
    with pytest.raises(ConfigError, match=r"config\d+\.yaml:\d+:\d+: initializer: .*fc1_weight"):
        bench.built(initializer={"name": "bilinear"})


def test_everything_is_taken_over(bench):
    _, arrays = saved(bench, net=CONV)
    found = parameters(bench.built(net=CONV, seed=9, start={"weights": "old.params"}))
    assert all(np.array_equal(found[n], a) for n, a in arrays.items())


def test_from_a_run_or_a_checkpoint(bench):
    run, arrays = saved(bench)
    for source in (run.path, run.checkpoint(5)):
        found = parameters(bench.built(seed=9, start={"weights": str(source)}))
        assert all(np.array_equal(found[n], a) for n, a in arrays.items())


def test_what_must_fit_and_does_not_is_all_named(bench):
    saved(bench)
    with pytest.raises(ConfigError, match="with start.match: name only what fits") as caught:
        bench.built(net=WIDER, start={"weights": "old.params"})
    assert [p for p in ("'fc1_weight' must be (20, 64)", "'fc1_bias'", "'fc2_weight'") if p in str(caught.value)] == [
        "'fc1_weight' must be (20, 64)", "'fc1_bias'", "'fc2_weight'",
    ]  # fmt: skip


def test_what_fits_is_taken_over_and_the_rest_drawn(bench, caplog):
    _, arrays = saved(bench)
    with caplog.at_level(logging.WARNING):
        found = parameters(bench.built(net=WIDER, seed=9, start={"weights": "old.params", "match": "name"}))
    drawn = parameters(bench.built(net=WIDER, seed=9))
    assert np.array_equal(found["fc2_bias"], arrays["fc2_bias"])
    assert all(np.array_equal(found[n], drawn[n]) for n in ("fc1_weight", "fc1_bias", "fc2_weight"))
    assert caplog.messages[-1] == (
        "start: 1 arrays taken over; drawn anew: fc1_weight, fc2_weight, fc1_bias; "
        "not used: fc1_bias, fc1_weight, fc2_weight"
    )


@pytest.mark.parametrize("match", ["all", "name"])
def test_what_is_given_needs_no_initialiser(bench, match):
    _, arrays = saved(bench)
    start = {"weights": "old.params", "match": match}
    found = parameters(bench.built(initializer={"name": "bilinear"}, start=start))
    assert all(np.array_equal(found[n], a) for n, a in arrays.items())


def test_a_file_without_arrays(bench):
    ndarray_list.save(bench.path / "old.params", {})
    with pytest.raises(ConfigError, match="'fc1_weight' .* is missing"):
        bench.built(start={"weights": "old.params"})


@pytest.mark.parametrize("match", ["all", "name"])
def test_names_of_gluons_structure_are_explained(bench, match):
    ndarray_list.save(bench.path / "old.params", {"features.0.weight": np.ones((3, 4), np.float32)})
    with pytest.raises(ConfigError, match=r"start\.weights: .*'features\.0\.weight' are those of Gluon's"):
        bench.built(start={"weights": "old.params", "match": match})


def test_nothing_that_fits(bench):
    saved(bench)
    with pytest.raises(ConfigError, match=r"start\.weights: no array of old\.params fits a parameter of the net"):
        bench.built(net=CONV, start={"weights": "old.params", "match": "name"})


def test_the_average_begins_at_what_was_taken_over(bench):
    _, arrays = saved(bench)
    store = bench.built(start={"weights": "old.params"}, ema={"decay": 0.9}).program.store
    assert np.array_equal(store.states["ema"]["fc1_weight"], arrays["fc1_weight"])


def test_files_that_are_none(bench):
    with pytest.raises(MXTrainError, match=r"missing\.params"):
        bench.built(start={"weights": "missing.params"})
    (bench.path / "bad.params").write_bytes(b"no array list")
    with pytest.raises(DataError, match=r"bad\.params"):
        bench.built(start={"weights": "bad.params"})


def test_names_without_a_prefix(bench, rng):
    ndarray_list.save(bench.path / "gluon.params", {"w": rng.random((2, 3), np.float32)})
    assert read_weights("gluon.params", bench.path)["w"].shape == (2, 3)


def test_weights_that_are_not_there(bench):
    with pytest.raises(
        EnvironmentFault, match=r"start\.weights: runs/nope: looked for /.*/runs/nope, where nothing is; name"
    ):
        bench.fit(start={"weights": "runs/nope"})
