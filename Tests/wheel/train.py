"""What a fresh environment runs: no NumPy, nothing but the wheel."""

import io
import os
import sys
import time

start = time.perf_counter()
import backprop as torch  # noqa: E402
from backprop import nn  # noqa: E402

imported = (time.perf_counter() - start) * 1e3
assert "numpy" not in sys.modules and os.path.dirname(torch.__file__).startswith(sys.prefix), torch.__file__
try:
    import numpy  # noqa: F401
    sys.exit("NumPy is there: the environment is not fresh")
except ImportError:
    pass

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
x = torch.rand(256, 2)
y = (x[:, :1] * x[:, 1:]).sqrt()
first = None
for step in range(300):
    loss = nn.functional.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    first = loss.item() if first is None else first
assert loss.item() < first / 50, (first, loss.item())

checkpoint = {"step": step, "net": net.state_dict(), "optimizer": optimizer.state_dict()}
stream = io.BytesIO()
torch.save(checkpoint, stream)
stream.seek(0)
loaded = torch.load(stream)
torch.save(net.state_dict(), "net.safetensors")
other = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
other.load_state_dict(torch.load("net.safetensors"))
assert loaded["step"] == step and torch.equal(other(x), net(x))
print(f"Python {sys.version.split()[0]}: import {imported:.1f} ms, loss {first:.4f} → {loss.item():.6f}")
