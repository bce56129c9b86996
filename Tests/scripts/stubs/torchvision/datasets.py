import numpy as np
from digits import pictures

COUNT = 1600


class _Digits:
    """Grey pictures with their labels; data and targets as tensors."""

    size, colours = 28, 1
    classes = [str(n) for n in range(10)]

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=False, split=None, **_):
        import torch

        x, y = pictures(self.size, 1797)
        x, y = (x[:COUNT], y[:COUNT]) if train else (x[COUNT:], y[COUNT:])
        if self.colours == 3:
            x = np.stack([x, 255 - x, x // 2], axis=-1)
        self.pictures, self.transform, self.target_transform = x, transform, target_transform
        self.data, self.targets = torch.from_numpy(x.copy()), torch.from_numpy(y.copy())
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, i):
        x, y = self.pictures[i], int(self.targets[i])
        return self.transform(x) if self.transform else x, self.target_transform(y) if self.target_transform else y


class MNIST(_Digits):
    pass


class FashionMNIST(_Digits):
    pass


class CIFAR10(_Digits):
    size, colours = 32, 3


class CIFAR100(CIFAR10):
    pass


class ImageFolder(_Digits):
    size, colours = 64, 3


class FakeData:
    def __init__(self, size=1000, image_size=(3, 224, 224), num_classes=10, transform=None, **_):
        self.size, self.image_size, self.num_classes, self.transform = size, image_size, num_classes, transform

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        draw = np.random.default_rng(i)
        channels, rows, columns = self.image_size
        x = draw.integers(0, 256, (rows, columns, channels)).astype(np.uint8)
        return self.transform(x) if self.transform else x, int(draw.integers(self.num_classes))
