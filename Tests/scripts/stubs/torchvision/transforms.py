import numpy as np


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x


class ToTensor:
    def __call__(self, x):
        import torch

        x = np.asarray(x, dtype=np.float64 if torch.get_default_dtype() == torch.float64 else np.float32) / 255
        return torch.from_numpy(np.ascontiguousarray(x[None] if x.ndim == 2 else x.transpose(2, 0, 1)))


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, x):
        import torch

        return (x - torch.tensor(self.mean).reshape(-1, 1, 1)) / torch.tensor(self.std).reshape(-1, 1, 1)


class Lambda:
    def __init__(self, function):
        self.function = function

    def __call__(self, x):
        return self.function(x)


class Resize:
    def __init__(self, size, *_):
        self.size = size if isinstance(size, int) else size[0]

    def __call__(self, x):
        rows, columns = np.arange(self.size) * x.shape[0] // self.size, np.arange(self.size) * x.shape[1] // self.size
        return x[rows][:, columns]


class CenterCrop(Resize):
    def __call__(self, x):
        top, left = (x.shape[0] - self.size) // 2, (x.shape[1] - self.size) // 2
        return x[top : top + self.size, left : left + self.size]


class RandomHorizontalFlip:
    def __call__(self, x):
        return x


ToPILImage = RandomHorizontalFlip
