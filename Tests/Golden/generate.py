"""Writes the golden files of this folder with PyTorch on the CPU:  python Tests/Golden/generate.py [family …]

What a family holds stands in its families_*.py; how a case is recorded, in recording.py.
"""

import sys
from pathlib import Path

import torch

import families_convolution
import families_elementwise
import families_functions
import families_images
import families_linalg
import families_losses
import families_modules
import families_movement
import families_network
import families_norms
import families_op_db
import families_optimizers
import families_reductions
import families_sequences
import families_sorting
import families_training

MODULES = (families_elementwise, families_reductions, families_sorting, families_functions, families_movement, families_network, families_norms, families_optimizers, families_sequences, families_convolution, families_images, families_linalg, families_losses, families_modules, families_op_db, families_training)


def main():
    torch.set_num_threads(1)
    chosen = sys.argv[1:]
    for build in (build for module in MODULES for build in module.FAMILIES):
        if not chosen or build.__name__ in chosen:
            build().write(Path(__file__).resolve().parent)


if __name__ == "__main__":
    main()
