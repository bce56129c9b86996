"""python -m backprop script.py …: runs a program written for PyTorch with this package in PyTorch's place."""

import sys

import backprop

USAGE = """usage: python -m backprop SCRIPT.py [argument ...]
       python -m backprop -m MODULE [argument ...]

Runs a program written for PyTorch: its `import torch` finds backprop."""


def _missing(error):
    """The name of ours that the program asked for in vain, or None."""
    if isinstance(error, ImportError):
        name = (error.name or "").replace("backprop", "torch", 1)
        if name.partition(".")[0] != "torch":
            return None
        text, quote = str(error), "cannot import name '"
        return name + "." + text.split(quote)[1].split("'")[0] if quote in text else name
    if isinstance(error, AttributeError) and error.name:
        owner = error.obj
        if isinstance(owner, type(sys)) and owner.__name__.partition(".")[0] == "backprop":
            return owner.__name__.replace("backprop", "torch", 1) + "." + error.name
        if isinstance(owner, backprop.Tensor):
            return "torch.Tensor." + error.name
    return None


def main(arguments):
    import os
    import runpy

    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments else 2
    module = arguments[0] == "-m"
    if module and len(arguments) == 1:
        print(USAGE, file=sys.stderr)
        return 2
    backprop.as_torch()
    sys.argv[:] = arguments[module:]
    sys.path[0] = os.getcwd() if module else os.path.dirname(os.path.abspath(sys.argv[0]))
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True) if module else runpy.run_path(sys.argv[0], run_name="__main__")
    except (AttributeError, ImportError) as error:
        name = _missing(error)
        if name is None:
            raise
        import traceback

        traceback.print_exc()
        print(f"\nbackprop: the program uses {name}, which is not part of backprop", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
