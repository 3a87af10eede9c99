"""CUDA: the device (device.py), compilation of CUDA C++ by NVRTC (nvrtc.py, source.py), prepared launches (launch.py),
array code traced and compiled (trace.py, emit.py), libraries (cudnn.py, cublaslt.py), capture of a step into a graph
(capture.py), timed choices (tuning.py).

CuPy gives memory, streams, events and capture, and the array module of the reference kernels; the driver and NVRTC are
called through ctypes. Knows no operator. May import base and graph. Start with runtime.py, the protocol of all this;
docs/decisions/006-cuda-backend.md says how an operator gets a kernel. Importing it needs neither a GPU nor a library.
"""

from mxtrain.backends.cuda.array_code import array_kernel, array_recipe
from mxtrain.backends.cuda.array_module import Module
from mxtrain.backends.cuda.capture import Captured, call_by_call
from mxtrain.backends.cuda.cublaslt import Epilogue, Matmul, Product, matmul
from mxtrain.backends.cuda.cudnn_attention import Fused, fused_backward, fused_forward
from mxtrain.backends.cuda.cudnn_attention import Problem as Attention
from mxtrain.backends.cuda.cudnn_convolution import Convolution, Direction, Problem, bias_activation, convolution
from mxtrain.backends.cuda.device import count, make_device, why_not
from mxtrain.backends.cuda.launch import STORAGE, Grid, Kernel, blocks, launch, recipe, together
from mxtrain.backends.cuda.library import Found, Library, find, prototypes
from mxtrain.backends.cuda.measure import milliseconds, numbers, pieces, total
from mxtrain.backends.cuda.planned import assumed, is_planned, planned_device
from mxtrain.backends.cuda.runtime import Cuda, Event, Properties, StepGraph, cuda_of
from mxtrain.backends.cuda.source import Source, source
from mxtrain.backends.cuda.tuning import Tuning, key_of

__all__ = [
    "Attention", "Captured", "Convolution", "Cuda", "Direction", "Epilogue", "Event", "Found", "Fused", "Grid",
    "Kernel", "Library", "Matmul", "Module", "Problem", "Product", "Properties", "STORAGE", "Source", "StepGraph",
    "Tuning", "array_kernel", "array_recipe", "assumed", "bias_activation", "blocks", "call_by_call", "convolution",
    "count", "cuda_of", "find", "fused_backward", "fused_forward", "is_planned", "key_of", "launch", "make_device",
    "matmul", "milliseconds", "numbers", "pieces", "planned_device", "prototypes", "recipe", "source", "together",
    "total", "why_not",
]  # fmt: skip
