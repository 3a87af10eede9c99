"""deformable_convolution: a convolution whose windows read where another part of the net says.

Shapes:
    data (N, C, H, W), offset (N, 2 D K L, O, P), weight (F, C/G, K, L), bias (F,) -> output (N, F, O, P)
    D = num_deformable_group, G = num_group, (K, L) = kernel; offsets are (down, right), in pixels, of each element
    of the window, for each of the D groups of channels

Between pixels the data is interpolated; more than a pixel after its end, and before its beginning, it is 0.

Source: MXNet's DeformableConvolution; Dai et al., "Deformable convolutional networks", 2017.
"""

from __future__ import annotations

from mxtrain.ops._deformable import DEFORMABLE

OP = DEFORMABLE
