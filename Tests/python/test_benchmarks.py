"""The README's table is that of the measurements, and the report can be written from whatever was measured."""
import sys
from pathlib import Path

from engine import ours

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import report  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "results.md"
ABOUT = {"date": "2026-11-21 10:00 UTC", "commit": "abc", "processor": "P", "processors": 2, "memory_gb": 8, "system": "S", "load": 0.1, "swift": "6.3", "cc": "cc",
         "python": "3.11", "peers": {"torch": "2", "jax": "1"}}


def peer(median, **more):
    return {"median": median, "min": median, "rounds": [median], "loss": 1.5, "peak_rss_mb": 40, "first_step_ms": 2, **more}


@ours
def test_the_readme_quotes_the_results():
    quoted = report.quoted((ROOT / "README.md").read_text())
    assert quoted == (report.quoted(RESULTS.read_text()) if RESULTS.exists() else "")


@ours
def test_only_what_stands_between_the_marks_is_replaced():
    empty = f"before\n{report.BEGIN}\n{report.END}\nafter\n"
    once = report.with_table(empty, "| a |\n")
    assert once == f"before\n{report.BEGIN}\n| a |\n{report.END}\nafter\n"
    assert report.quoted(once) == "| a |\n" and report.with_table(once, "") == empty


@ours
def test_the_fastest_peer_is_named_with_the_ratio():
    found = {"about": ABOUT, "workloads": [
        {"workload": "gpt", "threads": 1, "peers": {"backprop": peer(20, forward=5, backward=10), "torch-eager": peer(80), "jax-jit": peer(40)},
         "ratios": {"torch-eager": 0.25, "jax-jit": 0.5}, "failed": {}},
        {"workload": "gpt", "threads": 2, "peers": {"backprop": peer(10)}, "ratios": {}, "failed": {"jax-jit": "no memory"}}]}
    assert "| gpt | 20 | 40 jax-jit | **0.50** | 10 |  |  |" in report.quoted(report.markdown(found))
    text = report.markdown(found)
    assert "jax-jit failed: no memory" in text and "| gpt, 1 thread | 2.00 |" in text


@ours
def test_each_figure_is_a_part_of_its_limit():
    found = {"about": ABOUT,
             "limits": [{"limit": "fma float32", "vectors": "AVX2", "value": 100, "unit": "GFLOP/s"},
                        {"limit": "copy", "bytes": 1000, "value": 50, "unit": "GB/s"}, {"limit": "copy", "bytes": 9000000, "value": 10, "unit": "GB/s"}],
             "products": [{"product": "2x2·2x2", "type": "float32", "threads": 1, "openblas": 40, "ratio_openblas": 0.5, "backprop": 80},
                          {"product": "2x2·2x2", "type": "float32", "threads": 2, "backprop": 120}],
             "kernels": [{"kernel": "exp", "elements": 100, "threads": 1, "like": "copy", "bytes": 800, "value": 2.5, "unit": "Gelem/s"}],
             "overhead": [{"what": "dlopen", "value": 0.2, "unit": "ms"}]}
    text = report.markdown(found)
    assert "| 2x2·2x2 float32, 1 thread | 80 | 0.80 |  | 40 (0.50) |" in text
    assert "| 2x2·2x2 float32, 2 threads | 120 | 0.60 | 1.50 |  |" in text
    assert "| exp, 100 elements | 2.5 | 20 | 0.40 |" in text
