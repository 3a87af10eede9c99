"""mxtrain check: what a config means; every mistake at its line."""

from __future__ import annotations

import pytest

from mxtrain import ops


def test_tables(mx, config):
    said = mx("check", config)
    assert said.code == 0 and not said.err
    assert "conv     convolution      8 x 2 x 4 x 4          20" in said.out
    assert "86 parameters, 0 auxiliary" in said.out
    assert "\nboth " in said.out and "\nparameters, gradients and optimizer state: " in said.out


def test_json(mx, config):
    (summary,) = mx("check", config, "batch_size=4", "--json").lines
    assert summary["parameters"] == 86 and summary["batch"] == 4
    assert [layer["name"] for layer in summary["layers"]] == ["conv", "flat", "fc", "softmax"]
    assert summary["layers"][0]["source"].startswith(f"{config}:6:")


def test_the_largest_batch_within_a_budget(mx, config):
    said = mx("check", config, "--memory", "256MiB")
    assert said.code == 0 and "largest batch_size within 256.0 MiB" in said.out and "\nrecompute" in said.out
    (found,) = mx("check", config, "--memory", "256MiB", "--json").lines
    assert found["memory"] == 256 << 20 and found["batch_size"]["both"] >= found["batch_size"]["none"] > 8
    assert "not even 1" in mx("check", config, "--memory", "1MiB").out
    said = mx("check", config, "--memory", "lots")
    assert said.code == 2 and "expected a size such as 4GiB" in said.err


def test_plan(mx, config):
    out = mx("check", config, "--plan").out
    assert "\nevery step:\n" in out and "fc = fully_connected(" in out


def test_no_data_is_needed(mx, config, monkeypatch):
    monkeypatch.delenv("MXTRAIN_DATA", raising=False)
    for root in ("${MXTRAIN_DATA}/nope", "/nope"):
        assert mx("check", config, f"data.root={root}").code == 0
    said = mx("check", config, "data.root=${MXTRAIN_DATA}/nope", "~input_shape")
    assert said.code == 2 and "MXTRAIN_DATA is not set" in said.err and "give it: input_shape" in said.err


def test_the_shape_may_come_from_the_data(mx, config):
    assert "8 x 2 x 4 x 4" in mx("check", config, "~input_shape").out


NET = """\
extends: tiny.yaml
net:
  - convolution: {{num_filter: 2, kernel: 3, name: a}}
  - convolution: {{num_filter: 2, kernel: 3, name: b}}
  - {layer}
  - flatten
  - fully_connected: {{num_hidden: 2}}
  - softmax_output
"""


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        ("pooling: {kernel: 9}", ":5:5: pooling 'pooling0': the window (9) is larger than the input"),
        ("convolution: {num_filter: 1, kernel: [3, 3, 3]}", ":5:5: convolution 'convolution0': "),
        ("convolution: {num_filter: 1, kernel: 1, from: c}", ":5:51: net[2].convolution.from: no layer 'c'"),
        ("elemwise_add: {from: [a, b]}", ":5:5: elemwise_add 'elemwise_add0': "),
        ("add: {from: [a, b]}", ":5:5: add_n 'add_n0': "),
        ("concat: {from: [a, b]}", ":5:5: concat 'concat0': "),
        (
            "convolution: {num_filters: 1, kernel: 1}",
            ":5:19: net[2].convolution.num_filters: unknown key 'num_filters'",
        ),
        (
            "convolutoin: {num_filter: 1, kernel: 1}",
            ":5:5: net[2].convolutoin: no operator or block 'convolutoin'; did you mean",
        ),
    ],
)
def test_layers_that_do_not_fit_are_named_by_line(mx, folder, layer, text):
    path = folder / "bad.yaml"
    path.write_text(NET.format(layer=layer))
    try:
        said = mx("check", path)
    finally:
        path.unlink()
    assert said.code == 2 and not said.out and f"{path}{text}" in said.err


def test_every_problem_at_once(mx, config):
    said = mx("check", config, "epochs=x", "optimizer.lr=-1", "nope=1", "checkpoint.every=often")
    assert said.code == 2
    for text in ("epochs: must be a whole number of epochs", "optimizer.lr", "unknown key 'nope'", "'1 epoch'"):
        assert text in said.err


FILES = {
    "missing.yaml": None,
    "empty.yaml": b"",
    "list.yaml": b"- a\n",
    "binary.yaml": bytes(range(256)),
    "utf16.yaml": "epochs: 1".encode("utf-16"),
    "nul.yaml": b"a: \0",
    "tab.yaml": b"a:\n\tb: 1\n",
    "open.yaml": b"a: [1, 2",
    "deep.yaml": b"a: " + b"[" * 5000,
    "bomb.yaml": b"a: &a [1,1]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c]\n",
    "self.yaml": b"extends: self.yaml\n",
    "tag.yaml": b"a: !!python/object:os.system x\n",
    "number.yaml": b"5",
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_config(mx, tmp_path, name):
    if FILES[name] is not None:
        (tmp_path / name).write_bytes(FILES[name])
    said = mx("check", tmp_path / name)
    assert said.code == 2 and name in said.err and not said.out


def test_places_that_are_no_file(mx, tmp_path):
    assert "a folder; name a YAML file" in mx("check", tmp_path).err
    assert mx("check", "/dev/null").code == 2
    assert mx("check", "a\0b").code == 2
    assert mx("check", "").code == 2
    assert mx("check", "x" * 5000).code == 2
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    assert mx("check", tmp_path / "loop.yaml").code == 2


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr("mxtrain.train.check.missing", lambda: ("there is no GPU",))


def test_a_step_that_can_be_one_graph(mx, config, no_gpu):
    said = mx("check", config, "device=gpu")
    assert said.code == 0 and "\nevery step can be captured into one CUDA graph\n" in said.out
    assert "no GPU can be used on this machine" in said.out
    assert "CUDA graph" not in mx("check", config, "device=gpu", "cuda_graph=false").out
    for key in ("device=cpu", "cuda_graph=false"):
        (found,) = mx("check", config, key, "--json").lines
        assert found["uncaptured"] is None


def test_what_keeps_a_step_from_being_one_graph(mx, config, no_gpu, monkeypatch):
    monkeypatch.delitem(ops.get("softmax_output").kernels, "cuda")
    said = mx("check", config, "device=gpu")
    assert said.code == 0
    assert "\nsteps are not run as one CUDA graph, but call by call: softmax_output cannot be captured\n" in said.out
    assert "softmax       softmax_output  reference: allocates, or waits for values\n" in said.out
    (found,) = mx("check", config, "device=gpu", "--json").lines
    assert {"name": "softmax", "op": "softmax_output", "kernel": "reference"} in found["uncaptured"]
