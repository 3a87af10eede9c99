"""space_to_depth: blocks of pixels become channels.

Shapes:
    data (N, C, H, W) -> output (N, C B^2, H / B, W / B), B = block_size

The pixel (i, j) of every block of channel c is the output's channel (i B + j) C + c.

Source: MXNet's space_to_depth.
"""

from __future__ import annotations

from mxtrain.ops._blocks import SPACE_TO_DEPTH

OP = SPACE_TO_DEPTH
