import threading

import pytest

from mxtrain.backends.onednn import run_parts


def calls(seen, *names):
    """Calls that note who ran them."""
    return [(lambda n=n: seen.append((n, threading.get_ident())), ()) for n in names]


@pytest.mark.parametrize("dealt", [False, True])
def test_every_part_runs_once_after_the_first_calls_of_its_thread(dealt):
    seen = []
    parts = [[calls(seen, k) for k in range(9)] for _ in range(3)]
    firsts = [calls(seen, f"first {t}") for t in range(3)]
    assert run_parts(firsts, parts, dealt=dealt, threads=2) == 0
    assert sorted(n for n, _ in seen if isinstance(n, int)) == list(range(9))
    assert len({who for n, who in seen if isinstance(n, str)}) == 3
    for thread in {who for _, who in seen}:
        assert isinstance([n for n, who in seen if who == thread][0], str)


def test_dealt_parts_always_go_to_the_same_thread():
    seen = []
    parts = [[calls(seen, (t, k)) for k in range(6)] for t in range(2)]
    run_parts([[], []], parts, dealt=True, threads=2)
    assert sorted(n for n, _ in seen) == [(0, 0), (0, 2), (0, 4), (1, 1), (1, 3), (1, 5)]


def test_a_failure_on_any_thread_is_told():
    bad = [(lambda: 7, ())]
    assert run_parts([[], bad], [[[]], [[]]], dealt=True, threads=2) == 7
    assert run_parts([[], []], [[bad], [bad]], dealt=False, threads=2) == 7


def test_an_error_on_a_thread_is_raised_and_the_threads_live_on():
    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_parts([[], [(fail, ())]], [[[]], [[]]], dealt=True, threads=2)
    assert run_parts([[], []], [[[]], [[]]], dealt=True, threads=2) == 0


def test_an_error_of_the_caller_leaves_no_thread_behind():
    seen = []

    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_parts([[(fail, ())], []], [[[], []], [calls(seen, 0), calls(seen, 1)]], dealt=True, threads=2)
    assert [n for n, _ in seen] == [1]
    assert run_parts([[], []], [[[]], [[]]], dealt=True, threads=2) == 0
