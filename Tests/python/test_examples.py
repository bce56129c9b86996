"""The quick mode of each example: it runs, learns something, and leaves its files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from engine import IS_TORCH

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "python"
pytestmark = pytest.mark.skipif(IS_TORCH, reason="the examples import backprop")


def quick(name, folder):
    """What `name --quick` printed. Each takes seconds; the limit leaves room for slow machines."""
    command = [sys.executable, "-B", str(EXAMPLES / f"{name}.py"), "--quick", "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def last_number(words, text):
    return float(re.findall(re.escape(words) + r" +([-0-9.]+)", text)[-1])


def test_shakespeare_lstm(tmp_path):
    text = quick("shakespeare_lstm", tmp_path)
    assert last_number("test loss", text) < 2.8, text
    assert "</svg>" in (tmp_path / "shakespeare_lstm.svg").read_text()
    assert (tmp_path / "shakespeare_lstm.safetensors").is_file() and len((tmp_path / "shakespeare_lstm.txt").read_text()) > 50


def test_fashion_vae(tmp_path):
    text = quick("fashion_vae", tmp_path)
    assert last_number("test bound", text) < 340, text
    assert (tmp_path / "fashion_vae.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and "</svg>" in (tmp_path / "fashion_vae.svg").read_text()
    assert (tmp_path / "fashion_vae.safetensors").is_file()
