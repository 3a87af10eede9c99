"""Fails if a test that needs the data pack was skipped: with the pack there, a skipped test is one that nobody runs.

Usage: data_tests.py REPORT.xml   (of pytest --junitxml)
"""

from __future__ import annotations

import contextlib
import io
import sys
from xml.etree import ElementTree

import pytest


class Collected:
    """Keeps what pytest has collected and not deselected."""

    def __init__(self) -> None:
        self.tests: list[tuple[str, str]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note (class name, test name) of each test, as the report has them."""
        for item in session.items:
            path, *classes = item.nodeid.partition("[")[0].split("::")[:-1]
            self.tests.append((".".join([path.removesuffix(".py").replace("/", "."), *classes]), item.name))


def wanted() -> list[tuple[str, str]]:
    """Every test with the marker data that runs on a machine without a GPU."""
    collected, said = Collected(), io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", "-m", "data and not slow and not gpu"], plugins=[collected])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(said.getvalue())
    return sorted(collected.tests)


def main() -> None:
    """Compare the report with what should have run."""
    cases = ElementTree.parse(sys.argv[1]).getroot().iter("testcase")
    skipped = {(c.get("classname"), c.get("name")): c.find("skipped") is not None for c in cases}
    tests = wanted()
    bad = [t for t in tests if skipped.get(t, True)]
    for place, name in bad:
        sys.stderr.write(f"needs the data pack, which is there, and did not run: {place}::{name}\n")
    sys.stdout.write(f"data tests: {len(tests) - len(bad)} of {len(tests)} ran\n")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
