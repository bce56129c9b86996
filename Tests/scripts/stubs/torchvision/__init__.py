"""What the programs ask of torchvision: data sets, transforms, a network, grids of pictures. Pictures are NumPy arrays here."""

from . import datasets, models, transforms, utils
