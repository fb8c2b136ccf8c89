"""Makes smollm2.json and smollm2.top: what llama.cpp expects after each token of real text.

    make_smollm2.py MODEL.gguf

and smollm2-exact.top, the same for the same weights expanded to 32-bit floats. Needs
llama-cpp-python 0.3.36 and gguf. The text is docent's own: the documents of its sample library and this
repository's pages, in English and Chinese. smollm2.json has sequences of token ids; smollm2.top has,
for each position, the 32 likeliest tokens: their ids in 16 bits, then their log-probabilities in
16-bit floats, little-endian.
"""

import json
import sys
import tempfile
from pathlib import Path

import gguf
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


def open_model(path):
    return Llama(str(path), n_ctx=LENGTH, n_batch=LENGTH, logits_all=True, flash_attn=False, verbose=False)


def expand(path, to):
    """The same model with its weights in 32-bit floats."""
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(to, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=element)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def expected(model, sequences):
    out = bytearray()
    for sequence in sequences:
        model.reset()
        model.eval(sequence)
        for logits in np.array(model.scores[:LENGTH], dtype=np.float64):
            logits -= logits.max()
            logits -= np.log(np.exp(logits).sum())
            best = np.argsort(-logits, kind="stable")[:TOP]
            out += best.astype("<u2").tobytes() + logits[best].astype("<f2").tobytes()
    return bytes(out)


def main():
    model = open_model(sys.argv[1])
    ids = model.tokenize(texts().encode(), add_bos=False, special=False)
    assert len(ids) >= LENGTH * SEQUENCES, len(ids)
    sequences = [ids[at:at + LENGTH] for at in range(0, LENGTH * SEQUENCES, LENGTH)]
    (HERE / "smollm2.json").write_text(json.dumps({"top": TOP, "sequences": sequences}) + "\n")
    (HERE / "smollm2.top").write_bytes(expected(model, sequences))
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "exact.gguf"
        expand(sys.argv[1], exact)
        (HERE / "smollm2-exact.top").write_bytes(expected(open_model(exact), sequences))


main()
