"""The reference pages say what the declarations say, and what they show works."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def made():
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["config.md", "operators.md"])
def test_pages_are_up_to_date(made, name):
    written = (DOCS / name).read_text(encoding="utf-8")
    assert made.pages()[name] == written, "run: python docs/make_reference.py"


def test_every_row_has_four_cells(made):
    for text in made.pages().values():
        for line in text.splitlines():
            if line.startswith("| `") and "|---" not in line:
                assert len(re.findall(r"(?<!\\)\|", line)) in (3, 5), line


def test_links_lead_somewhere(made):
    text = made.operators_page()
    assert set(re.findall(r"\]\(#(\w+)\)", text)) == set(re.findall(r"^## (\w+)$", text, re.MULTILINE))
