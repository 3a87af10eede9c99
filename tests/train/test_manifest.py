from __future__ import annotations

import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import CheckpointError
from mxtrain.train.file_system import Sum
from mxtrain.train.manifest import Manifest, Score, dump, parse, problem_with_names

SHA = "0" * 64
GOOD = Manifest(12, "abc", {"a.params": Sum(3, SHA)}, Score("accuracy", 0.5, "max"))

NAMES = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", fullmatch=True)
SUMS = st.builds(Sum, st.integers(0, 2**70), st.text("0123456789abcdef", min_size=64, max_size=64))
SCORES = st.builds(
    Score,
    st.text(max_size=9),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["max", "min"]),
)


@given(
    st.integers(0, 10**18 - 1),
    st.from_regex(r"[A-Za-z0-9]{1,64}", fullmatch=True),
    st.dictionaries(NAMES, SUMS, max_size=4).filter(lambda d: problem_with_names(d) is None),
    st.none() | SCORES,
)
def test_round_trip(step, run_id, files, score):
    manifest = Manifest(step, run_id, files, score)
    assert parse(dump(manifest), "m") == manifest


def seal(body):
    """Give a body the sum that makes it look untouched."""

    def text(b):
        return json.dumps(b, indent=1, sort_keys=True).encode() + b"\n"

    return text({**body, "sha256": hashlib.sha256(text(body)).hexdigest()})


def body(**changes):
    good = json.loads(dump(GOOD))
    del good["sha256"]
    return {k: v for k, v in {**good, **changes}.items() if v is not ...}


def test_seal_makes_what_dump_makes():
    assert seal(body()) == dump(GOOD)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "expected checkpoint format 1, got 2"),
        ({"format": ...}, "got None"),
        ({"step": ...}, "step"),
        ({"step": "1"}, "step: expected int, got str"),
        ({"step": True}, "step: expected int, got bool"),
        ({"step": -1}, "expected 0 to"),
        ({"run_id": "../x"}, "run id: expected"),
        ({"files": []}, "files: expected dict"),
        ({"files": {"../x": {"size": 1, "sha256": SHA}}}, "file name '../x'"),
        ({"files": {"manifest.json": {"size": 1, "sha256": SHA}}}, "taken"),
        ({"files": {"a": {"size": -1, "sha256": SHA}}}, "a: expected a size"),
        ({"files": {"a": {"size": 1.0, "sha256": SHA}}}, "a: size: expected int"),
        ({"files": {"a": {"size": 1, "sha256": "0"}}}, "64 hexadecimal digits"),
        ({"files": {"a": 3}}, "TypeError"),
        ({"score": 3}, "TypeError"),
        ({"score": {"name": "x", "value": 1.0, "mode": "mean"}}, "mode must be max or min"),
        ({"score": {"name": "x", "value": "1", "mode": "max"}}, "score: expected float"),
        ({"score": {"name": "x", "value": math.inf, "mode": "max"}}, "manifest.json: "),
    ],
)
def test_what_no_manifest_may_say(changes, words):
    with pytest.raises(CheckpointError, match="manifest.json: ") as raised:
        parse(seal(body(**changes)), "manifest.json")
    assert words in str(raised.value)


def test_any_other_writing_of_the_same_is_refused():
    for raw in (json.dumps(json.loads(dump(GOOD))).encode(), dump(GOOD) + b" ", dump(GOOD).replace(b"12", b"13")):
        with pytest.raises(CheckpointError, match="damaged or edited"):
            parse(raw, "m")


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_any_bytes_are_refused_without_a_traceback(raw):
    with pytest.raises(CheckpointError):
        parse(raw, "m")


def test_deep_nesting_is_refused():
    with pytest.raises(CheckpointError):
        parse(b"[" * 100_000 + b"]" * 100_000, "m")


def test_format_1_stays_as_it_is():
    """Checkpoints of every release must go on being read: these bytes never change."""
    assert dump(GOOD).decode() == (
        '{\n "files": {\n  "a.params": {\n   "sha256": "' + SHA + '",\n   "size": 3\n  }\n },\n "format": 1,\n'
        ' "run_id": "abc",\n "score": {\n  "mode": "max",\n  "name": "accuracy",\n  "value": 0.5\n },\n'
        ' "sha256": "3046f00c65bb33d31be0a86f79825edeab9d8d0365c508f73e953baeef9d44a0",\n "step": 12\n}\n'
    )
