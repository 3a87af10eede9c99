"""Draws how much faster than its best peer each net is as SVG, from what `benchmarks/cpu.py --json` wrote.

python docs/plot_speed.py RESULTS.json > docs/performance.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WIDTH, LEFT, RIGHT, TOP = 720, 110, 60, 44
BAR, GAP = 13, 16
COLORS = {"train-fp32": "#1f5fbf", "train-bf16": "#6fa8dc", "infer-fp32": "#8a8f98"}
NAMES = {"train-fp32": "training, fp32", "train-bf16": "training, bf16", "infer-fp32": "prediction, fp32"}
OURS = ("ours", "ours bare")


def ratio(cell: dict[str, dict[str, float]]) -> float | None:
    """Time of the best peer over ours; None if one of them is missing."""
    peers = [side["seconds"] for name, side in cell.items() if name not in OURS]
    return min(peers) / cell["ours"]["seconds"] if peers and "ours" in cell else None


def main(results: str) -> None:
    found = {
        net: {c: r for c, cell in cells.items() if (r := ratio(cell)) is not None}
        for net, cells in json.loads(Path(results).read_text()).items()
    }
    most = max([1.5, *(r for cells in found.values() for r in cells.values())])
    scale = (WIDTH - LEFT - RIGHT) / most
    out, y = [], TOP
    for net, cells in found.items():
        out.append(f'<text x="{LEFT - 8}" y="{y + len(cells) * BAR / 2 + 4:.1f}" text-anchor="end">{net}</text>')
        for column, value in cells.items():
            width = value * scale
            out.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 2}" fill="{COLORS[column]}"/>')
            out.append(f'<text x="{LEFT + width + 5:.1f}" y="{y + BAR - 4}" font-size="10">{value:.2f}</text>')
            y += BAR
        y += GAP
    one = LEFT + scale
    line = f'<path d="M{one:.1f} {TOP - 8}V{y - GAP + 6}" stroke="#c0392b" stroke-dasharray="4 3"/>'
    said = f'<text x="{one:.1f}" y="{TOP - 12}" text-anchor="middle" fill="#c0392b">as fast as the best peer</text>'
    legend = [
        f'<rect x="{LEFT + 190 * k}" y="4" width="11" height="11" fill="{COLORS[c]}"/>'
        f'<text x="{LEFT + 190 * k + 16}" y="14">{NAMES[c]}</text>'
        for k, c in enumerate(COLORS)
    ]
    begin = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
    ]
    sys.stdout.write("\n".join([*begin, *legend, *out, line, said, "</svg>"]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
