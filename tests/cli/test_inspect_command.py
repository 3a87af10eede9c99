"""mxtrain inspect: runs, checkpoints, arrays, symbols, and everything that is none of these."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from mxtrain import symbol as sym
from mxtrain.formats import ndarray_list


@pytest.fixture
def checkpoint(copy):
    return (copy / "checkpoints/last").resolve()


@pytest.fixture
def params(checkpoint):
    return next(checkpoint.glob("*.params"))


def test_a_run(mx, trained):
    said = mx("inspect", trained)
    assert said.code == 0 and not said.err
    assert "epoch  step  train.loss" in said.out and said.out.count("verified") == 2
    (run,) = mx("inspect", trained, "--json").lines
    assert [e["epoch"] for e in run["epochs"]] == [1, 2] and {"val.accuracy", "lr"} <= set(run["epochs"][0])
    assert run["best"] in [f"step-{n:08d}" for n in (2, 4)]
    assert [c["step"] for c in run["checkpoints"]] == [2, 4]


def test_a_checkpoint(mx, checkpoint):
    said = mx("inspect", checkpoint)
    assert said.code == 0 and "data 1 x 6 x 6" in said.out and "2: dark, light" in said.out
    assert said.out.count("verified") == 6
    (found,) = mx("inspect", checkpoint, "--json").lines
    assert (found["step"], found["epoch"], found["problems"]) == (4, 2, [])


def test_a_truncated_file_of_a_checkpoint(mx, copy, checkpoint, params):
    params.write_bytes(params.read_bytes()[:50])
    said = mx("inspect", checkpoint)
    assert said.code == 9 and said.out.count("DAMAGED") == 1 and said.out.count("verified") == 5
    assert "offset 50: expected" in said.err
    said = mx("inspect", copy)
    assert said.code == 9 and said.out.count("DAMAGED") == 1


def test_a_checkpoint_without_its_manifest_or_state(mx, checkpoint):
    (checkpoint / "state.json").write_text("{}")
    said = mx("inspect", checkpoint)
    assert said.code == 9 and "epoch      -" in said.out
    (checkpoint / "manifest.json").unlink()
    assert "expected the manifest" in mx("inspect", checkpoint).err


def test_a_run_without_checkpoints_or_metrics(mx, copy):
    shutil.rmtree(copy / "checkpoints")
    (copy / "metrics.jsonl").unlink()
    assert "no checkpoint" in mx("inspect", copy).out
    (copy / "meta.json").write_text("{")
    assert mx("inspect", copy).code == 3


def test_arrays(mx, params):
    said = mx("inspect", params)
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()[2:4]] == [
        ["arg:conv_weight", "2", "x", "1", "x", "3", "x", "3", "float32", "18"],
        ["arg:fc_weight", "2", "x", "32", "float32", "64"],
    ]
    assert "\n4 arrays, 86 elements, " in said.out


def test_truncated_arrays(mx, params):
    params.write_bytes(params.read_bytes()[:300])
    said = mx("inspect", params)
    assert said.code == 3 and "\n1 whole arrays, 18 elements, 300 B" in said.out
    assert "(the file is truncated at byte 300)" in said.err
    (found,) = mx("inspect", params, "--json").lines
    assert found["arrays"][0] == {"name": None, "shape": [2, 1, 3, 3], "dtype": "float32", "storage": "dense"}


def test_a_symbol(mx, checkpoint):
    path = next(checkpoint.glob("*-symbol.json"))
    out = mx("inspect", path).out
    assert "fc       fully_connected  flat" in out and "arguments: data, conv_weight, conv_bias" in out
    out = mx("inspect", path, "--shape", "data=5,1,6,6").out
    assert "conv     convolution      data               5 x 2 x 4 x 4          20" in out and "\n86 parameters" in out
    (net,) = mx("inspect", path, "--shape", "data=5x1x6x6", "--json").lines
    assert net["outputs"] == [{"name": "softmax_output", "shape": [5, 2]}]


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("data=5,1,2,2", "convolution 'conv'"),
        ("dat=1", "no variable 'dat'; did you mean 'data'?"),
        ("data", "expected NAME=SIZES"),
        ("data=", "expected NAME=SIZES"),
        ("data=1,x", "expected NAME=SIZES"),
    ],
)
def test_shapes_that_do_not_fit(mx, checkpoint, shape, text):
    said = mx("inspect", next(checkpoint.glob("*-symbol.json")), "--shape", shape)
    assert said.code == 2 and text in said.err


def test_a_symbol_whose_shapes_lie_beside_it(mx, tmp_path):
    w = sym.variable("w", lr_mult=1.0, kind="parameter")
    sym.dot(sym.variable("data", scope=w.scope), w, name="y").save(tmp_path / "a-symbol.json")
    alone = mx("inspect", tmp_path / "a-symbol.json", "--shape", "data=2,3")
    assert alone.code == 2 and "the shape of 'w'" in alone.err
    for epoch, width in ((1, 4), (12, 5)):
        ndarray_list.save(tmp_path / f"a-{epoch:04d}.params", {"arg:w": np.zeros((3, width), np.float32)})
    said = mx("inspect", tmp_path / "a-symbol.json", "--shape", "data=2,3")
    assert "y_output  2 x 5" in said.out and "those of" in said.err and "a-0012.params" in said.err


def test_shapes_are_for_symbols(mx, trained):
    assert "--shape is for symbols" in mx("inspect", trained, "--shape", "data=1").err


def test_what_is_none_of_these(mx, tmp_path, config):
    assert mx("inspect", tmp_path / "nope").code == 4
    said = mx("inspect", tmp_path)
    assert said.code == 4 and "it holds nothing" in said.err
    assert mx("inspect", "/dev/null").code == 3
    assert "not an NDArray list" in mx("inspect", config).err
    (tmp_path / "empty.params").touch()
    assert "an empty file" in mx("inspect", tmp_path / "empty.params").err
    (tmp_path / "x.json").write_text("[1")
    assert mx("inspect", tmp_path / "x.json").code == 3
