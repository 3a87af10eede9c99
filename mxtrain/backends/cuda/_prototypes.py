"""Prototypes of the C libraries: what each function takes and gives, one letter per argument.

p: pointer or handle; i: int or enum; z: size_t or 64 bits; d: double. Results: i: a status; z: size_t; s: text;
v: nothing.
"""

from __future__ import annotations

import ctypes as c
from collections.abc import Mapping
from typing import Any

_KINDS = {"p": c.c_void_p, "i": c.c_int, "z": c.c_size_t, "d": c.c_double}
_RESULTS = {"i": c.c_int, "z": c.c_size_t, "s": c.c_char_p, "v": None}

Table = Mapping[str, tuple[str, str]]

CUDNN_TABLE: Table = {
    "cudnnCreate": ("p", "i"),
    "cudnnDestroy": ("p", "i"),
    "cudnnSetStream": ("pp", "i"),
    "cudnnGetVersion": ("", "z"),
    "cudnnGetErrorString": ("i", "s"),
    "cudnnGetLastErrorString": ("pz", "v"),
    "cudnnCreateTensorDescriptor": ("p", "i"),
    "cudnnSetTensorNdDescriptor": ("piipp", "i"),
    "cudnnDestroyTensorDescriptor": ("p", "i"),
    "cudnnCreateFilterDescriptor": ("p", "i"),
    "cudnnSetFilterNdDescriptor": ("piiip", "i"),
    "cudnnDestroyFilterDescriptor": ("p", "i"),
    "cudnnCreateConvolutionDescriptor": ("p", "i"),
    "cudnnSetConvolutionNdDescriptor": ("pipppii", "i"),
    "cudnnSetConvolutionGroupCount": ("pi", "i"),
    "cudnnSetConvolutionMathType": ("pi", "i"),
    "cudnnDestroyConvolutionDescriptor": ("p", "i"),
    "cudnnConvolutionForward": ("pppppppipzppp", "i"),
    "cudnnConvolutionBackwardData": ("pppppppipzppp", "i"),
    "cudnnConvolutionBackwardFilter": ("pppppppipzppp", "i"),
    "cudnnConvolutionBiasActivationForward": ("pppppppipzpppppppp", "i"),
    "cudnnGetConvolutionForwardAlgorithm_v7": ("pppppipp", "i"),
    "cudnnGetConvolutionBackwardDataAlgorithm_v7": ("pppppipp", "i"),
    "cudnnGetConvolutionBackwardFilterAlgorithm_v7": ("pppppipp", "i"),
    "cudnnGetConvolutionForwardWorkspaceSize": ("pppppip", "i"),
    "cudnnGetConvolutionBackwardDataWorkspaceSize": ("pppppip", "i"),
    "cudnnGetConvolutionBackwardFilterWorkspaceSize": ("pppppip", "i"),
    "cudnnCreateActivationDescriptor": ("p", "i"),
    "cudnnSetActivationDescriptor": ("piid", "i"),
    "cudnnDestroyActivationDescriptor": ("p", "i"),
    "cudnnBackendCreateDescriptor": ("ip", "i"),
    "cudnnBackendDestroyDescriptor": ("p", "i"),
    "cudnnBackendSetAttribute": ("piizp", "i"),
    "cudnnBackendGetAttribute": ("piizpp", "i"),
    "cudnnBackendFinalize": ("p", "i"),
    "cudnnBackendExecute": ("ppp", "i"),
}
CUBLASLT_TABLE: Table = {
    "cublasLtCreate": ("p", "i"),
    "cublasLtDestroy": ("p", "i"),
    "cublasLtGetVersion": ("", "z"),
    "cublasLtGetStatusString": ("i", "s"),
    "cublasLtMatmulDescCreate": ("pii", "i"),
    "cublasLtMatmulDescSetAttribute": ("pipz", "i"),
    "cublasLtMatmulDescDestroy": ("p", "i"),
    "cublasLtMatrixLayoutCreate": ("pizzz", "i"),
    "cublasLtMatrixLayoutSetAttribute": ("pipz", "i"),
    "cublasLtMatrixLayoutDestroy": ("p", "i"),
    "cublasLtMatmulPreferenceCreate": ("p", "i"),
    "cublasLtMatmulPreferenceSetAttribute": ("pipz", "i"),
    "cublasLtMatmulPreferenceDestroy": ("p", "i"),
    "cublasLtMatmulAlgoGetHeuristic": ("pppppppipp", "i"),
    "cublasLtMatmul": ("ppppppppppppppzp", "i"),
}
NVJPEG_TABLE: Table = {
    "nvjpegGetProperty": ("ip", "i"),
    "nvjpegCreateEx": ("ippip", "i"),
    "nvjpegDestroy": ("p", "i"),
    "nvjpegJpegStateCreate": ("pp", "i"),
    "nvjpegJpegStateDestroy": ("p", "i"),
    "nvjpegJpegStreamCreate": ("pp", "i"),
    "nvjpegJpegStreamDestroy": ("p", "i"),
    "nvjpegJpegStreamParseHeader": ("ppzp", "i"),
    "nvjpegJpegStreamGetFrameDimensions": ("ppp", "i"),
    "nvjpegJpegStreamGetComponentsNum": ("pp", "i"),
    "nvjpegDecodeBatchedSupported": ("ppp", "i"),
    "nvjpegDecodeBatchedInitialize": ("ppiii", "i"),
    "nvjpegDecodeBatched": ("pppppp", "i"),
}


def bind(library: Any, table: Table) -> Any:
    """The library with types set on every function of the table that it has."""
    for name, (arguments, result) in table.items():
        function = getattr(library, name, None)
        if function is not None:
            function.argtypes, function.restype = [_KINDS[k] for k in arguments], _RESULTS[result]
    return library


def missing(library: Any, table: Table) -> tuple[str, ...]:
    """Functions of the table that the library does not have."""
    return tuple(name for name in table if not hasattr(library, name))
