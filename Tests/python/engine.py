"""Which engine the tests run: backprop, or with BACKPROP_TEST_MODULE=torch PyTorch itself, to prove the expectations right."""

import importlib
import os
import subprocess
import sys

import pytest

torch = importlib.import_module(os.environ.get("BACKPROP_TEST_MODULE", "backprop"))
importlib.import_module(torch.__name__ + ".nn.functional")
IS_TORCH = torch.__name__ == "torch"
ours = pytest.mark.skipif(IS_TORCH, reason="only about backprop")


def text(x):
    """repr with PyTorch's name for the package."""
    return repr(x).replace("backprop.", "torch.")


def close(x, expected, tolerance=1e-6):
    """Compares a tensor's values with nested lists."""
    return flat(x.tolist()) == pytest.approx(flat(expected), rel=tolerance, abs=tolerance)


def flat(nested):
    return [v for item in nested for v in flat(item)] if isinstance(nested, list) else [nested]


def run(code, *options, timeout=120, **environment):
    """The output of a Python of its own; a crash, an error or a hang fails the test."""
    done = subprocess.run([sys.executable, *options, "-c", "if True:\n" + code], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


class Hostile:
    """Looks like a number and a sequence, is neither."""

    def __index__(self):
        return 10**30

    def __float__(self):
        raise KeyError("hostile")

    def __len__(self):
        return 5

    def __getitem__(self, i):
        raise IndexError
