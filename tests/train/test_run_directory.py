from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import ConfigError, DataError, EnvironmentFault, MXTrainError, OutOfSpace, RunBusy
from mxtrain.train.run_directory import (
    RunDirectory,
    check_name,
    create,
    describe_run,
    git_commit,
    lock,
    log_handler,
    open_run,
)

HERE = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path):
    return create(tmp_path / "runs", "digits", "a: 1\n", "a: 1\nb: 2\n", {"command": ["mxtrain", "fit"]})


def test_create_makes_the_next_number(run, tmp_path):
    assert run.path == tmp_path / "runs" / "digits" / "001"
    assert sorted(os.listdir(run.path)) == ["checkpoints", "config.input.yaml", "config.yaml", "meta.json"]
    assert (run.path / "config.input.yaml").read_text() == "a: 1\n"
    assert (run.path / "config.yaml").read_text() == "a: 1\nb: 2\n"
    assert json.loads((run.path / "meta.json").read_text()) == {"command": ["mxtrain", "fit"], "run_id": run.run_id}
    (run.path.parent / "099").mkdir()
    (run.path.parent / "notes").mkdir()
    second = create(tmp_path / "runs", "digits", "", "", {})
    assert second.path.name == "100" and second.run_id != run.run_id
    assert open_run(second.path) == second
    assert second.checkpoints == second.path / "checkpoints" and second.metrics == second.path / "metrics.jsonl"


def test_create_syncs_every_new_directory(tmp_path, fault_fs):
    faults = fault_fs()
    path = create(tmp_path / "runs", "a", "", "", {}, fs=faults.fs()).path
    made = [c[1] for c in faults.log if c[0] == "mkdir"]
    assert made == [path.parent.parent, path.parent, path, path / "checkpoints"]
    synced = [c[1] for c in faults.log if c[0] == "fsync_dir"]
    assert all(m in synced and m.parent in synced for m in made)


def test_create_takes_another_number_if_one_is_taken_meanwhile(tmp_path, fault_fs):
    fs = fault_fs().fs()
    stale = type(fs)(**{**vars(fs), "listdir": lambda path: []})
    (tmp_path / "runs" / "a" / "001").mkdir(parents=True)
    assert create(tmp_path / "runs", "a", "", "", {}, fs=stale).path.name == "002"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EROFS, EnvironmentFault), (errno.ENOSPC, OutOfSpace), (errno.EIO, EnvironmentFault)]
)
def test_create_refused_at_any_call(tmp_path, fault_fs, number, kind):
    count = len(fault_fs().kinds)
    dry = fault_fs()
    create(tmp_path / "dry", "a", "", "", {}, fs=dry.fs())
    assert count == 0 and len(dry.kinds) > 20
    for k in range(len(dry.kinds)):
        with pytest.raises(kind, match="the run directory cannot be made"):
            create(tmp_path / str(k), "a", "", "", {}, fs=fault_fs(k, number).fs())


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a b", "a\n", "é", "\udcff", "x" * 65, "/"])
def test_names_that_no_run_may_have(name, tmp_path):
    with pytest.raises(ConfigError, match="^name: expected 1 to 64"):
        create(tmp_path, name, "", "", {})
    assert os.listdir(tmp_path) == []


@given(st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True).filter(lambda n: n not in (".", "..")))
def test_names_that_a_run_may_have(name):
    assert check_name(name) == name


def test_open_run_says_what_is_there_instead(run, tmp_path):
    with pytest.raises(EnvironmentFault, match=r"expected a run directory.*it holds the runs 001: name one"):
        open_run(run.path.parent)
    with pytest.raises(EnvironmentFault, match="No such file"):
        open_run(tmp_path / "missing")
    with pytest.raises(EnvironmentFault, match="not a regular file"):
        (run.path / "meta.json").unlink()
        os.mkfifo(run.path / "meta.json")
        open_run(run.path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"run_id": 3}', '{"run_id": "../x"}', "[" * 100_000, "\udcff"])
