"""Networks as one line of text, kept and run by the library itself: the form in which C and Swift have them too."""

import os

from .. import _core

__all__ = ["TextModule", "from_text", "signatures"]


def from_text(text):
    """The network that PyTorch's text describes, as one writes it or as print shows it.

        net = nn.from_text("Sequential(Linear(784, 100), ReLU(), Linear(100, 10))")
        y = net(x)

    signatures() lists the modules. What a Python class adds, attributes, hooks and forward methods, stays with the classes of nn.
    """
    return TextModule(_core._module(text))


def signatures():
    """Every module from_text() knows, with its options: ["Linear(in_features, out_features, bias=True, …)", …]."""
    return _core._module_signatures()


class TextModule:
    """What from_text() makes. Call it as the class of nn of the same name; the names are those of its state_dict."""

    def __init__(self, record):
        self._record = record

    def __call__(self, *inputs, outputs=1):
        """The result for the inputs of forward, in its order, None where one is not given; a tuple if outputs > 1."""
        result = self._record.forward(inputs, outputs)
        return result[0] if outputs == 1 else result

    forward = __call__

    def named_parameters(self):
        """Pairs of dotted name and parameter, each once."""
        return iter(self._record.state(True))

    def parameters(self):
        """The parameters, each once."""
        return (value for _, value in self.named_parameters())

    def named_buffers(self):
        """Pairs of dotted name and buffer."""
        parameters = {name for name, _ in self._record.state(True)}
        return ((name, value) for name, value in self._record.state(False) if name not in parameters and not value.requires_grad)

    def state_dict(self):
        """Names and values of parameters and buffers; the values share the module's memory."""
        return {name: value.detach() for name, value in self._record.state(False)}

    def load_state_dict(self, state_dict, strict=True):
        """Copies values in by name; all, or nothing."""
        own = dict(self._record.state(False))
        missing, unexpected = [k for k in own if k not in state_dict], [k for k in state_dict if k not in own]
        wrong = [f"{k}: {tuple(state_dict[k].shape)}, wanted {tuple(own[k].shape)}" for k in own
                 if k in state_dict and state_dict[k].shape != own[k].shape]
        if wrong or strict and (missing or unexpected):
            raise RuntimeError(f"load_state_dict: missing {missing}, unexpected {unexpected}, shapes {wrong}")
        for name, value in own.items():
            if name in state_dict:
                value.detach().copy_(state_dict[name])

    def set(self, name, tensor):
        """Puts a tensor under a name: a parameter if it requires a gradient, otherwise a buffer (the weight of a loss, say)."""
        self._record.set(name, tensor)

    def save(self, f):
        """state_dict() in a safetensors file."""
        self._record.save(os.fsencode(f))

    def load(self, f, strict=True):
        """Takes values over from a safetensors file, by name; strict: the names must be the same on both sides. All, or nothing."""
        self._record.load(os.fsencode(f), strict)

    @property
    def training(self):
        """Whether it is in training mode."""
        return self._record.training()

    def train(self, mode=True):
        """Training mode, or evaluation; returns the module."""
        self._record.train(mode)
        return self

    def eval(self):
        """Evaluation mode; returns the module."""
        return self.train(False)

    def to(self, dtype):
        """float32 or float64, in place."""
        self._record.to(dtype)
        return self

    def requires_grad_(self, requires_grad=True):
        """Whether gradients are computed for its parameters; returns the module."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self):
        """Drops the gradients of its parameters."""
        for p in self.parameters():
            p.grad = None

    def __repr__(self):
        return self._record.describe()
