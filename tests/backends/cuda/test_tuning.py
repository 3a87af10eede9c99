from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mxtrain.backends.cuda import cache
from mxtrain.backends.cuda.tuning import Tuning, key_of

HERE = Path(__file__).parents[3]
TIMES = {"slow": 2.0, "fast": 1.0, "broken": float("inf")}


def untimed(name):
    pytest.fail("timed")


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
    assert Tuning().choose("key", ["only"], untimed) == "only"


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_a_cache_that_is_none_is_forgotten(kept, content):
    cache.write("t", content)
    assert Tuning("t").choose("key", list(TIMES), TIMES.__getitem__) == "fast"


def test_keys():
    assert key_of("conv", (1, 2), "float16") == "conv (1, 2) float16"


def test_of_two_that_time_the_same_key_the_second_takes_what_the_first_kept(kept):
    first, second = Tuning("t"), Tuning("t")
    assert second.choose("own", ["slow", "fast"], TIMES.__getitem__) == "fast"
    assert first.choose("key", ["slow", "fast"], TIMES.__getitem__) == "fast"
    other = {"slow": 1.0, "fast": 2.0}.__getitem__
    assert second.choose("key", ["slow", "fast"], other) == "fast" and second.used["key"] == "fast"
    assert first.choose("own", ["slow", "fast"], other) == "fast"
    # A choice that is not offered any more gives way.
    assert Tuning("t").choose("key", ["new", "other"], {"new": 2.0, "other": 1.0}.__getitem__) == "other"
    assert Tuning("t").choose("key", ["new", "other"], untimed) == "other"


def test_what_a_run_has_used_stays_with_it_whatever_others_keep(kept):
    first, second = Tuning("t"), Tuning("t")
    assert first.choose("key", ["slow", "fast"], TIMES.__getitem__) == "fast"
    cache.write("t", b'{"key": "slow"}')
    assert first.choose("next", ["slow", "fast"], TIMES.__getitem__) == "fast"
    assert first.choose("key", ["slow", "fast"], TIMES.__getitem__) == "fast"
    assert second.choose("key", ["slow", "fast"], TIMES.__getitem__) == "slow"


CHOOSE = """
import sys, time
from pathlib import Path
from mxtrain.backends.cuda import cache
from mxtrain.backends.cuda.tuning import Tuning
cache.FOLDER = Path(sys.argv[1])
write = cache.write
cache.write = lambda *args: (time.sleep(0.002), write(*args))
print("ready", flush=True)
sys.stdin.readline()
for k in range(40):
    Tuning("t").choose(f"{sys.argv[2]} {k}", ["a", "b"], lambda name: float(name == "b"))
"""


def test_processes_lose_none_of_each_others_choices(kept):
    def started(worker):
        command = [sys.executable, "-c", CHOOSE, str(kept), str(worker)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE, text=True)

    running = [started(w) for w in range(3)]
    for p in running:
        assert p.stdout.readline() == "ready\n"
    for p in running:
        p.stdin.write("go\n")
        p.stdin.flush()
    for p in running:
        p.communicate()
        assert p.returncode == 0
    found = Tuning("t")
    assert all(found.choose(f"{w} {k}", ["a", "b"], untimed) == "a" for w in range(3) for k in range(40))


@pytest.mark.parametrize("function", ["fcntl.flock", "os.open"])
def test_what_cannot_be_locked_is_not_kept(function, kept, monkeypatch):
    def refuse(*args, **more):
        raise OSError("no locks here")

    tuning = Tuning("t")
    with monkeypatch.context() as m:
        m.setattr(function, refuse)
        assert tuning.choose("key", ["slow", "fast"], TIMES.__getitem__) == "fast"
    assert tuning.choose("key", ["slow", "fast"], untimed) == "fast"
    assert cache.read("t") is None
