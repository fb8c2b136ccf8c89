"""The forward pass of the decoders docent reads, in NumPy, from the weights of a GGUF file.

Written from the definitions of the models; where a file leaves a choice open (which layers see a
window, which of two sets of rope factors counts), the choice is llama.cpp's, and make_decoders.py
checks that the two agree. 64-bit floats, no cache: every position is computed at once.
"""

import math

import gguf
import numpy as np

# Which elements of a head turn together: neighbours, or one from each half.
INTERLEAVED = {"llama"}


class Model:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.meta = {name: field.contents() for name, field in reader.fields.items()}
        self.t = {
            t.name: gguf.dequantize(t.data, t.tensor_type).astype(np.float64).reshape(t.shape[::-1])
            for t in reader.tensors
        }
        self.arch = self.meta["general.architecture"]
        self.layers = self.get("block_count")
        self.width = self.get("embedding_length")
        self.heads = self.get("attention.head_count")
        self.kv_heads = self.get("attention.head_count_kv", self.heads)
        self.head_len = self.get("attention.key_length", self.width // self.heads)
        self.epsilon = self.get("attention.layer_norm_rms_epsilon")
        self.rotated = self.get("rope.dimension_count", self.head_len)

    def get(self, key, default=None):
        return self.meta.get(f"{self.arch}.{key}", default)

    def forward(self, ids, context):
        """Logits at every position of `ids`, in a session made for `context` tokens."""
        ids = np.asarray(ids)
        x = self.t["token_embd.weight"][ids]
        if self.arch == "gemma3":
            x = x * math.sqrt(self.width)
        for layer in range(self.layers):
            x = self.layer(x, layer, context)
        x = self.norm(x, "output_norm")
        head = self.t.get("output.weight", self.t["token_embd.weight"])
        return x @ head.T

    def layer(self, x, layer, context):
        name = f"blk.{layer}"
        # Gemma 3 norms what each part gives once more, before it is added.
        after = lambda y, part: self.norm(y, f"{name}.{part}") if self.arch == "gemma3" else y
        y = self.attention(self.norm(x, f"{name}.attn_norm"), layer, context)
        x = x + after(y, "post_attention_norm")
        y = self.feed_forward(self.norm(x, f"{name}.ffn_norm"), name)
        return x + after(y, "post_ffw_norm")

    def norm(self, x, name):
        scale = 1.0 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.epsilon)
        return x * scale * self.t[f"{name}.weight"]

    def linear(self, x, name):
        return x @ self.t[f"{name}.weight"].T + self.t.get(f"{name}.bias", 0.0)

    def feed_forward(self, x, name):
        up = self.linear(x, f"{name}.ffn_up")
        if f"{name}.ffn_gate.weight" in self.t:
            gate = self.linear(x, f"{name}.ffn_gate")
        else:  # Phi 3: one matrix, the gate's rows first.
            gate, up = np.split(up, 2, axis=-1)
        activation = gelu_tanh if self.arch == "gemma3" else silu
        return self.linear(activation(gate) * up, f"{name}.ffn_down")

    def attention(self, x, layer, context):
        n, name = len(x), f"blk.{layer}"
        q_len, k_len = self.heads * self.head_len, self.kv_heads * self.head_len
        if f"{name}.attn_qkv.weight" in self.t:  # Phi 3: queries, keys, values in this order.
            q, k, v = np.split(self.linear(x, f"{name}.attn_qkv"), [q_len, q_len + k_len], axis=-1)
        else:
            q, k, v = (self.linear(x, f"{name}.attn_{part}") for part in "qkv")
        q, k, v = (y.reshape(n, -1, self.head_len) for y in (q, k, v))
        if f"{name}.attn_q_norm.weight" in self.t:  # Per head, before rope.
            q, k = self.norm(q, f"{name}.attn_q_norm"), self.norm(k, f"{name}.attn_k_norm")
        speeds, magnitude = self.rope(layer, context)
        angles = np.arange(n)[:, None] * speeds
        q, k = (self.turn(y, np.cos(angles) * magnitude, np.sin(angles) * magnitude) for y in (q, k))
        # Query head h reads key and value head h / (heads / kv_heads).
        k, v = (np.repeat(y, self.heads // self.kv_heads, axis=1) for y in (k, v))
        scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(self.head_len)
        i, j = np.arange(n)[:, None], np.arange(n)
        seen = j <= i
        if self.is_local(layer):
            seen &= i - j < self.get("attention.sliding_window")
        weights = softmax(np.where(seen, scores, -np.inf))
        mixed = np.einsum("hij,jhd->ihd", weights, v).reshape(n, -1)
        return self.linear(mixed, f"{name}.attn_output")

    def is_local(self, layer):
        """Gemma 3: five layers with a window, then one without. Phi 3's window is not used."""
        return self.arch == "gemma3" and bool(self.get("attention.sliding_window")) and layer % 6 != 5

    def rope(self, layer, context):
        """Radians per position of each pair, and what cosine and sine are multiplied by."""
        pairs = self.rotated // 2
        if self.is_local(layer):  # Own base, never scaled.
            return inverse_powers(10_000.0, pairs), 1.0
        base = self.get("rope.freq_base", 10_000.0)
        speeds = inverse_powers(base, pairs)
        original = self.get("rope.scaling.original_context_length", self.get("context_length"))
        if "rope_freqs.weight" in self.t:
            speeds = speeds / self.t["rope_freqs.weight"]
        elif "rope_factors_long.weight" in self.t:
            which = "long" if context > original else "short"
            speeds = speeds / self.t[f"rope_factors_{which}.weight"]
        kind = self.get("rope.scaling.type", "linear")
        factor = 1.0 if kind == "none" else self.get("rope.scaling.factor") or 1.0
        magnitude = self.get("rope.scaling.attn_factor", 1.0)
        if kind != "yarn":
            return speeds / factor, magnitude
        # Pairs that turn often within the original context keep their speed, those that turn less
        # than once are slowed down by the factor, those between are mixed.
        pair_of = lambda turns: pairs * math.log(original / (turns * 2 * math.pi)) / math.log(base)
        low = max(0.0, math.floor(pair_of(32.0)))
        high = min(self.rotated - 1.0, math.ceil(pair_of(1.0)))
        kept = 1.0 - np.clip((np.arange(pairs) - low) / max(0.001, high - low), 0.0, 1.0)
        mixed = speeds / factor * (1.0 - kept) + speeds * kept
        return mixed, magnitude * (1.0 + 0.1 * math.log(factor) if factor > 1.0 else 1.0)

    def turn(self, x, cos, sin):
        """`x` is [positions, heads, head_len]; elements past the rotated ones stay as they are."""
        cos, sin, n = cos[:, None, :], sin[:, None, :], self.rotated
        if self.arch in INTERLEAVED:
            first, second = slice(0, n, 2), slice(1, n, 2)
        else:
            first, second = slice(0, n // 2), slice(n // 2, n)
        out = x.copy()
        out[..., first] = x[..., first] * cos - x[..., second] * sin
        out[..., second] = x[..., first] * sin + x[..., second] * cos
        return out


def inverse_powers(base, pairs):
    return base ** (-np.arange(pairs) / pairs)


def silu(x):
    return x / (1.0 + np.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)
