"""Accepts everything, draws nothing."""

from unittest.mock import MagicMock
import sys

for name in ("pyplot", "ticker", "animation", "patches", "image", "cm"):
    sys.modules["matplotlib." + name] = globals()[name] = MagicMock()
pyplot.subplots = lambda *_, **__: (MagicMock(), MagicMock())  # noqa: F821
use = rc = rcParams = MagicMock()
get_backend = lambda: "agg"  # noqa: E731
