"""Nothing is lost over many steps: objects, tensors, memory."""
import re
import shutil
import sys

import pytest

from engine import ours, run


@ours
def test_100_000_steps_leak_nothing():
    out, _ = run("""
        import gc, os, sys, backprop as torch
        def resident(): return int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGESIZE')
        net = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
        x, y = torch.randn(4, 2), torch.randn(4, 1)
        def step():
            loss = ((net(x) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        objects = (None, True, torch.float32, torch.Tensor, net, x)
        def measure():
            gc.collect()
            return sys.getallocatedblocks(), resident() >> 10, torch.memory_stats()['tensors'], [sys.getrefcount(o) for o in objects]
        for _ in range(1000): step()
        before = measure()
        for _ in range(100_000): step()
        after = measure()
        print(after[0] - before[0], after[1] - before[1], after[2] - before[2], max(abs(a - b) for a, b in zip(after[3], before[3])))
        """, timeout=300)
    blocks, kilobytes, tensors, references = map(int, out.split())
    assert blocks < 50 and kilobytes < 1024 and tensors == 0 and references < 20


LEAK_CASES = {
    "operators": "(x + 1) * 2 - x / 3; -x; x @ x.T; x ** 2; 1 - x; x == x; y = x * 1; y += 2",
    "methods": "x.sum(1, keepdim=True); x.max(0); x.sort(); x.reshape(-1); x.tolist(); x.shape; x.stride(); repr(x); x.T; x.grad",
    "indexing": "x[0]; x[1:, None]; x[[0, 1]]; x[x > 0]; x[..., -1]; x.clone()[0] = 5; list(x)",
    "creation": "torch.tensor([[1, 2], [3, 4.5]]); torch.zeros(2, 3); torch.arange(5); torch.randint(3, (2,)); torch.full((2,), 1.5)",
    "buffers": "m = memoryview(x); torch.from_buffer(m); m.release(); torch.from_dlpack(x)",
    "autograd": "w = x.clone().requires_grad_(); y = (w * w).sum(); y.backward(); torch.autograd.grad((w ** 3).sum(), w, create_graph=True)",
    "hooks": "w = x.clone().requires_grad_(); w.register_hook(lambda g: g * 2); (w * 1).sum().backward()",
    "modules": "n = torch.nn.Linear(3, 2); n(x); n.state_dict(); torch.nn.Sequential(n, torch.nn.ReLU())(x).sum().backward(); repr(n)",
    "optimizers": "n = torch.nn.Linear(3, 2); o = torch.optim.Adam(n.parameters()); n(x).sum().backward(); o.step(); o.state_dict()",
    "pickling": "pickle.loads(pickle.dumps(x)); copy.deepcopy(x)",
    "refusals": "refused(lambda: x @ x); refused(lambda: x[99]); refused(lambda: torch.tensor([[1], [1, 2]])); refused(lambda: x.sum(7)); "
                "refused(lambda: torch.zeros(-1)); refused(lambda: torch.add(x)); refused(lambda: x.reshape(7)); refused(lambda: x + 'a'); "
                "refused(lambda: torch.zeros(2, dtype=3)); refused(lambda: torch.from_buffer(b'abc')); refused(lambda: x.sum(dimension=1))",
}


CASES_CODE = """
        import copy, gc, pickle, sys, backprop as torch
        def refused(f):
            try: f()
            except Exception: return
            raise AssertionError('not refused')
        x = torch.randn(2, 3)
"""


@ours
@pytest.mark.parametrize("case", LEAK_CASES)
def test_objects_come_and_go(case):
    out, _ = run(f"""{CASES_CODE}
        def step():
            {LEAK_CASES[case].replace('; ', chr(10) + ' ' * 12)}
        def grown():
            gc.collect()
            before = sys.getallocatedblocks(), torch.memory_stats()['tensors']
            for _ in range(1000): step()
            gc.collect()
            return sys.getallocatedblocks() - before[0], torch.memory_stats()['tensors'] - before[1]
        for _ in range(50): step()
        print(*min(grown() for _ in range(3)))
        """)
    blocks, tensors = map(int, out.split())
    assert blocks < 100 and tensors == 0  # one leaked object a step would be 1000


@ours
@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
def test_a_leak_checker_finds_nothing(tmp_path):
    """Every case under valgrind, which watches each access and what is lost at the end. AVX2, because valgrind knows no AVX-512."""
    program = tmp_path / "cases.py"
    steps = "".join(f"        def {case}():\n            " + lines.replace("; ", "\n            ") + f"\n        for _ in range(20): {case}()\n"
                    for case, lines in LEAK_CASES.items())
    program.write_text("if True:\n" + CASES_CODE + steps)
    log = tmp_path / "log"
    run(f"""
        import os
        os.execv({shutil.which("valgrind")!r}, ["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite", "--log-file={log}",
                                                {sys.executable!r}, {str(program)!r}])
        """, PYTHONMALLOC="malloc", BACKPROP_ISA="v3", BACKPROP_NUM_THREADS="1")
    reports = re.split(r"\n==\d+== \n", log.read_text())  # Python and the loader have a few of their own; Python's are once, not for each step
    found = [r for r in reports if "_core.abi3.so" in r or "libbackprop" in r]
    assert [r for r in found if int((re.search(r"in (\d+) blocks are definitely lost", r) or [0, 20])[1]) >= 20] == []
