"""Nets as Gluon exports them: recurrent layers whose parameters are open in the symbol, and whole in the arrays."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import symbol as sym
from mxtrain.base.errors import ConfigError
from mxtrain.config.load import loads
from mxtrain.formats import ndarray_list
from mxtrain.train.check import check_config
from mxtrain.train.fit import load_config
from mxtrain.train.shapes import with_shapes

UNITS, WIDTH = 3, 8
NET = {"symbol": "rnn-symbol.json", "net": [{"softmax_output": {"name": "softmax"}}]}
# Samples of 8 x 8 pixels as 8 steps of 8 numbers.
CHANGES = {"augment": [{"normalize": {"std": 255}}], "net": NET, "start": {"weights": "rnn-0000.params"}}


def gluon(path, bidirectional, named=True):
    """Write the symbol of a layer of gru and a dense one, and arrays for them; the arrays."""
    x = sym.transpose(sym.reshape(sym.variable("data"), shape=(0, -3, 0)), axes=(1, 0, 2))
    shapes = {}
    for kind in ("weight", "bias"):
        for side in "lr"[: 1 + bidirectional]:
            for part, width in (("i2h", WIDTH), ("h2h", UNITS)):
                shapes[f"gru_{side}0_{part}_{kind}"] = (3 * UNITS, width) if kind == "weight" else (3 * UNITS,)
    parts = []
    for name, shape in shapes.items():
        known = (shape[0], None) if "i2h_weight" in name else shape
        v = sym.variable(name, shape=known if named else None, lr_mult=1.0, wd_mult=1.0, scope=x.scope)
        parts.append(sym.reshape(v, shape=(-1,)))
    start = sym.zeros(shape=(1 + bidirectional, 0, UNITS))
    how = {"state_size": UNITS, "num_layers": 1, "mode": "gru", "bidirectional": bidirectional}
    y = sym.mean(sym.rnn(x, sym.concat(*parts, dim=0, num_args=len(parts)), start, **how), axis=0)
    sym.fully_connected(y, num_hidden=3, name="dense").save(path / "rnn-symbol.json")
    shapes |= {"dense_weight": (3, UNITS * (1 + bidirectional)), "dense_bias": (3,)}
    rng = np.random.default_rng(0)
    arrays = {n: rng.uniform(-0.5, 0.5, s).astype(np.float32) for n, s in shapes.items()}
    ndarray_list.save(path / "rnn-0000.params", {f"arg:{n}": a for n, a in arrays.items()})
    return arrays


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_gluon_layer_runs_and_goes_on_without_the_file(bench, bidirectional):
    arrays = gluon(bench.path, bidirectional)
    begun = bench.fit(epochs=0, **CHANGES)
    held = ndarray_list.load(begun.file(".params"))
    assert all(np.array_equal(held[f"arg:{n}"], a) for n, a in arrays.items())
    assert b'"__shape__": "(9, 8)"' in begun.file("-symbol.json")
    whole = bench.fit(epochs=2, **CHANGES)
    half = bench.fit(epochs=1, **CHANGES)
    (bench.path / "rnn-0000.params").unlink()
    assert half.evaluate()[1] == 13
    assert bench.resume(half.path, "epochs=2").file(".params") == whole.file(".params")


def test_what_the_symbol_tells_needs_no_arrays(bench):
    gluon(bench.path, False)
    (bench.path / "rnn-0000.params").unlink()
    checked = check_config(*load_config(bench.config(**{**CHANGES, "start": None}), ["input_shape=[1, 8, 8]"]))
    types = {n.name: n.types[0].shape for n in checked.graph.nodes if n.op is None}
    assert types["gru_l0_i2h_weight"] == (9, 8)


def test_nothing_tells_it(bench):
    gluon(bench.path, True)
    text = (
        r"net: nothing tells the shape of 'gru_l0_i2h_weight', 'gru_r0_i2h_weight': .*give the arrays .*weights: FILE"
    )
    with pytest.raises(ConfigError, match=text):
        bench.built(**{**CHANGES, "start": None})


def test_arrays_of_another_net(bench):
    arrays = gluon(bench.path, True)
    file = bench.path / "rnn-0000.params"
    ndarray_list.save(file, {n: a for n, a in arrays.items() if n != "gru_r0_i2h_weight"})
    with pytest.raises(ConfigError, match=r"start.weights: nothing tells the shape of 'gru_l0_i2h_weight'") as found:
        ndarray_list.save(file, {"other": arrays["dense_bias"]})
        bench.built(**CHANGES)
    assert "the file has no such arrays" in str(found.value)
    ndarray_list.save(file, {**arrays, "gru_l0_i2h_weight": np.zeros((7, 8), np.float32)})
    with pytest.raises(ConfigError, match=r"start.weights: 'gru_l0_i2h_weight' is \(7, 8\) there, but \(9, \?\)"):
        bench.built(**CHANGES)


def test_arrays_are_read_only_where_they_are_needed():
    entries = sym.fully_connected(sym.variable("data"), num_hidden=3, name="fc").entries

    def read():
        raise AssertionError("read")

    from mxtrain.base.types import TensorType

    assert with_shapes(entries, {"data": TensorType((2, 4))}, loads("a: 1"), read) is entries
