"""Bindings to native libraries: onednn (C API), cuda (CuPy, the driver, NVRTC). They know no operator; ops/ knows them.

May import base and graph's Recipe. Only here may ctypes and cupy be imported.
"""
