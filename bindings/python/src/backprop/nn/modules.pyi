from .activation import *
from .adaptive import *
from .attention import *
from .containers import *
from .convolution import *
from .distance import *
from .dropout import *
from .layers import *
from .lazy import *
from .loss import *
from .module import Module as Module
from .norms import *
from .padding import *
from .pooling import *
from .rnn import *
from .sparse import *
from .transformer import *
from .upsampling import *
