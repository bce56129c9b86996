"""Memory figures and threads, as PyTorch names them."""
import subprocess
import sys

from engine import ours, torch


@ours
def test_the_peak_begins_anew():
    torch.zeros(1_000_000)
    assert torch.memory_stats()["peak"] >= 4_000_000
    torch.reset_peak_memory_stats()
    assert torch.memory_stats()["peak"] == torch.memory_stats()["in_use"]


@ours
def test_an_emptied_cache_reserves_no_large_blocks():
    torch.zeros(10_000_000)
    before = torch.memory_stats()["reserved"]
    torch.empty_cache()
    assert torch.memory_stats()["reserved"] <= before - 40_000_000


@ours
def test_workers_sleep_when_there_is_nothing_to_do():
    """Half a second of sleep after work on two threads costs next to no processor time."""
    code = """if True:
        import time, backprop as torch
        torch.set_num_threads(2)
        x = torch.randn(500, 500)
        for _ in range(20): x @ x
        start = time.process_time()
        time.sleep(0.5)
        print(time.process_time() - start)"""
    used = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert used < 0.1  # of 0.5: a worker that spins uses all of it
