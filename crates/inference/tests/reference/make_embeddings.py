"""Makes embeddings.json: vectors of all-MiniLM-L6-v2 computed without the crate under test.

The forward pass is written out in NumPy in 64-bit floats from the definition of BERT (Devlin et al.
2018) and of the model's card (mean over the tokens, length 1); token ids come from the `tokenizers`
package. Run it in a virtual environment:

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install numpy tokenizers
    /tmp/reference/bin/python make_embeddings.py ~/.cache/docent-dev/models/all-MiniLM-L6-v2
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

MAX_TOKENS = 256

LONG_ENGLISH = (
    "The harbour office keeps a register of every vessel that enters between dawn and dusk. "
    "Each line holds the name, the flag, the draught in metres and the berth it was given. "
) * 12
LONG_CHINESE = "港务处登记每一艘在日出与日落之间进港的船只，记录船名、国旗、吃水深度和泊位。" * 14

TEXTS = [
    "How do I reset the password of my account?",
    "To choose a new password, open Settings and press Security.",
    "The cat sat on the mat.",
    "",
    " ",
    ".",
    "北京的秋天是什么样的？",
    "软件包管理器会在安装之前检查每个文件的校验和。",
    "Debian 的 apt 命令可以安装 packages，也可以 remove 它们。",
    "東京タワーの高さは333メートルです。",
    "La forêt était silencieuse; l'hiver durait déjà depuis trois mois.",
    "👩‍💻 ships 🚀 on Friday 😅",
    "for (let i = 0; i < n; i += 1) { total += values[i] * 0.5; }",
    "In 2023 the budget rose by 4.7 % to €1,250,000.50.",
    "line one\nline two\n\n\ttabbed   and    spaced",
    "[SEP]",
    "Ⅷ ﬁne ＡＢＣ１２３ e\u0301clair",
    "x" * 150,
    LONG_ENGLISH,
    LONG_CHINESE,
]

FLOATS = {"F32": np.float32, "F16": np.float16, "F64": np.float64}


def load(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in FLOATS:
            continue
        start, end = entry["data_offsets"]
        raw = data[8 + length + start : 8 + length + end]
        values = np.frombuffer(raw, FLOATS[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return 0.5 * x * (1.0 + erf(x / math.sqrt(2.0)))


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


class Bert:
    def __init__(self, tensors, config):
        self.t = tensors
        self.heads = config["num_attention_heads"]
        self.layers = config["num_hidden_layers"]
        self.eps = config["layer_norm_eps"]
        assert config["hidden_act"] == "gelu"

    def linear(self, x, name):
        return x @ self.t[f"{name}.weight"].T + self.t[f"{name}.bias"]

    def norm(self, x, name):
        mean = x.mean(axis=-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
        scaled = (x - mean) / np.sqrt(variance + self.eps)
        return scaled * self.t[f"{name}.weight"] + self.t[f"{name}.bias"]

    def forward(self, ids):
        n = len(ids)
        x = self.t["embeddings.word_embeddings.weight"][ids]
        x = x + self.t["embeddings.position_embeddings.weight"][:n]
        x = x + self.t["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for i in range(self.layers):
            p = f"encoder.layer.{i}"
            split = lambda y: y.reshape(n, self.heads, -1).transpose(1, 0, 2)
            q = split(self.linear(x, f"{p}.attention.self.query"))
            k = split(self.linear(x, f"{p}.attention.self.key"))
            v = split(self.linear(x, f"{p}.attention.self.value"))
            weights = softmax(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1]))
            mixed = (weights @ v).transpose(1, 0, 2).reshape(n, -1)
            attended = self.linear(mixed, f"{p}.attention.output.dense")
            x = self.norm(x + attended, f"{p}.attention.output.LayerNorm")
            inner = gelu(self.linear(x, f"{p}.intermediate.dense"))
            outer = self.linear(inner, f"{p}.output.dense")
            x = self.norm(x + outer, f"{p}.output.LayerNorm")
        return x


def unit(v):
    return v / np.linalg.norm(v)


def main(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    bert = Bert(load(folder / "model.safetensors"), json.loads((folder / "config.json").read_text()))
    cases = []
    for text in TEXTS:
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        ids = [cls, *plain[: MAX_TOKENS - 2], sep]
        hidden = bert.forward(ids)
        cases.append(
            {
                "text": text,
                "tokens": len(plain),
                "mean": [round(float(x), 7) for x in unit(hidden.mean(axis=0))],
                "cls": [round(float(x), 7) for x in unit(hidden[0])],
            }
        )
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    out = Path(__file__).with_name("embeddings.json")
    out.write_text(f'{{"max_tokens":{MAX_TOKENS},"cases":[\n{lines}\n]}}\n', encoding="utf-8")


main(Path(sys.argv[1]).expanduser())
