"""mxtrain devices: what this machine offers."""

from __future__ import annotations

import os
import platform

from mxtrain.cli._common import emit

HELP = """List devices and libraries found, as JSON."""


def command() -> None:
    """Look and print."""
    from mxtrain.backends import onednn

    found = onednn.available()
    emit(
        {
            "device": "cpu",
            "machine": platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
            "kernels": ["onednn", "reference"] if found else ["reference"],
            "onednn": onednn.version() if found else None,
            "note": None
            if found
            else "oneDNN was not found: everything runs on the slow reference kernels; "
            "pip install onednn-cpu-gomp (Linux, x86-64)",
        }
    )
