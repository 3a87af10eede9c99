"""modulated_deformable_convolution: a deformable convolution that weighs every element of its windows.

Shapes:
    data (N, C, H, W), offset (N, 2 D K L, O, P), mask (N, D K L, O, P), weight (F, C/G, K, L), bias (F,)
        -> output (N, F, O, P); letters as in deformable_convolution

Source: MXNet's ModulatedDeformableConvolution; Zhu et al., "Deformable ConvNets v2", 2018.
"""

from __future__ import annotations

from mxtrain.ops._deformable import MODULATED

OP = MODULATED
