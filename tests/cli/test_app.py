"""Dispatch, help, and what every error becomes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

import mxtrain
from mxtrain.base import errors
from mxtrain.cli import app


def shell(text, **more):
    """A command line in a shell; ``mxtrain`` in it is this checkout's."""
    code = f'mxtrain() {{ {sys.executable} -m mxtrain "$@"; }}; {text}'
    return subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=60, **more)


def test_nothing_is_a_usage_error(mx):
    said = mx()
    assert (said.code, said.out) == (2, "")
    assert "predict  classify image files" in said.err


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["help"]])
def test_help_goes_to_stdout(mx, args):
    said = mx(*args)
    assert said.code == 0 and said.out.startswith("Usage: mxtrain COMMAND") and not said.err


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_has_help(mx, name):
    said = mx(name, "--help")
    assert said.code == 0 and said.out.startswith(f"Usage: mxtrain {name}")
    assert mx("help", name).out == said.out


def test_version(mx):
    assert mx("--version").out == f"mxtrain {mxtrain.__version__}\n"


def test_version_loads_next_to_nothing():
    code = "import sys; from mxtrain.cli.app import dispatch; dispatch(['--version']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert not loaded & {"typer", "rich", "numpy", "pydantic", "yaml", "PIL"}


def test_training_begins_without_what_only_people_need():
    code = "import sys, mxtrain.train.fit; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(done.stdout.split()) & {"typer", "rich"}


def test_unknown_commands(mx):
    assert mx("chekc").err == "mxtrain: no command 'chekc'; did you mean 'check'?\n"
    said = mx("frobnicate")
    assert said.code == 2 and "there are: fit, eval" in said.err


def test_aliases(mx):
    assert mx("train", "--help").out.startswith("Usage: mxtrain fit")


@pytest.mark.parametrize("dash", app._DASHES)
def test_odd_dashes_are_named(mx, dash):
    said = mx("predict", "run", f"{dash}-top", "3")
    assert said.code == 2
    assert f"U+{ord(dash):04X}" in said.err and "type --top by hand" in said.err


def test_a_file_may_begin_with_an_odd_dash(mx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "\u2013a.yaml").write_text("x: 1\n")
    assert "unknown key 'x'" in mx("check", "\u2013a.yaml").err
    assert "type --" not in mx("check", "--", "\u2014b.yaml").err


def test_an_unknown_option_may_be_a_key(mx):
    said = mx("fit", "digits", "--num-epochs", "3")
    assert said.code == 2
    assert "No such option: --num-epochs" in said.err and "without dashes: epochs=VALUE" in said.err
    assert "without dashes" not in mx("predict", "run", "--num-epochs").err
    said = mx("fit", "digits", "--require")
    assert "requires an argument" in said.err and "without dashes" not in said.err


def test_an_error_cannot_steer_the_terminal(mx):
    assert mx("check", "\x1b[2Jx.yaml").err.startswith(r"mxtrain: \x1b[2Jx.yaml")
    assert r"\x1b[31m" in mx("pack", "ls", "\x1b[31m").err


@pytest.mark.parametrize("name", ["pack", "bench"])
def test_no_help_ends_in_the_middle_of_a_sentence(mx, name):
    assert "..." not in mx(name, "--help").out.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("fit", "[OPTIONS] [CONFIG] [KEY=VALUE]..."), ("eval", "[OPTIONS] RUN [KEY=VALUE]..."),
        ("predict", "[OPTIONS] RUN [PATH]..."), ("pack cat", "[OPTIONS] PACK N"),
    ],
)  # fmt: skip
def test_help_speaks_no_python(mx, command, usage):
    out = mx(*command.split(), "--help").out
    assert f"Usage: mxtrain {command} {usage}\n" in out and "list[" not in out and "<" not in out


RAISED = [
    (errors.UsageError("x"), 2, "mxtrain: x\n"),
    (errors.DataError("x"), 3, "mxtrain: x\n"),
    (errors.Interrupted(15, "x"), 143, "mxtrain: x\n"),
    (errors.Interrupted(2, "x"), 130, "mxtrain: x\n"),
    (KeyboardInterrupt(), 130, "interrupted\n"),
    (MemoryError("8 GiB"), 4, "mxtrain: out of memory: 8 GiB; ask for less at once\n"),
    (OSError(errno.ENOSPC, "No space left on device", "/a"), 8, "mxtrain: /a: No space left on device\n"),
    (OSError(errno.EDQUOT, "Quota exceeded"), 8, "mxtrain: Quota exceeded\n"),
    (PermissionError(errno.EACCES, "Permission denied", b"/b"), 4, "mxtrain: /b: Permission denied\n"),
]


@pytest.mark.parametrize(("error", "code", "text"), RAISED)
def test_errors_become_codes(mx, monkeypatch, error, code, text):
    def raising(args):
        raise error

    monkeypatch.setattr(app, "dispatch", raising)
    said = mx("fit")
    assert (said.code, said.err) == (code, text)


def test_bugs_keep_their_traceback(monkeypatch):
    def raising(args):
        raise ZeroDivisionError

    monkeypatch.setattr(app, "dispatch", raising)
    with pytest.raises(ZeroDivisionError):
        app.run(["fit"])


def test_a_reader_that_has_seen_enough():
    done = shell("set -o pipefail; mxtrain ls operators | head -n 1; echo ${PIPESTATUS[0]}")
    first, code = done.stdout.splitlines()
    # Whether the writer noticed depends on how much the pipe took.
    assert first.startswith("operators") and code in ("0", "141") and not done.stderr


def test_a_pipe_that_is_closed_from_the_start(tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "mxtrain", "ls"], stdout=write, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("how", ["", "PYTHONUNBUFFERED=1 "])
@pytest.mark.parametrize("what", ["ls", "--version", "ls operators"])
def test_a_full_disk_behind_stdout(how, what):
    done = shell(f"{how}mxtrain {what} > /dev/full")
    assert done.returncode == 8
    assert done.stderr == "mxtrain: stdout: No space left on device\n"


def test_closed_streams():
    assert shell("mxtrain ls >&-").returncode == 0
    assert shell("mxtrain nope 2>&-").returncode == 2
