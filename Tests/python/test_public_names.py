"""Every public name stands in a stub and in a test, and what PyTorch has beyond them is listed with the reason."""

import sys
from pathlib import Path

import public_names
import test_forms
from engine import ours

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))


@ours
def test_every_public_name_has_a_test():
    """Named in a test or a golden case; in-place forms by test_forms.py, which finds them itself."""
    words = public_names.tested_words()
    in_place = {method for method, _, _ in test_forms.forms()}
    names = list(public_names.public_names())
    assert len(names) > 1500
    assert [".".join(filter(None, pair)) for pair in names if pair[1] not in words and not (pair[0] in ("", "Tensor") and pair[1] in in_place)] == []


@ours
def test_what_pytorch_has_beyond():
    """docs/missing_names.md is what docs/names.py writes."""
    import names

    assert (ROOT / "docs" / "missing_names.md").read_text() == names.table(), "run docs/names.py --write"
