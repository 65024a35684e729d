"""Parameters and kernels composed into forward and backward passes."""