def test_a_damaged_meta(run, text):
    (run.path / "meta.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match="meta.json: "):
        open_run(run.path)


@given(st.binary(max_size=60))
def test_any_meta_gives_a_run_or_an_error(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("run")
    (path / "meta.json").write_bytes(raw)
    with pytest.raises(MXTrainError):
        open_run(path)


def test_describe_run(tmp_path, monkeypatch):
    said = describe_run(["mxtrain", "fit", "x.yaml"], ["cpu"])
    assert said["command"] == ["mxtrain", "fit", "x.yaml"] and said["devices"] == ["cpu"]
    assert said["packages"]["numpy"] and said["version"] and said["started"].endswith("+00:00")
    json.dumps(said)
    monkeypatch.chdir(tmp_path)
    assert describe_run([], [])["git"] is None


def test_git_commit(tmp_path, monkeypatch):
    assert git_commit(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit(HERE) is None
    git = tmp_path / "git"
    git.write_text(f"#!/bin/sh\necho {'a1' * 20}\n")
    git.chmod(0o755)
    assert git_commit(HERE) == "a1" * 20


def test_the_second_is_told_who_holds_the_lock(run):
    with lock(run):
        with pytest.raises(
            RunBusy, match=f"run.lock: process {os.getpid()} on '.*' .run {run.run_id}. works in this run"
        ):
            with lock(run):
                pass
        (run.path / "run.lock").write_bytes(b"\xff")
        with pytest.raises(RunBusy, match="another process works"), lock(run):
            pass
    with lock(run):
        pass


def test_an_orderly_end_leaves_no_name_behind(run, caplog):
    with pytest.raises(ValueError, match="bug"), lock(run):
        raise ValueError("bug")
    assert (run.path / "run.lock").read_bytes() == b""
    with lock(run):
        assert set(json.loads((run.path / "run.lock").read_bytes())) == {"host", "pid", "boot_id", "run_id"}
    assert caplog.text == ""


def test_where_no_lock_can_be(tmp_path, run, monkeypatch):
    with pytest.raises(EnvironmentFault), lock(RunDirectory(tmp_path / "missing", "a")):
        pass

    def flock(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(EnvironmentFault, match="the file system has no locks"), lock(run):
        pass


HOLD = """
import os, sys, time
from pathlib import Path
from mxtrain.train.run_directory import RunDirectory, lock
with lock(RunDirectory(Path(sys.argv[1]), "abc")):
    os.write(1, b"held\\n")
    time.sleep(50)
"""


def test_the_lock_of_a_killed_process_is_taken_over_with_a_notice(run, caplog):
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(run.path)], stdout=subprocess.PIPE, cwd=HERE)
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(RunBusy, match=f"process {child.pid} on"), lock(run):
        pass
    child.send_signal(signal.SIGKILL)
    child.communicate()
    with lock(run):
        pass
    assert f"the lock of process {child.pid} on" in caplog.text and "taken over" in caplog.text


RACE = """
import os, sys
from pathlib import Path
from mxtrain.base.errors import RunBusy
from mxtrain.train.run_directory import RunDirectory, lock
run, inside, held, busy = RunDirectory(Path(sys.argv[1]), "abc"), Path(sys.argv[1], "inside"), 0, 0
sys.stdout.write("ready\\n"), sys.stdout.flush(), sys.stdin.readline()
while held < 100:
    try:
        with lock(run):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            os.unlink(inside)
            held += 1
    except RunBusy:
        busy += 1
print(held, busy)
"""


def test_two_processes_never_hold_the_lock_at_once(run):
    children = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(run.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=HERE,
            text=True,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    busy = 0
    for child in children:
        out, err = child.communicate(timeout=30)
        assert child.returncode == 0 and err == ""
        assert out.startswith("100 ")
        busy += int(out.split()[1])
    assert busy > 0


def test_log_handler_appends(run):
    for text in ("first é", "lone \udcff"):
        handler = log_handler(run)
        handler.emit(logging.LogRecord("x", logging.INFO, "", 0, text, None, None))
        handler.close()
    text = (run.path / "log.txt").read_text("utf-8")
    assert "INFO first é\n" in text and "INFO lone \\udcff\n" in text
