from __future__ import annotations

import io
import json

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import CheckpointError, ConfigError
from mxtrain.base.types import TensorType
from mxtrain.executor import add_state, make_store
from mxtrain.formats import ndarray_list
from mxtrain.train.checkpoint_io import Policy, open_checkpoint, write
from mxtrain.train.state import ModelInfo, RunState, array_files, dump_state, load_arrays, only, parse_state

INFO = ModelInfo(
    "net", {"data": [1, 8, 8]}, {"label": []}, {"data": "input"}, ["a", "b"], [], "fp32", "both", 2, 7,
)  # fmt: skip
STATE = RunState(
    3, 2, 17, 15, {"softmax": (0.1).hex()}, 24, {"accuracy": {"sum": (3.0).hex()}}, 0.75, 1, 0.5, {"4": "torn"}, 9
)


def store(rng, states=("momentum", "ema", "gradient_sums")):
    s = make_store(
        REFERENCE, {"fc_weight": TensorType((3, 5))}, {"fc_bias": TensorType((3,))}, {"mean": TensorType((2,))}
    )
    add_state(s, states)
    for arena in (s.parameters, s.auxiliaries, *s.states.values()):
        for name, t in arena.types.items():
            arena[name][...] = rng.standard_normal(t.shape)
    return s


def contents(files):
    """The bytes that each file gets."""
    found = {}
    for name, content in files.items():
        content(file := io.BytesIO())
        found[name] = file.getvalue()
    return found


def saved(tmp_path, files):
    write(tmp_path, 1, files, run_id="id", prune=Policy())
    return open_checkpoint(tmp_path)


def test_state_comes_back():
    raw = dump_state(STATE, INFO, {"where": "/here"})
    assert parse_state(raw, "f") == (STATE, INFO, {"version": 1, "where": "/here"})
    assert dump_state(*parse_state(raw, "f")[:2], {"where": "/here"}) == raw


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.pop("run"),
        lambda b: b["run"].update(more=1),
        lambda b: b["model"].pop("kinds"),
        lambda b: b.pop("version"),
    ],
)
def test_a_state_with_other_keys(change):
    body = json.loads(dump_state(STATE, INFO, {}))
    change(body)
    with pytest.raises(CheckpointError, match="here: not a state of mxtrain"):
        parse_state(json.dumps(body).encode(), "here")


def test_a_state_of_another_version():
    body = json.loads(dump_state(STATE, INFO, {})) | {"version": 2}
    with pytest.raises(CheckpointError, match="here: state of version 2; this mxtrain reads 1"):
        parse_state(json.dumps(body).encode(), "here")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"3"])
def test_what_is_no_state(raw):
    with pytest.raises(CheckpointError, match="not a state"):
        parse_state(raw, "here")


def test_arrays_come_back(tmp_path, rng):
    first, second = store(rng), store(rng)
    files = contents(array_files(first, "net", 7))
    assert sorted(files) == ["net-0007.params", "net-0007.state"]
    assert list(ndarray_list.load(files["net-0007.params"])) == ["arg:fc_weight", "arg:fc_bias", "aux:mean"]
    assert list(ndarray_list.load(files["net-0007.state"])) == ["momentum:fc_weight", "ema:fc_weight"]
    sums, version = second.states["gradient_sums"].buffer.copy(), second.version
    load_arrays(saved(tmp_path, files), second, states=True)
    assert contents(array_files(second, "net", 7)) == files and second.version > version
    assert np.array_equal(second.states["gradient_sums"].buffer, sums)


def test_parameters_alone(tmp_path, rng):
    first, second = store(rng), store(rng, ())
    load_arrays(saved(tmp_path, array_files(first, "net", 0)), second, states=False)
    assert np.array_equal(second.parameters["fc_bias"], first.parameters["fc_bias"])


def test_a_rule_without_states(tmp_path, rng):
    first, second = store(rng, ()), store(rng, ())
    load_arrays(saved(tmp_path, array_files(first, "net", 0)), second, states=True)
    assert np.array_equal(second.parameters.buffer, first.parameters.buffer)


def test_states_of_another_rule(tmp_path, rng):
    checkpoint = saved(tmp_path, array_files(store(rng, ("momentum",)), "net", 0))
    with pytest.raises(CheckpointError, match=r"missing \['mean:fc_weight'\], unknown \['momentum:fc_weight'\]"):
        load_arrays(checkpoint, store(rng, ("mean",)), states=True)


def test_arrays_of_another_net(tmp_path, rng):
    other = make_store(REFERENCE, {"fc_weight": TensorType((4, 5))}, {}, {})
    with pytest.raises(ConfigError, match=r"'fc_weight' must be \(4, 5\), got \(3, 5\)"):
        load_arrays(saved(tmp_path, array_files(store(rng), "net", 0)), other, states=False)


def test_the_one_file_of_a_kind(tmp_path):
    checkpoint = saved(tmp_path, {"a.params": b"1", "b.params": b"2", "c.state": b"3"})
    assert only(checkpoint, ".state") == "c.state"
    for suffix, found in ((".params", "'a.params', 'b.params'"), (".json", "none")):
        with pytest.raises(CheckpointError, match=rf"expected one \*\{suffix} file, got .*{found}"):
            only(checkpoint, suffix)
