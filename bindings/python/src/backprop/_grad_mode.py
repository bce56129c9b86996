"""Switching the recording of operations on and off: with blocks, decorators, and at once."""

from ._core import _set_grad_enabled


class _Mode:
    """Recording as `mode` inside a with block or a decorated function, as before outside."""

    def __init__(self, mode):
        self._mode = mode
        self._before = []  # one entry for each block we are in: the same object may be entered twice

    def __enter__(self):
        self._before.append(_set_grad_enabled(self._mode))

    def __exit__(self, *_):
        _set_grad_enabled(self._before.pop())

    def __call__(self, function):
        from functools import wraps

        @wraps(function)
        def decorated(*args, **kwargs):
            with _Mode(self._mode):
                return function(*args, **kwargs)

        return decorated


class no_grad(_Mode):
    """Nothing is recorded inside; `@no_grad` and `@no_grad()` decorate a function.

        >>> w = backprop.tensor(2.0, requires_grad=True)
        >>> with backprop.no_grad():
        ...     w -= 0.5                 # in place, which a leaf allows only here
        >>> w
        tensor(1.5000, requires_grad=True)
    """

    _value = False

    def __new__(cls, function=None):
        mode = super().__new__(cls)
        if function is None:
            return mode
        mode.__init__()
        return mode(function)

    def __init__(self):
        super().__init__(self._value)


class enable_grad(no_grad):
    """Operations are recorded inside, also within no_grad()."""

    _value = True


class set_grad_enabled(_Mode):
    """Takes effect at once; as a with block, until its end."""

    def __init__(self, mode):
        super().__init__(bool(mode))
        self._was = _set_grad_enabled(self._mode)

    def __enter__(self):
        _set_grad_enabled(self._mode)
        self._before.append(self._was)

    def __call__(self, function):
        _set_grad_enabled(self._was)
        return super().__call__(function)


class inference_mode(_Mode):
    """As no_grad, under another name: nothing is recorded inside. inference_mode(False) records."""

    def __new__(cls, mode=True):
        made = super().__new__(cls)
        if not callable(mode):
            return made
        made.__init__()
        return made(mode)

    def __init__(self, mode=True):
        super().__init__(not mode)
