from . import functional as functional, init as init, utils as utils
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
from .module import Buffer as Buffer, Module as Module, Parameter as Parameter
from .norms import *
from .padding import *
from . import modules as modules, parallel as parallel, parameter as parameter
from .parallel import DataParallel as DataParallel
from .pooling import *
from .rnn import *
from .sparse import *
from .text import TextModule as TextModule, from_text as from_text, signatures as signatures
from .transformer import *
from .upsampling import *
