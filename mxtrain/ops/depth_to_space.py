"""depth_to_space: channels become blocks of pixels.

Shapes:
    data (N, C, H, W) -> output (N, C / B^2, H B, W B), B = block_size

The channel (i B + j) C / B^2 + c is the pixel (i, j) of every block of the output's channel c.

Source: MXNet's depth_to_space.
"""

from __future__ import annotations

from mxtrain.ops._blocks import DEPTH_TO_SPACE

OP = DEPTH_TO_SPACE
