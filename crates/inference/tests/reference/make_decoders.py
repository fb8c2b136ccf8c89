"""Makes decoders/: small models of every architecture docent reads, and llama.cpp's logits for them.

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install gguf numpy llama-cpp-python==0.3.36
    /tmp/reference/bin/python make_decoders.py

For each model there are three files: NAME.gguf; NAME.json, which has the vocabulary's size and a list
of runs, each with the number of tokens its session was made for and the sequences it was given; and
NAME.logits, 16-bit little-endian floats, one per token of the vocabulary for each position of each
sequence of each run, in that order, without any header. From each position's logits its greatest has
been taken away, which leaves their softmax as it is and keeps those that matter exact. The weights
are noise, scaled so that the layers give values of order one and the logits are spread by two to
three.

The script prints how far llama.cpp is from the plain forward pass in decoder_reference.py.
"""

import json
import math
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind
from llama_cpp import Llama

from decoder_reference import Model
from gguf_blocks import quantize

OUT = Path(__file__).with_name("decoders")
VOCABULARY = 262
LENGTHS = [2, 37, 128]

# Formats of the matrices of `llama-formats`, one after the other.
MIXED = [Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0, Kind.F16, Kind.BF16, Kind.F32]
MIXED_K = [Kind.Q4_K, Kind.Q5_K, Kind.Q6_K]

LLAMA = dict(arch="llama", layers=2, width=64, inner=32, heads=4, kv_heads=2, head_len=16, context=1024)

YARN = {
    "rope.scaling.type": "yarn",
    "rope.scaling.factor": 4.0,
    "rope.scaling.original_context_length": 4096,
    "rope.scaling.attn_factor": 1.1,
}
LINEAR = {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}

# A Phi 3 with two sets of rope factors and what turns are multiplied by past the original context.
LONG = {
    "rope.scaling.original_context_length": 256,
    "rope.scaling.attn_factor": math.sqrt(1.0 + math.log(1024 / 256) / math.log(256)),
}

MODELS = {
    "llama": LLAMA | dict(untied=True),
    # One layer where two would show nothing more.
    "llama-freqs": LLAMA | dict(layers=1, freqs=True, keys={"rope.freq_base": 500_000.0}),
    "llama-linear": LLAMA | dict(layers=1, keys=LINEAR),
    "llama-yarn": LLAMA | dict(layers=1, heads=2, kv_heads=1, head_len=32, context=16384, keys=YARN),
    "llama-formats": LLAMA | dict(layers=1, width=96, heads=3, kv_heads=1, head_len=32, inner=64, kinds=MIXED),
    "llama-k-formats": LLAMA | dict(layers=1, width=256, head_len=64, kv_heads=1, inner=256, kinds=MIXED_K),
    "qwen2": LLAMA | dict(arch="qwen2", biases=True, keys={"rope.freq_base": 1_000_000.0}),
    "qwen3": LLAMA | dict(arch="qwen3", heads=3, kv_heads=1, head_len=32, head_norms=True),
    "gemma3": LLAMA
    | dict(
        arch="gemma3",
        layers=7,
        inner=32,
        heads=2,
        kv_heads=1,
        head_len=16,
        head_norms=True,
        after_norms=True,
        keys={
            "rope.freq_base": 1_000_000.0,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 8.0,
            "attention.sliding_window": 8,
        },
    ),
    # As Phi-3-mini-4k: no factors, and a window that llama.cpp reads and does not use.
    "phi3": LLAMA | dict(arch="phi3", layers=1, fused=True, keys={"attention.sliding_window": 16}),
    # As Phi-4-mini: factors, a part of each head not rotated. Short up to 256 tokens, then long.
    "phi3-long": LLAMA
    | dict(arch="phi3", fused=True, rotated=12, factors=True, keys=LONG, contexts=[256, 512]),
}


class Writer:
    def __init__(self, path, name, arch, keys, kinds):
        self.file = gguf.GGUFWriter(path, arch)
        self.rng = np.random.default_rng(list(name.encode()))
        self.kinds, self.used = kinds, 0
        for key, value in keys.items():
            add = {int: self.file.add_uint32, float: self.file.add_float32, str: self.file.add_string}
            add[type(value)](f"{arch}.{key}", value)

    def matrix(self, name, rows, columns, scale):
        """Entries of standard deviation `scale / sqrt(columns)`."""
        values = self.rng.standard_normal((rows, columns)) * (scale / math.sqrt(columns))
        kind = self.kinds[self.used % len(self.kinds)]
        self.used += 1
        self.file.add_tensor(f"{name}.weight", quantize(values.astype(np.float32), kind), raw_dtype=kind)

    def vector(self, name, values):
        self.file.add_tensor(name, np.asarray(values, np.float32))

    def norm(self, name, length, mean=1.0):
        self.vector(f"{name}.weight", mean * (1.0 + 0.3 * self.rng.standard_normal(length)))

    def close(self):
        self.file.write_header_to_file()
        self.file.write_kv_data_to_file()
        self.file.write_tensors_to_file()
        self.file.close()


