"""What a type checker says about programs that use backprop. mypy reads this file (test_types.py); nobody runs it.

assert_type tells what a call gives. A line with `# type: ignore[code]` must be an error, for an ignore that nothing needs is one itself.
"""

from collections.abc import Callable, Iterable
from typing import Any, assert_type

import backprop as torch
from backprop import Tensor, nn, optim
from backprop.autograd import Function
from backprop.autograd.function import FunctionCtx
from backprop.nn import functional as F
from backprop.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence
from backprop.utils.data import DataLoader, Dataset, RandomSampler, Subset, TensorDataset, random_split
from backprop.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, ReduceLROnPlateau
from backprop.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split


class Net(nn.Module):
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.LayerNorm(width))
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])
        self.head = nn.Linear(width, 3, bias=False)
        self.scale = nn.Parameter(torch.ones(width))
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x: Tensor, twice: bool = False) -> Tensor:
        y: Tensor = self.body(x)
        for block in self.blocks:
            y = y + F.gelu(block(y), approximate="tanh")
        y = self.head(y * self.scale)
        return y * 2 if twice else y


def train(net: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], optimizer: optim.Optimizer) -> list[float]:
    losses = []
    loss_of = nn.CrossEntropyLoss(reduction="mean", label_smoothing=0.1)
    for x, labels in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(x), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss))
    return losses


def a_program() -> None:
    torch.manual_seed(0)
    net = Net().to(torch.float32).train()
    assert_type(net, Net)
    assert_type(net(torch.randn(2, 4)), Any)
    assert_type(net.forward(torch.randn(2, 4), twice=True), Tensor)
    optimizer = optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    schedule = CosineAnnealingLR(optimizer, T_max=10)
    train(net, [(torch.randn(8, 4), torch.randint(3, (8,)))], optimizer)
    schedule.step()
    assert_type(schedule.get_last_lr(), list[float])
    assert_type(net.state_dict(), dict[str, Any])
    missing, unexpected = net.load_state_dict(net.state_dict(), strict=False)
    assert_type(missing, list[str])
    with torch.no_grad():
        for name, p in net.named_parameters():
            assert_type((name, p), tuple[str, nn.Parameter])
            if p.grad is not None:
                p -= 0.1 * p.grad
    assert_type([m for m in net.modules()], list[nn.Module])
    optimizer.param_groups[0]["lr"] *= 0.5


