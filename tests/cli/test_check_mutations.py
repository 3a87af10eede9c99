"""However a config is broken, `mxtrain check` says so: an exit code, never a traceback."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxtrain.cli import app

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = sorted(p.name for p in CONFIGS.glob("*.yaml"))
NETS = ("digits", "lenet", "mlp", "conv2bn")
WORDS = (
    "0", "-1", "1e99", "3.5", "null", "true", "[]", "{}", "[[]]", "{a: 1}", "''", "nope", "net", "name", "from",
    "[1, 2]", "128", "1 epoch", "${x}", "2 ** 99", "index", "${MXTRAIN_DATA}", "&a", "*a", "- ", ": ",
    "\t", "\u2014", "\0", "'",
)  # fmt: skip


def mutate(text: str, where: list[tuple[int, int, str]]) -> str:
    """Tokens of a text exchanged, doubled, left out."""
    parts = re.split(r"(\s+|[{}\[\],:])", text)
    for place, kind, word in where:
        k = place % len(parts)
        other = parts[(place // 7) % len(parts)]
        parts[k] = (word, "", parts[k] * 2, other, word + parts[k])[kind]
    return "".join(parts)


changes = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 4), st.sampled_from(WORDS)), min_size=1, max_size=4)


def check(path: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        app.run(["check", str(path), "batch_size=2"])
    return ended.value.code


@pytest.fixture
def quick(monkeypatch):
    """What a mutation can make large is made small before it costs time."""
    from mxtrain.train import check

    monkeypatch.setattr(check, "STRATEGIES", ("both",))
    monkeypatch.delenv("MXTRAIN_DATA", raising=False)


@pytest.mark.parametrize("name", NAMES)
def test_configs(name, tmp_path, quick, capsys):
    text = (CONFIGS / name).read_text()

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(changes)
    def holds(where):
        (tmp_path / "c.yaml").write_text(mutate(text, where))
        code = check(tmp_path / "c.yaml")
        assert code in (0, 2, 3, 4)

    holds()


@pytest.mark.parametrize("name", NETS)
def test_nets(name, tmp_path, quick, capsys):
    shutil.copy(CONFIGS / "digits.yaml", tmp_path / "c.yaml")
    text = (CONFIGS / "nets" / f"{name}.yaml").read_text()

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(changes)
    def holds(where):
        (tmp_path / "digits.yaml").write_text(mutate(text, where))
        code = check(tmp_path / "c.yaml")
        assert code in (0, 2, 3, 4)

    holds()
