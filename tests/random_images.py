"""Small images of random pixels, written where a test needs them."""

import numpy as np
from PIL import Image


def add(folder, *names):
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(np.random.default_rng(900 + seed).integers(0, 255, (9, 9, 3), np.uint8)).save(folder / name)
