"""Reads MNIST images and labels from gzipped IDX files."""

import gzip
import struct

import numpy as np

IMAGES_MAGIC = 2051
LABELS_MAGIC = 2049


def _read(path, magic, dimensions):
    with gzip.open(path, "rb") as file:
        header = file.read(4 + 4 * dimensions)
        if len(header) < 4 + 4 * dimensions:
            raise ValueError(f"{path}: too short to be an IDX file")
        found, *shape = struct.unpack(f">{1 + dimensions}I", header)
        if found != magic:
            raise ValueError(f"{path}: magic number {found} instead of {magic}")
        values = np.frombuffer(file.read(), dtype=np.uint8)
    if values.size != np.prod(shape):
        raise ValueError(f"{path}: {values.size} values instead of {np.prod(shape)}")
    return values.reshape(shape)


def read_images(path):
    """Images as float32 of shape (count, 28, 28, 1), between 0 and 1."""
    images = _read(path, IMAGES_MAGIC, 3)
    return images[..., np.newaxis].astype(np.float32) / 255.0


def read_labels(path):
    """Labels as int64 of shape (count,)."""
    return _read(path, LABELS_MAGIC, 1).astype(np.int64)
