from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mxtrain.train.signals import watch

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_a_request_and_the_handlers_come_back(number):
    before = [signal.getsignal(n) for n in ALL]
    with watch() as requests:
        assert requests.stop is None
        signal.raise_signal(number)
        assert requests.stop is number and not requests.save
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert [signal.getsignal(n) for n in ALL] == before


def test_a_second_sigint_raises():
    with watch() as requests:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert requests.stop is signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGHUP])
def test_save_and_go_on(number):
    with watch() as requests:
        assert not requests.take_save()
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert requests.take_save() and not requests.take_save() and requests.stop is None


def test_handlers_come_back_after_an_error():
    before = [signal.getsignal(n) for n in ALL]
    with pytest.raises(ValueError, match="bug"), watch():
        raise ValueError("bug")
    assert [signal.getsignal(n) for n in ALL] == before


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with watch() as requests:
            signal.raise_signal(signal.SIGHUP)
            assert not requests.save
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_nothing_is_caught():
    seen = []

    def work():
        with watch() as requests:
            seen.append((requests.stop, signal.getsignal(signal.SIGTERM)))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, before)]


CHILD = """
import os, time
from mxtrain.train.signals import watch
with watch() as requests:
    os.write(1, b"ready\\n")
    while requests.stop is None:
        time.sleep(0.001)
    os.write(1, requests.stop.name.encode() + b"\\n")
    while True:
        time.sleep(0.001)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_process(number):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
    )
    assert child.stdout.readline() == b"ready\n"
    os.kill(child.pid, number)
    assert child.stdout.readline() == number.name.encode() + b"\n"
    assert child.poll() is None
    os.kill(child.pid, number)
    child.communicate(timeout=20)
    assert child.returncode == -number
