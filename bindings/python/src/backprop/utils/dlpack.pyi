from enum import IntEnum

from .._core import from_dlpack as from_dlpack, to_dlpack as to_dlpack

class DLDeviceType(IntEnum):
    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLROCM = 10
