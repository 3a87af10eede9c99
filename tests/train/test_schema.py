from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.config.dump import dump
from mxtrain.config.fill import read, resolve
from mxtrain.config.load import load
from mxtrain.config.schema import json_schema
from mxtrain.train.schema import Config
from mxtrain.train.shipped import shipped_configs


def loaded(bench, *overrides, **changes):
    return read(load(bench.config(**changes), list(overrides)), Config)


def test_defaults(bench):
    config = loaded(bench, "~threads", "~log", "~seed", "~name", "~epochs", "~batch_size")
    assert (config.name, config.seed, config.threads, config.epochs, config.batch_size) == ("run", 0, "auto", 10, 128)
    assert (config.device, config.precision, config.memory, config.grad_accum) == ("cpu", "fp32", "both", 1)
    assert [m.name for m in config.metrics] == ["accuracy", "cross_entropy"]
    assert config.checkpoint.every == "1 epoch" and config.checkpoint.keep_last == 3
    assert config.initializer.name == "xavier" and config.start.weights is None and config.multipliers == ()


@pytest.mark.parametrize(
    ("override", "path"),
    [
        ("batch_size=0", "batch_size"),
        ("batch_size=16777217", "batch_size"),
        ("eval_batch_size=16777217", "eval_batch_size"),
        ("grad_accum=0", "grad_accum"),
        ("epochs=-1", "epochs"),
        ("epochs=ten", "epochs"),
        ("max_steps=0", "max_steps"),
        ("seed=-1", "seed"),
        ("seed=9223372036854775808", "seed"),
        ("threads=0", "threads"),
        ("threads=many", "threads"),
        ("precision=fp8", "precision"),
        ("memory=some", "memory"),
        ("name=a/b", "name"),
        ("name=", "name"),
        ("clip_global_norm=0", "clip_global_norm"),
        ("ema.decay=1", r"ema\.decay"),
        ("data.last_batch=cut", r"data\.last_batch"),
        ("data.max_bad=2", r"data\.max_bad"),
        ("checkpoint.every=5 apples", r"checkpoint\.every"),
        ("checkpoint.every=-5", r"checkpoint\.every"),
        ("checkpoint.keep_last=0", r"checkpoint\.keep_last"),
        ("checkpoint.on_full=wait", r"checkpoint\.on_full"),
        ("early_stop={monitor: val.accuracy, patience: 0}", r"early_stop\.patience"),
        ("early_stop={}", r"early_stop"),
        ("start.match=some", r"start\.match"),
        ("log.every=0", r"log\.every"),
        ("optimizer=adma", "optimizer"),
        ("augment=[blur]", "augment"),
        ("input_shape=[1, 0, 8]", "input_shape"),
        ("learning_rate=0.1", "learning_rate"),
    ],
)
def test_values_that_cannot_be_are_named(bench, override, path):
    with pytest.raises(ConfigError, match=rf"(?m)^[^\n]*\b{path}\b"):
        loaded(bench, override)


def test_every_problem_at_once(bench):
    with pytest.raises(ConfigError) as caught:
        loaded(bench, "batch_size=0", "seed=-1", "optimizer.lr=fast", "nett=1")
    assert len(caught.value.problems) == 4


def test_what_is_written_reads_back_the_same(bench):
    tree = load(bench.config(ema={}, early_stop={"monitor": "val.accuracy"}, metrics=["accuracy", {"top_k": {"k": 2}}]))
    config = read(tree, Config)
    again = bench.path / "again.yaml"
    again.write_text(dump(resolve(config, tree)))
    assert read(load(str(again)), Config) == config


def test_the_json_schema_knows_every_key():
    described = json_schema(Config, file=False)
    assert set(described["properties"]) >= {"net", "data", "optimizer", "epochs", "checkpoint", "multipliers"}
    assert described["additionalProperties"] is False and set(described["required"]) == {"net", "data", "optimizer"}


@pytest.mark.parametrize("path", sorted(shipped_configs().glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_configs_are_valid(path, monkeypatch):
    monkeypatch.setenv("MXTRAIN_DATA", "/data")
    assert read(load(str(path)), Config).name == path.stem