class Squares(Dataset[tuple[Tensor, int]]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.tensor([float(index)]), index**2


def loaders() -> None:
    data = Squares(100)
    assert_type(data[3], tuple[Tensor, int])
    learn, test = random_split(data, [0.8, 0.2], generator=torch.Generator().manual_seed(0))
    assert_type(learn, Subset[tuple[Tensor, int]])
    for x, y in DataLoader(learn, batch_size=16, shuffle=True, num_workers=2, drop_last=True):
        assert_type(x, Any)
    pairs = TensorDataset(torch.zeros(4, 2), torch.zeros(4))
    assert_type(pairs[0], tuple[Tensor, ...])
    net = Net()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(2):
        for x, labels in DataLoader(pairs, batch_size=2):
            loss: Tensor = F.cross_entropy(net(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    torch.save(net.state_dict(), "net.pt")
    net.load_state_dict(torch.load("net.pt", weights_only=True))
    DataLoader(test, batch_size="8")  # type: ignore[arg-type]
    torch.testing.assert_close(torch.zeros(1), torch.zeros(1), rtol=1e-4, atol=1e-6)


def transforms(x: Tensor) -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3), dim=None)
    assert_type(layer, nn.Linear)
    assert_type(nn.utils.fuse_linear_bn_eval(layer, nn.BatchNorm1d(3)), nn.Linear)
    assert_type(torch.histogram(x, 3).bin_edges, Tensor)
    assert_type(torch.unravel_index(x, (2, 3)), tuple[Tensor, ...])
    assert_type(torch.relu_(x), Tensor)
    lazy = nn.LazyLinear(3)
    assert_type(lazy.weight, nn.Parameter)
    optim.SGD(layer.parameters()).register_step_post_hook(lambda optimizer, args, kwargs: None)


def laws(x: Tensor) -> None:
    policy = torch.distributions.Categorical(logits=x)
    assert_type(policy.log_prob(policy.sample()), Tensor)
    normal = torch.distributions.Normal(0.0, x.exp())
    assert_type(normal.rsample((3,)), Tensor)
    assert_type(torch.distributions.kl_divergence(normal, torch.distributions.Normal(0, 1)), Tensor)
    assert_type(normal.batch_shape, torch.Size)
    with torch.autocast("cpu"):
        scaler = torch.amp.GradScaler(enabled=False)
    scaler.scale(x.sum()).backward()
    assert_type(torch.compile(laws)(x), None)


def groups_and_closures(net: Net, x: Tensor) -> None:
    optim.SGD([{"params": net.head.parameters(), "lr": 0.1}, {"params": [net.scale]}], lr=0.01, momentum=0.9)
    LambdaLR(optim.Adam(net.parameters()), lambda epoch: 0.95**epoch)
    ReduceLROnPlateau(optim.SGD(net.parameters()), mode="max", patience=3).step(0.5)
    lbfgs = optim.LBFGS(net.parameters(), line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        lbfgs.zero_grad()
        loss: Tensor = net(x).square().mean()
        loss.backward()
        return loss

    assert_type(lbfgs.step(closure), Tensor)
    assert_type(optim.SGD(net.parameters()).step(), None)
    assert_type(optim.SGD(net.parameters()).step(lambda: 1.5), float)
    lbfgs.step()  # type: ignore[call-arg]
    optim.SGD(net.parameters(), momentum="0.9")  # type: ignore[arg-type]
    optim.LBFGS(net.parameters(), line_search_fn="armijo")  # type: ignore[arg-type]


def tensors(x: Tensor, i: Tensor) -> None:
    assert_type(x.shape, torch.Size)
    assert_type(x.shape[0], int)
    assert_type(x.size(), torch.Size)
    assert_type(x.size(0), int)
    assert_type(x.stride(), tuple[int, ...])
    assert_type(x.dtype, torch.dtype)
    assert_type(x.device.type, str)
    assert_type(x.grad, Tensor | None)
    assert_type(x.ndim, int)
    assert_type(len(x), int)
    assert_type(float(x), float)
    assert_type(bool(x), bool)
    assert_type(list(x), list[Tensor])
    assert_type(x.is_floating_point(), bool)
    assert_type(x.data_ptr(), int)
    assert_type(x[0, ..., None, i, 1:2], Tensor)
    assert_type(x + 1, Tensor)
    assert_type(1 - x, Tensor)
    assert_type(2**x, Tensor)
    assert_type(x @ x.T, Tensor)
    assert_type(-x // 2 % 3, Tensor)
    assert_type((x > 0) & ~(x < 1), Tensor)
    x += 1
    x[i] = 0.5
    assert_type(x.add_(1).mul_(2).clamp_(min=0), Tensor)
    assert_type(x.float().double().long().bool(), Tensor)
    assert_type(x.to("cpu").to(torch.float64).to(device="cpu", dtype=torch.int64), Tensor)
    assert_type(x.view(-1, 2).reshape((2, -1)).permute(1, 0).expand(3, -1), Tensor)
    assert_type(torch.zeros(2, 3), Tensor)
    assert_type(torch.zeros((2, 3), dtype=torch.int64), Tensor)
    assert_type(torch.zeros(size=(2, 3)), Tensor)
    assert_type(torch.randint(0, 9, (2,)), Tensor)
    assert_type(torch.randint(9, (2,)), Tensor)
    torch.zeros("2")  # type: ignore[arg-type]
    x.reshape(2.5)  # type: ignore[arg-type]
    x.backwards()  # type: ignore[attr-defined]
    torch.relu(3)  # type: ignore[arg-type]
    torch.div(x, 2, rounding_mode="up")  # type: ignore[arg-type]


def results(x: Tensor, y: Tensor) -> None:
    assert_type(x.max(), Tensor)
    assert_type(x.max(0).values, Tensor)
    assert_type(x.min(dim=1, keepdim=True).indices, Tensor)
    assert_type(torch.max(x, y), Tensor)
    values, indices = torch.sort(x, descending=True)
    assert_type((values, indices), tuple[Tensor, Tensor])
    assert_type(x.topk(2).values, Tensor)
    assert_type(x.median(), Tensor)
    assert_type(x.median(0).indices, Tensor)
    assert_type(torch.aminmax(x).min, Tensor)
    assert_type(torch.std_mean(x), tuple[Tensor, Tensor])
    assert_type(x.split(2), tuple[Tensor, ...])
    assert_type(torch.unique(x), Tensor)
    assert_type(torch.unique(x, return_inverse=True), tuple[Tensor, Tensor])
    assert_type(x.unique(return_inverse=True, return_counts=True), tuple[Tensor, Tensor, Tensor])
    assert_type(x.nonzero(), Tensor)
    assert_type(x.nonzero(as_tuple=True), tuple[Tensor, ...])
    assert_type(torch.where(x > 0), tuple[Tensor, ...])
    assert_type(torch.where(x > 0, x, 0.0), Tensor)
    assert_type(torch.linalg.svd(x).Vh, Tensor)
    assert_type(torch.linalg.eigh(x).eigenvalues, Tensor)
    assert_type(torch.linalg.slogdet(x), torch.linalg._Slogdet)
    assert_type(torch.meshgrid(x, y, indexing="ij"), tuple[Tensor, ...])
    assert_type(torch.atleast_2d(x), Tensor)
    assert_type(torch.allclose(x, y), bool)
    assert_type(torch.pi, float)
    assert_type(F.max_pool2d(x, 2), Tensor)
    assert_type(F.max_pool2d(x, 2, return_indices=True), tuple[Tensor, Tensor])
    assert_type(F.adaptive_max_pool1d(x, 1, return_indices=True), tuple[Tensor, Tensor])
    F.cross_entropy(x, y, reduction="average")  # type: ignore[arg-type]
    F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
    F.pad(x, (1, 1), mode="mirror")  # type: ignore[arg-type]


def gradients(f: Callable[[Tensor], Tensor], x: Tensor) -> None:
    assert_type(torch.autograd.grad(f(x), x), tuple[Tensor, ...])
    assert_type(torch.autograd.functional.vjp(f, x), tuple[Tensor, Tensor])
    assert_type(torch.autograd.gradcheck(f, (x,)), bool)
    handle = x.register_hook(lambda g: g * 2)
    handle.remove()
    y = torch.func.grad(f)(x)
    assert_type(y, Any)

    class Cube(Function):
        @staticmethod
        def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: FunctionCtx, g: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

    assert_type(Cube.apply(x), Any)


@torch.no_grad()
def decorated(x: Tensor, n: int = 2) -> Tensor:
    return x * n


@torch.inference_mode()
def also_decorated(x: Tensor) -> Tensor:
    return x


@torch.no_grad
def without_brackets(x: Tensor) -> Tensor:
    return x


def decorators(x: Tensor) -> None:
    assert_type(decorated(x, n=3), Tensor)
    assert_type(also_decorated(x), Tensor)
    assert_type(without_brackets(x), Tensor)
    decorated("x")  # type: ignore[arg-type]
    with torch.set_grad_enabled(False), torch.enable_grad():
        pass


class Lines(Dataset[tuple[Tensor, str]]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        return torch.zeros(3), "line"


def loading(x: Tensor) -> None:
    train, test = random_split(TensorDataset(x, x), [0.8, 0.2], generator=torch.Generator().manual_seed(1))
    assert_type(train, Subset[tuple[Tensor, ...]])
    for batch in DataLoader(train, batch_size=4, shuffle=True, num_workers=2, collate_fn=lambda samples: samples):
        print(batch)
    assert_type(Lines()[0], tuple[Tensor, str])
    assert_type(len(DataLoader(Lines(), sampler=RandomSampler(Lines(), num_samples=3))), int)
    DataLoader(Lines(), batch_size="4")  # type: ignore[arg-type]
    torch.rand(2, generator=3)  # type: ignore[call-overload]


def modules(x: Tensor) -> None:
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding="same"), nn.BatchNorm2d(8), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1))
    assert_type(net[0], nn.Module)
    assert_type(net[:2], nn.Sequential)
    assert_type(nn.Linear(2, 3).in_features, int)
    assert_type(nn.Linear(2, 3).weight, nn.Parameter)
    assert_type(nn.Conv2d(1, 2, 3).kernel_size, tuple[int, ...])
    nn.init.kaiming_normal_(nn.Linear(2, 3).weight, mode="fan_out", nonlinearity="relu")
    nn.init.zeros_(nn.Linear(2, 3).bias)
    output, (h, c) = nn.LSTM(4, 8, batch_first=True).forward(x)
    assert_type((output, h, c), tuple[Tensor, Tensor, Tensor])
    packed = pack_sequence([x, x])
    assert_type(nn.GRU(4, 8).forward(packed), tuple[PackedSequence, Tensor])
    assert_type(pad_packed_sequence(packed), tuple[Tensor, Tensor])
    attention, weights = nn.MultiheadAttention(8, 2).forward(x, x, x)
    assert_type(weights, Tensor | None)
    assert_type(nn.Embedding.from_pretrained(x), nn.Embedding)
    named = nn.ModuleDict({"a": nn.Identity(), "b": nn.Tanh()})
    assert_type(named["a"], nn.Module)
    net.register_forward_hook(lambda module, args, out: None)
    nn.Linear("2", 3)  # type: ignore[arg-type]
    nn.Linear(2)  # type: ignore[call-arg]
    nn.MSELoss(reduction="max")  # type: ignore[arg-type]
    nn.GELU(approximate="erf")  # type: ignore[arg-type]
    nn.Lineer(2, 3)  # type: ignore[attr-defined]