def write(path, name, m):
    arch, width, heads, kv_heads, head_len = (
        m[key] for key in ("arch", "width", "heads", "kv_heads", "head_len")
    )
    rotated = m.get("rotated", head_len)
    keys = {
        "block_count": m["layers"],
        "context_length": m["context"],
        "embedding_length": width,
        "feed_forward_length": m["inner"],
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
        "attention.key_length": head_len,
        "attention.value_length": head_len,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": rotated,
        "rope.freq_base": 10_000.0,
    }
    w = Writer(path, name, arch, keys | m.get("keys", {}), m.get("kinds", [Kind.F16]))
    tokenizer(w.file)
    # Gemma multiplies the table by sqrt(width) itself.
    w.matrix("token_embd", VOCABULARY, width, 0.9 if arch == "gemma3" else 0.3 * math.sqrt(width))
    if m.get("untied"):
        w.matrix("output", VOCABULARY, width, 1.0)
    spread = 2.5 if m.get("untied") or arch == "gemma3" else 2.5 / (0.3 * math.sqrt(width))
    w.norm("output_norm", width, spread)
    if m.get("freqs"):  # As Llama 3.1: fast pairs as they are, slow ones eight times slower.
        w.vector("rope_freqs.weight", np.clip(np.linspace(-2, 11, rotated // 2), 1, 8))
    if m.get("factors"):
        w.vector("rope_factors_short.weight", np.linspace(1.0, 1.6, rotated // 2))
        w.vector("rope_factors_long.weight", np.linspace(1.2, 9.0, rotated // 2))
    for layer in range(m["layers"]):
        add_layer(w, f"blk.{layer}", m, heads * head_len, kv_heads * head_len)
    w.close()


def add_layer(w, name, m, queries, keys):
    width, inner, head_len = m["width"], m["inner"], m["head_len"]
    w.norm(f"{name}.attn_norm", width)
    if m.get("fused"):
        w.matrix(f"{name}.attn_qkv", queries + 2 * keys, width, 1.4)
    else:
        w.matrix(f"{name}.attn_q", queries, width, 1.5)
        w.matrix(f"{name}.attn_k", keys, width, 1.5)
        w.matrix(f"{name}.attn_v", keys, width, 1.2)
    if m.get("biases"):
        for part, rows in [("q", queries), ("k", keys), ("v", keys)]:
            w.vector(f"{name}.attn_{part}.bias", 0.7 * w.rng.standard_normal(rows))
    if m.get("head_norms"):
        w.norm(f"{name}.attn_q_norm", head_len, 1.4)
        w.norm(f"{name}.attn_k_norm", head_len, 1.4)
    w.matrix(f"{name}.attn_output", width, queries, 1.2)
    if m.get("after_norms"):
        w.norm(f"{name}.post_attention_norm", width, 0.7)
        w.norm(f"{name}.post_ffw_norm", width, 0.7)
    w.norm(f"{name}.ffn_norm", width)
    if m.get("fused"):
        w.matrix(f"{name}.ffn_up", 2 * inner, width, 1.4)
    else:
        w.matrix(f"{name}.ffn_gate", inner, width, 1.4)
        w.matrix(f"{name}.ffn_up", inner, width, 1.4)
    w.matrix(f"{name}.ffn_down", width, inner, 1.4)


def tokenizer(file):
    """Control tokens, the 256 bytes as GPT-2 writes them, one merge and one user-defined token."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    shifted = iter(range(0x100, 0x200))
    letters = [chr(b) if b in printable else chr(next(shifted)) for b in range(256)]
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<unused>", *letters, "ab", "<think>"]
    assert len(tokens) == VOCABULARY
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(tokens)
    file.add_token_types([3, 3, 3, 5] + [1] * 257 + [4])
    file.add_token_merges(["a b"])
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)


def llama_cpp(path, context, sequence):
    """llama.cpp's logits: one batch, keys and values in 32-bit floats, no flash attention."""
    llama = Llama(
        str(path),
        n_ctx=context,
        n_batch=512,
        n_ubatch=512,
        logits_all=True,
        flash_attn=False,
        swa_full=True,
        type_k=0,
        type_v=0,
        n_threads=1,
        n_threads_batch=1,
        verbose=False,
    )
    llama.eval(sequence)
    logits = llama.scores[: len(sequence)].copy()
    llama.close()
    return logits


def log_softmax(x):
    x = x.astype(np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def compare(name, theirs, plain):
    log_p, log_q = log_softmax(theirs), log_softmax(plain)
    kl = (np.exp(log_p) * (log_p - log_q)).sum(axis=-1)
    same = (theirs.argmax(axis=-1) == plain.argmax(axis=-1)).mean()
    top = np.exp(log_p.max(axis=-1)).mean()
    print(
        f"{name:16} positions {len(theirs):4}  same first {same:7.2%}  KL mean {kl.mean():.1e} "
        f"max {kl.max():.1e}  logits spread {theirs.std():.2f}  mean top probability {top:.2f}"
    )


def main(names):
    OUT.mkdir(exist_ok=True)
    total = 0
    for name in names or MODELS:
        model = MODELS[name]
        path = OUT / f"{name}.gguf"
        write(path, name, model)
        rng = np.random.default_rng([1, *name.encode()])
        plain = Model(path)
        runs, all_theirs, all_plain = [], [], []
        for context in model.get("contexts", [256]):
            sequences = [rng.integers(0, VOCABULARY, n).tolist() for n in LENGTHS]
            runs.append({"context": context, "sequences": sequences})
            for sequence in sequences:
                all_theirs.append(llama_cpp(path, context, sequence))
                all_plain.append(plain.forward(sequence, context))
        theirs, plain = np.concatenate(all_theirs), np.concatenate(all_plain)
        compare(name, theirs, plain)
        total += len(theirs)
        (theirs - theirs.max(axis=-1, keepdims=True)).astype("<f2").tofile(OUT / f"{name}.logits")
        header = {"vocabulary": VOCABULARY, "runs": runs}
        text = json.dumps(header, separators=(",", ":"))
        (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{total} positions, {sum(f.stat().st_size for f in OUT.iterdir())} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
