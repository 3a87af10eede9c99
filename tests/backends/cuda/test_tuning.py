from __future__ import annotations

import pytest

from mxtrain.backends.cuda import cache
from mxtrain.backends.cuda.tuning import Tuning, key_of

TIMES = {"slow": 2.0, "fast": 1.0, "broken": float("inf")}


def test_the_fastest_is_timed_once_and_kept(kept):
    asked = []

    def measure(name):
        asked.append(name)
        return TIMES[name]

    assert Tuning("t").choose("key", list(TIMES), measure) == "fast"
    assert asked == list(TIMES)
    again = Tuning("t")
    assert again.choose("key", list(TIMES), measure) == "fast" and len(asked) == 3
    assert again.used == {"key": "fast"}


def test_what_an_earlier_run_used_comes_first(kept):
    t = Tuning("t")
    t.give({"key": "slow", "gone": "other"})
    assert t.choose("key", list(TIMES), TIMES.__getitem__) == "slow"
    assert t.choose("gone", list(TIMES), TIMES.__getitem__) == "fast"
    assert t.used == {"key": "slow", "gone": "fast"}


def test_one_implementation_is_not_timed():
    assert Tuning().choose("key", ["only"], lambda name: pytest.fail("timed")) == "only"


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_a_cache_that_is_none_is_forgotten(kept, content):
    cache.write("t", content)
    assert Tuning("t").choose("key", list(TIMES), TIMES.__getitem__) == "fast"


def test_keys():
    assert key_of("conv", (1, 2), "float16") == "conv (1, 2) float16"
