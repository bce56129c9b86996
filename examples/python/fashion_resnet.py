"""Learns to name clothes with a small residual network (He and others 2016): batch norm and shortcuts.

    .venv/bin/python examples/python/fashion_resnet.py [--data FOLDER] [--out DIRECTORY] [--epochs N] [--threads N] [--quick] [--torch]

Training and picture as in fashion_cnn.py.
"""
import fashion_cnn
from common import engine

torch = engine()
nn, F = torch.nn, torch.nn.functional


class Block(nn.Module):
    """x + f(x), f two convolutions with batch norm; where channels or size change, x through one of 1 × 1."""

    def __init__(self, before, after, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        same = stride == 1 and before == after
        self.shortcut = nn.Identity() if same else nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def network():
    """28 × 28 → 16 channels → 32 of 14 × 14 → 64 of 7 × 7 → their means → 10."""
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Block(16, 16), Block(16, 32, 2), Block(32, 64, 2),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


if __name__ == "__main__":
    fashion_cnn.main("fashion_resnet", network, epochs=8, most=1e-2, part=512)
