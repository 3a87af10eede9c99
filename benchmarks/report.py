"""Tables as Markdown, and their place in a page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replace_between(page: Path, mark: str, text: str) -> None:
    """Put `text` between ``<!-- MARK -->`` and ``<!-- /MARK -->``; at the end of the page if they are not there."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    head, found, rest = old.partition(begin)
    tail = rest.partition(end)[2] if found else ""
    head = head if found or not head or head.endswith("\n\n") else head.rstrip("\n") + "\n\n"
    page.write_text(f"{head}{begin}\n{text.rstrip()}\n{end}{tail or chr(10)}", encoding="utf-8")
    print(f"wrote {page}", file=sys.stderr)
