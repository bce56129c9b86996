"""What the programs ask of torchvision: data sets, transforms, grids of pictures. Pictures are NumPy arrays here."""

from . import datasets, transforms, utils
