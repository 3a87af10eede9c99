"""Everything that docs/performance.md shows, one benchmark after the other, on a machine that does nothing else: the
tables go into the page, the picture beside it. About 50 minutes; `--parts` selects.

    MXTRAIN_DATA=data python benchmarks/performance.py --torch torch-env/bin/python --mxnet mxnet-env/bin/python
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
PARTS = ("cpu", "startup", "overlap", "bf16_accuracy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="a Python that has torch")
    parser.add_argument("--mxnet", help="a Python that has mxnet")
    parser.add_argument("--compile", action="store_true", help="torch.compile too")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    args = parser.parse_args()
    for part in args.parts:
        command = [sys.executable, str(HERE / f"{part}.py"), "--write", str(DOCS / "performance.md")]
        if part != "cpu":
            subprocess.run(command, check=True)
            continue
        for name in ("torch", "mxnet"):
            command += [f"--{name}", getattr(args, name)] if getattr(args, name) else []
        command += ["--compile"] if args.compile else []
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder, "results.json")
            subprocess.run([*command, "--json", str(results)], check=True)
            plot = [sys.executable, str(DOCS / "plot_speed.py"), str(results)]
            drawn = subprocess.run(plot, check=True, stdout=subprocess.PIPE).stdout
        (DOCS / "performance.svg").write_bytes(drawn)


if __name__ == "__main__":
    main()
