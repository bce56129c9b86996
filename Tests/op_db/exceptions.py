"""What the replay leaves out, and why. Everything here is printed neither as passed nor as failed."""

# PyTorch's name → backprop's, where they differ.
ALIASES = {}

# Operations that will not come, with the reason.
UNSUPPORTED = {}

# Operations whose samples are compared with a tolerance this many times wider. Say why beside each.
LOOSE = {}

# Single samples: operation → (test of the sample, reason).
SAMPLES = {}
