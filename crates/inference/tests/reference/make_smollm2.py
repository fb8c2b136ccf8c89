"""Makes smollm2.json and smollm2.top: what llama.cpp expects after each token of real text.

    make_smollm2.py MODEL.gguf

Needs llama-cpp-python 0.3.36. The text is docent's own: the documents of its sample library and this
repository's pages, in English and Chinese. smollm2.json has sequences of token ids; smollm2.top has,
for each position, the 32 likeliest tokens: their ids in 16 bits, then their log-probabilities in
16-bit floats, little-endian.
"""

import json
import sys
from pathlib import Path

import numpy as np
from llama_cpp import Llama

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
LENGTH = 512
SEQUENCES = 4
TOP = 32


def texts():
    sample = sorted(path for path in (ROOT / "assets/sample").rglob("*") if path.suffix in (".md", ".txt"))
    pages = [ROOT / name for name in ("README.md", "ARCHITECTURE.md")]
    return "\n\n".join(path.read_text(encoding="utf-8") for path in [*sample, *pages])


def main():
    model = Llama(sys.argv[1], n_ctx=LENGTH, n_batch=LENGTH, logits_all=True, flash_attn=False, verbose=False)
    ids = model.tokenize(texts().encode(), add_bos=False, special=False)
    assert len(ids) >= LENGTH * SEQUENCES, len(ids)
    sequences, out = [], bytearray()
    for at in range(0, LENGTH * SEQUENCES, LENGTH):
        sequence = ids[at:at + LENGTH]
        sequences.append(sequence)
        model.reset()
        model.eval(sequence)
        for logits in np.array(model.scores[:LENGTH], dtype=np.float64):
            logits -= logits.max()
            logits -= np.log(np.exp(logits).sum())
            best = np.argsort(-logits, kind="stable")[:TOP]
            out += best.astype("<u2").tobytes() + logits[best].astype("<f2").tobytes()
    (HERE / "smollm2.json").write_text(json.dumps({"top": TOP, "sequences": sequences}) + "\n")
    (HERE / "smollm2.top").write_bytes(out)
    print(f"{len(sequences)} sequences, {len(out)} bytes")


main()
