"""Draws the curve of a run as SVG, from its metrics.jsonl: accuracy on training and evaluation data by epoch.

python docs/plot_run.py RUN > curve.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 400, 60, 40
COLORS = {"epoch": "#8a8f98", "eval": "#1f5fbf"}
NAMES = {"epoch": "training (augmented)", "eval": "evaluation"}


def main(run: str) -> None:
    lines = [json.loads(line) for line in Path(run, "metrics.jsonl").read_text().splitlines()]
    series = {k: [(e["epoch"] + 1, e["metrics"]["accuracy"]) for e in lines if e["event"] == k] for k in COLORS}
    last = max(x for points in series.values() for x, _ in points)
    low = min(y for points in series.values() for _, y in points) // 0.1 / 10

    def place(x: float, y: float) -> tuple[float, float]:
        right, top = WIDTH - 20, 20
        return LEFT + (x - 1) / max(last - 1, 1) * (right - LEFT), HEIGHT - BOTTOM - (y - low) / (1 - low) * (
            HEIGHT - BOTTOM - top
        )

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for k in range(round(low * 10), 11):
        x, y = place(1, k / 10)
        out.append(
            f'<path d="M{x:.1f} {y:.1f}H{WIDTH - 20}" stroke="#ddd"/><text x="20" y="{y + 4:.1f}">{k * 10} %</text>'
        )
    for epoch in range(1, last + 1, max(1, last // 10)):
        x, y = place(epoch, low)
        out.append(f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{epoch}</text>')
    for k, (kind, points) in enumerate(series.items()):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*p) for p in points))
        out.append(f'<polyline points="{path}" fill="none" stroke="{COLORS[kind]}" stroke-width="2"/>')
        out.append(f'<text x="{WIDTH - 220}" y="{HEIGHT - 90 + 18 * k}" fill="{COLORS[kind]}">{NAMES[kind]}</text>')
    out.append(f'<text x="{WIDTH // 2}" y="{HEIGHT - 4}" text-anchor="middle">epoch</text></svg>')
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
