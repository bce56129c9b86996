"""docs/OPERATIONS.md is what docs/operations.py writes of this library, and has no holes."""

import sys
from pathlib import Path

import pytest
from engine import ours

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))


@ours
def test_the_table_is_that_of_the_library():
    import operations

    rows = list(operations.rows())
    holes = [(row[0], what) for row in rows for what, cell in zip(("C", "Python", "Swift", "types", "values", "gradient"), row[1:]) if not cell]
    assert holes == []
    assert (ROOT / "docs" / "OPERATIONS.md").read_text() == operations.table(), "run docs/operations.py --write"
