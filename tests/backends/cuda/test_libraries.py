from __future__ import annotations

import re

from mxtrain.backends.cuda.libraries import CUDNN, NCCL, WANTED, dotted, states
from mxtrain.backends.cuda.library import choose, find
from tests.backends.cuda.fakes import fake_cudnn, needs_compiler


def test_versions_are_read_as_the_libraries_count():
    assert dotted(91900) == "9.19.0" and dotted(130002) == "13.0.2"


def test_what_is_not_there_says_what_brings_it(tmp_path):
    choose(NCCL, str(tmp_path / "libnccl.so.2"))
    try:
        state = next(s for s in states() if s.name == "NCCL")
    finally:
        choose(NCCL, "")
    assert not state.version
    assert re.fullmatch(
        r"libnccl.so.2 was not found; .*libnccl.so.2 was configured and does not load; "
        r"`pip install 'mxtrain\[nccl\]'` gives it",
        state.problem,
    )


@needs_compiler
def test_a_chosen_file_is_the_one_that_is_taken():
    with fake_cudnn():
        state = next(s for s in states() if s.name == "cuDNN")
        assert state.version == "9.19.0" and "fake_cudnn" in state.place and not state.problem
    found = find(CUDNN)
    assert found is None or "fake_cudnn" not in found.path


def test_every_library_says_what_it_is_for():
    assert all(w.purpose and w.table for w in WANTED)
