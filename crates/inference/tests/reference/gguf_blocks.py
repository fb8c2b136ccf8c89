"""Rounding to the formats of GGUF, including those that PyPI's `gguf` reads but does not write.

Q4_K, Q5_K and Q6_K keep 256 values in a block. The scales are found in the plainest way, from the
least and the greatest value of each part of a block; llama.cpp searches for better ones.
"""

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

BLOCK = 256


def quantize(values, kind):
    """The bytes of `values`, whose last dimension is a multiple of the block."""
    own = {Kind.Q4_K: q4_k, Kind.Q5_K: q5_k, Kind.Q6_K: q6_k}.get(kind)
    if own is None:
        return gguf.quantize(values, kind)
    blocks = own(values.astype(np.float32).reshape(-1, BLOCK))
    return blocks.reshape(*values.shape[:-1], -1)


def ratio(part, whole):
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def affine(blocks, levels):
    """Eight parts of 32 values `d * scale * q - dmin * least`, scale and least in six bits."""
    parts = blocks.reshape(-1, 8, 32)
    least = np.maximum(0, -parts.min(axis=-1))
    step = (parts.max(axis=-1) + least) / levels
    d = (step.max(axis=-1, keepdims=True) / 63).astype(np.float16)
    dmin = (least.max(axis=-1, keepdims=True) / 63).astype(np.float16)
    scale = np.clip(np.rint(ratio(step, d.astype(np.float32))), 0, 63)
    low = np.clip(np.rint(ratio(least, dmin.astype(np.float32))), 0, 63)
    unit = (d * scale).astype(np.float32)[..., None]
    q = np.clip(np.rint(ratio(parts + (dmin * low)[..., None], unit + 0 * parts)), 0, levels)
    scale, low = scale.astype(np.uint8), low.astype(np.uint8)
    packed = np.concatenate(
        [
            scale[:, :4] | (scale[:, 4:] >> 4 << 6),
            low[:, :4] | (low[:, 4:] >> 4 << 6),
            (scale[:, 4:] & 15) | (low[:, 4:] & 15) << 4,
        ],
        axis=-1,
    )
    return [d.view(np.uint8), dmin.view(np.uint8), packed], q.astype(np.uint8)


def nibbles(q):
    """Two neighbouring parts of 32 share their bytes."""
    return (q[:, 0::2] | q[:, 1::2] << 4).reshape(len(q), -1)


def q4_k(blocks):
    head, q = affine(blocks, 15)
    return np.concatenate([*head, nibbles(q)], axis=-1)


def q5_k(blocks):
    head, q = affine(blocks, 31)
    fifth = np.zeros((len(q), 32), np.uint8)
    for part in range(8):
        fifth |= q[:, part] >> 4 << part
    return np.concatenate([*head, fifth, nibbles(q & 15)], axis=-1)


def q6_k(blocks):
    parts = blocks.reshape(-1, 16, 16)
    step = np.abs(parts).max(axis=-1) / 31
    d = (step.max(axis=-1, keepdims=True) / 127).astype(np.float16)
    scale = np.clip(np.rint(ratio(step, d.astype(np.float32))), 0, 127)
    unit = (d * scale).astype(np.float32)[..., None]
    q = (np.clip(np.rint(ratio(parts, unit + 0 * parts)), -32, 31) + 32).astype(np.uint8)
    q = q.reshape(-1, 2, 4, 32)
    low = np.concatenate([q[:, :, 0:2] & 15 | (q[:, :, 2:4] & 15) << 4], axis=-1)
    high = q[:, :, 0] >> 4 | q[:, :, 1] >> 4 << 2 | q[:, :, 2] >> 4 << 4 | q[:, :, 3] >> 4 << 6
    n = len(q)
    scale = scale.astype(np.int8).view(np.uint8)
    return np.concatenate([low.reshape(n, -1), high.reshape(n, -1), scale, d.view(np.uint8)], axis=-1)
