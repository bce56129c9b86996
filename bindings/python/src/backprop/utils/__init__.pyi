from . import checkpoint as checkpoint, hooks as hooks
