"""Every command of every example runs, and says what its README shows."""

from __future__ import annotations

import re
import shutil
import time

import pytest

from tests.examples.readmes import EXAMPLES, NAMES, commands, copied, copy_examples, make_digits, run, same, shortened

pytest.importorskip("sklearn.datasets", reason="needs the extra 'examples'")


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """The folder `demo`, as `make demo` leaves it."""
    place = tmp_path_factory.mktemp("digits")
    make_digits(place)
    return place / "demo"


# A dozen programs one after the other: on a busy machine they take longer than other tests may.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_readme_shows_is_what_its_commands_say(name, digits, tmp_path):
    shutil.copytree(digits, tmp_path / "demo")
    copy_examples(tmp_path)
    listed = commands(copied(tmp_path, name))
    for tool in ("jq", "awk", "curl", "moto_server"):
        if re.search(rf"\b{tool}\b", " ".join(c.text for c in listed)) and shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    ended = run([c.text for c in listed], tmp_path)
    for command, end in zip(listed, ended, strict=False):
        said = "\n".join(end.lines)
        assert end.code == 0, f"$ {command.text}\n{said}"
        assert same(command.shown, end.lines), f"$ {command.text}\n{said}"
    assert len(ended) == len(listed)


def test_every_folder_is_an_example_and_is_listed():
    folders = sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir() and p.name != "__pycache__")
    assert folders == NAMES
    listed = re.findall(r"^\| \[(.*?)\]\(\1/README\.md\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_python_and_nothing_heavy(name):
    files = [p for p in (EXAMPLES / name).rglob("*") if p.is_file()]
    assert {p.suffix for p in files} == {".md", ".yaml"}
    assert sum(p.stat().st_size for p in files) < 20_000
    texts = [c.text for c in commands((EXAMPLES / name / "README.md").read_text(encoding="utf-8"))]
    assert texts and not any(re.search(r"\bpython", text) for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_every_config_is_used(name):
    text = "\n".join(p.read_text(encoding="utf-8") for p in (EXAMPLES / name).iterdir())
    for path in (EXAMPLES / name).glob("*.yaml"):
        assert f"{name}/{path.name}" in text or f"file: {path.name}" in text or f"extends: {path.name}" in text


README = """\
```console
$ echo a 1.5
a 2
$ for x in 1 2
> do echo $x; done
...
2
```
"""


def test_commands_are_read_as_they_stand():
    assert commands(README) == [("echo a 1.5", ["a 2"]), ("for x in 1 2\ndo echo $x; done", ["...", "2"])]


def test_numbers_may_differ_and_words_may_not():
    assert same(["a  1.5", "b -2e-3 ..."], ["a 7", "b 3 and more"])
    assert same(["a", "...", "z"], ["a", "z"]) and same(["a", "...", "z"], ["a", "b", "c", "z"])
    for shown, said in ((["a 1"], ["b 1"]), (["a"], []), ([], ["a"]), (["a", "...", "z"], ["a", "b"])):
        assert not same(shown, said)


def test_a_command_that_fails_ends_the_run(tmp_path):
    ended = run(["x=1; echo $x", "printf a; false", "echo never"], tmp_path)
    assert ended == [(0, ["1"]), (1, ["a"])]


def test_what_is_left_out_stays_left_out():
    assert shortened(["1", "2", "3", "4"], ["a", "...", "z"]) == ["1", "...", "4"]
    assert shortened(["1", "2"], []) == ["1", "2"]


def test_what_runs_behind_ends_with_the_shell(tmp_path):
    begun = time.monotonic()
    assert run(["sleep 60 &", "echo $!", "false"], tmp_path)[-1].code == 1
    assert time.monotonic() - begun < 30
