from . import checkpoint as checkpoint, dlpack as dlpack, hooks as hooks
