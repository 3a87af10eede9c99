"""The project names no folder of the machines it was made on."""

from __future__ import annotations

import re

import pytest

# Written in pieces, so that this file does not say what it forbids.
PRIVATE = {
    "/" + "work": re.compile(r"(?<![\w.~-])/" + r"work(?![\w-])"),
    "shared/" + "design": re.compile("shared/" + "design"),
    "." + "library": re.compile(r"(?<![\w)\]])\." + r"library\b"),
    "shared/" + "data": re.compile("shared/" + "data"),
}
"""What is forbidden -> how it is found."""

ALLOWED = {(".ci/run", "shared/" + "data"): "where the continuous integration finds the data pack, beside the checkout"}


def private(path, text):
    """Private places named in a text."""
    for number, line in enumerate(text.splitlines(), 1):
        for word, pattern in PRIVATE.items():
            if pattern.search(line) and (path, word) not in ALLOWED:
                yield f"{path}:{number}: names {word}"


def text_of(path):
    """The text of a file, empty if it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_private_place_is_named(project_files, root):
    problems = [p for f in project_files if f.is_file() for p in private(f.relative_to(root).as_posix(), text_of(f))]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("word", sorted(PRIVATE))
def test_private_places_are_found(word):
    assert list(private("a.md", f"see\n{word}/x, and 'x'")) == [f"a.md:2: names {word}"]


def test_ordinary_words_pass():
    text = "net/" + "work a/" + "work /" + "workers self." + "library() the " + "library"
    assert not list(private("a.md", text))
    assert not list(private(".ci/run", "../shared/" + "data"))
