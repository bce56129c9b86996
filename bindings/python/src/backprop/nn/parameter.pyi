from .lazy import UninitializedParameter as UninitializedParameter
from .module import Buffer as Buffer, Parameter as Parameter
