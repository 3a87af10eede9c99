"""Every shipped config checks, without its data, and every shipped net builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxtrain.config.load import load, loads
from mxtrain.symbol.build import build_net, check_heads
from mxtrain.train import check
from mxtrain.train.fit import load_config

FOLDER = Path(__file__).parents[2] / "configs"
CONFIGS = sorted(p.stem for p in FOLDER.glob("*.yaml"))
NETS = sorted(p.stem for p in (FOLDER / "nets").glob("*.yaml"))


@pytest.mark.parametrize("name", CONFIGS)
def test_configs_check(name, monkeypatch):
    monkeypatch.delenv("MXTRAIN_DATA", raising=False)
    # One strategy: the others plan the same graph.
    monkeypatch.setattr(check, "STRATEGIES", ("both",))
    config, tree, where = load_config(name, [f"data.root={FOLDER}/nowhere"])
    assert config.input_shape is not None, "give input_shape, so that the config can be checked without its data"
    assert config.name == name
    checked = check.check_config(config, tree, where)
    assert checked.rows == config.batch_size and checked.groups.types


@pytest.mark.parametrize("name", NETS)
def test_nets_build(name):
    symbol = build_net(loads(f"net: {{file: {name}}}").at(("net",)), search=[FOLDER])
    check_heads(symbol)
    assert symbol.list_arguments()[0] == "data"


@pytest.mark.parametrize("path", [*(f"{n}.yaml" for n in CONFIGS), *(f"nets/{n}.yaml" for n in NETS)])
def test_files_open_with_what_they_are(path):
    text = (FOLDER / path).read_text(encoding="utf-8")
    assert text.startswith("# "), "open it with a comment: `mxtrain ls` shows its first line"
    assert load(FOLDER / path).data
