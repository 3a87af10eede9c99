"""Fails if a test was skipped because a library was missing: `make test` installs all that tests need, but for what
only a GPU can use.

Usage: skipped_tests.py REPORT.xml   (of pytest --junitxml)
"""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

MISSING = re.compile(r"needs the extra|could not import|is not installed")
GPU = re.compile(r"libcudnn|libcublasLt|libnvjpeg|CuPy|libcuda")


def missing(report: str) -> list[str]:
    """Tests, or modules of tests, that a missing library kept from running, each with the reason."""
    found = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        for skipped in case.iter("skipped"):
            reason = f"{skipped.get('message', '')} {skipped.text or ''}"
            if MISSING.search(reason) and not GPU.search(reason):
                found.append(f"{case.get('classname')}::{case.get('name')}: {' '.join(reason.split())}")
    return found


def main() -> None:
    """Name them."""
    found = missing(sys.argv[1])
    for line in found:
        sys.stderr.write(f"did not run: {line}\n")
    sys.stdout.write(f"tests skipped for a missing library: {len(found)}\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
