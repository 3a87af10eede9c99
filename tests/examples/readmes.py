"""The commands of an example's README: read from its blocks, run one after the other, compared with what it shows.

A block of ``console`` holds commands behind ``$ `` (going on behind ``> ``), each followed by what it says. ``...``
stands for lines that are not shown, and at the end of a line for the rest of it. Numbers may be others: they are of one
machine.

    python -m tests.examples.readmes NAME...     # run them, and write what they say into examples/NAME/README.md
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(p.parent.name for p in EXAMPLES.glob("*/README.md"))
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
PORT = "5055"
_MARK = "\x01"
_SLOW = re.compile(r"epoch [0-9/]+  batch [0-9/]+  ")
"""Lines that `fit` adds every ten seconds: only a busy machine has them."""


class Command(NamedTuple):
    """A command as it stands in a README, and the lines that it shows."""

    text: str
    shown: list[str]


class Ended(NamedTuple):
    """How a command ended: exit code, lines on stdout and stderr."""

    code: int
    lines: list[str]


def commands(readme: str) -> list[Command]:
    """All commands of a README, in order."""
    found: list[Command] = []
    for block in _BLOCK.findall(readme):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:], []))
            elif line.startswith("> ") and not found[-1].shown:
                found[-1] = Command(f"{found[-1].text}\n{line[2:]}", [])
            else:
                found[-1].shown.append(line)
    return found


def make_digits(place: Path) -> None:
    """The digits of `make demo`: place/demo/digits."""
    command = [sys.executable, EXAMPLES / "digits_to_folder.py", "demo/digits"]
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)


def copy_examples(place: Path) -> None:
    """The examples, as a checkout holds them: place/examples, but for the port of their server: another may run."""
    shutil.copytree(EXAMPLES, place / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    for path in place.glob("examples/*/*"):
        path.write_text(path.read_text(encoding="utf-8").replace(PORT, port), encoding="utf-8")


def copied(place: Path, name: str) -> str:
    """The README among the copied examples."""
    return (place / "examples" / name / "README.md").read_text(encoding="utf-8")


def run(texts: Sequence[str], place: Path) -> list[Ended]:
    """Run commands in one shell, as somebody would who types them; it stops at the first that fails."""
    script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n" + "".join(
        f"{t}\ncode=$?; printf '%s%s\\n' '{_MARK}' $code; [ $code = 0 ] || exit\n" for t in texts
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR", "MXTRAIN_DATA")}
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, env={**environment, "PATH": path}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    ended, lines = [], []
    # Not splitlines: it knows more ends of lines than a shell does.
    for line in done.stdout.removesuffix("\n").split("\n"):
        before, mark, code = line.partition(_MARK)
        lines += [before] if (before or not mark) and not _SLOW.match(before) else []
        if mark:
            ended.append(Ended(int(code), lines))
            lines = []
    assert not lines, f"after the last command: {lines}"
    return ended


def same(shown: Sequence[str], said: Sequence[str]) -> bool:
    """True if a README shows what a command said, but for numbers and what ``...`` stands for."""
    pattern = "".join(
        "(?:.*\n)*" if line == "..." else re.escape(_plain(line.removesuffix("..."))) + _rest(line) for line in shown
    )
    return re.fullmatch(pattern, "".join(_plain(line) + "\n" for line in said)) is not None


def _rest(line: str) -> str:
    return ".*\n" if line.endswith("...") else "\n"


def _plain(line: str) -> str:
    return " ".join(re.sub(r"-{3,}", "---", _NUMBER.sub("#", line)).split())


def shortened(said: list[str], shown: list[str]) -> list[str]:
    """What a command said with as many lines left out as a README leaves out."""
    if "..." not in shown:
        return said
    at = shown.index("...")
    after = len(shown) - at - 1
    kept = [*said[:at], "...", *said[len(said) - after :]]
    ends = [line[:110] if len(line) > 114 else line for line in kept]
    return [line if line == whole else f"{line}..." for line, whole in zip(ends, kept, strict=True)]


def _written(readme: str, ended: list[Ended]) -> str:
    """The README with what its commands say now."""
    rest = iter(zip(commands(readme), ended, strict=True))

    def block(found: re.Match[str]) -> str:
        lines = []
        for line in found[1].splitlines():
            if line.startswith("$ "):
                command, end = next(rest)
                lines.append("$ " + command.text.replace("\n", "\n> "))
                lines += [line.rstrip() for line in shortened(end.lines, command.shown)]
        return "```console\n" + "".join(f"{line}\n" for line in lines) + "```"

    return _BLOCK.sub(block, readme)


def main() -> None:
    """Write what the commands of the named examples say."""
    for name in sys.argv[1:] or NAMES:
        path = EXAMPLES / name / "README.md"
        readme = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as place:
            make_digits(Path(place))
            copy_examples(Path(place))
            ended = run([c.text for c in commands(copied(Path(place), name))], Path(place))
        failed = next((c.text for c, e in zip(commands(readme), ended, strict=False) if e.code), None)
        if failed is not None:
            sys.exit(f"{name}: {failed}\nexit code {ended[-1].code}\n" + "\n".join(ended[-1].lines))
        path.write_text(_written(readme, ended), encoding="utf-8")


if __name__ == "__main__":
    main()
