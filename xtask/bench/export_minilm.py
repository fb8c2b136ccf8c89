"""Writes a BERT sentence encoder as ONNX, in 32-bit floats and with weights in 8 bits:
`export_minilm.py MODEL_FOLDER FLOATS.onnx INT8.onnx`.

The graph is made of standard operators in the shape that PyTorch's exporter gives them, then goes
through ONNX Runtime's own optimiser and dynamic quantisation: what its users do. The result is
compared with the same calculation in numpy before it is kept.
"""

import json
import math
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from safetensors.numpy import load_file
from tokenizers import Tokenizer

OPSET = 17

# Of different lengths, so that padding is looked at too.
SENTENCES = [
    "Ships come and go while the keeper of the light writes their names down.",
    "How damp may the stacks become before paper suffers?",
    "Nothing.",
]


class Graph:
    """Nodes and constants of an ONNX graph as they are added."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes, self.constants = [], {}

    def constant(self, name, values, kind=None):
        self.constants[name] = np.asarray(values, kind)
        return name

    def weight(self, name):
        return self.constant(name, self.weights[name], np.float32)

    def matrix(self, name):
        """A weight matrix, turned round: ONNX multiplies from the other side."""
        return self.constant(name, self.weights[name].T.copy(), np.float32)

    def add(self, operator, *inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=f"/{name}", **attributes))
        return name

    def linear(self, x, layer, name):
        product = self.add("MatMul", x, self.matrix(f"{layer}.weight"), name=f"{name}.matmul")
        return self.add("Add", self.weight(f"{layer}.bias"), product, name=name)

    def norm(self, x, layer, epsilon, name):
        scale, bias = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.add("LayerNormalization", x, scale, bias, name=name, axis=-1, epsilon=epsilon)

    def heads(self, x, shape, order, name):
        split = self.add("Reshape", x, shape, name=f"{name}.split")
        return self.add("Transpose", split, name=f"{name}.heads", perm=order)


def embeddings(graph, config):
    tables = "embeddings."
    length = graph.add("Shape", "input_ids", name="shape")
    length = graph.add("Gather", length, graph.constant("one", 1, np.int64), name="length", axis=0)
    length = graph.add("Unsqueeze", length, graph.constant("first", [0], np.int64), name="length.list")
    every = np.arange(config["max_position_embeddings"])[None]
    ends = ("zeros", [0]), ("columns", [1]), ("steps", [1])
    start, axis, step = (graph.constant(name, value, np.int64) for name, value in ends)
    positions = graph.constant("positions", every, np.int64)
    positions = graph.add("Slice", positions, start, length, axis, step, name="position_ids")
    word = graph.add("Gather", graph.weight(f"{tables}word_embeddings.weight"), "input_ids", name="words")
    kind = graph.add(
        "Gather", graph.weight(f"{tables}token_type_embeddings.weight"), "token_type_ids", name="kinds"
    )
    place = graph.add(
        "Gather", graph.weight(f"{tables}position_embeddings.weight"), positions, name="places"
    )
    total = graph.add("Add", word, kind, name="words.kinds")
    total = graph.add("Add", total, place, name="words.kinds.places")
    return graph.norm(total, f"{tables}LayerNorm", config["layer_norm_eps"], "embedded")


def mask(graph):
    """0 where there is a token, the least number where there is padding."""
    rows = graph.add("Unsqueeze", "attention_mask", graph.constant("row", [1], np.int64), name="mask.rows")
    rows = graph.add("Unsqueeze", rows, graph.constant("heads", [2], np.int64), name="mask.heads")
    floats = graph.add("Cast", rows, name="mask.floats", to=TensorProto.FLOAT)
    padding = graph.add("Sub", graph.constant("whole", 1.0, np.float32), floats, name="mask.padding")
    least = graph.constant("least", np.finfo(np.float32).min, np.float32)
    return graph.add("Mul", padding, least, name="mask.added")


def layer(graph, x, padding, number, config):
    own = f"encoder.layer.{number}"
    count, width = config["num_attention_heads"], config["hidden_size"]
    split = graph.constant(f"split.{number}", [0, 0, count, width // count], np.int64)
    parts = {}
    for part, order in ("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]):
        projected = graph.linear(x, f"{own}.attention.self.{part}", f"{number}.{part}")
        parts[part] = graph.heads(projected, split, order, f"{number}.{part}")
    scores = graph.add("MatMul", parts["query"], parts["key"], name=f"{number}.products")
    root = graph.constant(f"root.{number}", math.sqrt(width // count), np.float32)
    scores = graph.add("Div", scores, root, name=f"{number}.scaled")
    scores = graph.add("Add", scores, padding, name=f"{number}.masked")
    shares = graph.add("Softmax", scores, name=f"{number}.shares", axis=-1)
    seen = graph.add("MatMul", shares, parts["value"], name=f"{number}.seen")
    seen = graph.add("Transpose", seen, name=f"{number}.seen.tokens", perm=[0, 2, 1, 3])
    join = graph.constant(f"join.{number}", [0, 0, width], np.int64)
    seen = graph.add("Reshape", seen, join, name=f"{number}.seen.joined")
    seen = graph.linear(seen, f"{own}.attention.output.dense", f"{number}.attention")
    x = graph.add("Add", seen, x, name=f"{number}.attention.sum")
    x = graph.norm(x, f"{own}.attention.output.LayerNorm", config["layer_norm_eps"], f"{number}.middle")

    inner = graph.linear(x, f"{own}.intermediate.dense", f"{number}.inner")
    root = graph.constant(f"root2.{number}", math.sqrt(2.0), np.float32)
    error = graph.add("Div", inner, root, name=f"{number}.gelu.scaled")
    error = graph.add("Erf", error, name=f"{number}.gelu.erf")
    one = graph.constant(f"one.{number}", 1.0, np.float32)
    error = graph.add("Add", error, one, name=f"{number}.gelu.plus")
    inner = graph.add("Mul", inner, error, name=f"{number}.gelu.product")
    half = graph.constant(f"half.{number}", 0.5, np.float32)
    inner = graph.add("Mul", inner, half, name=f"{number}.gelu")
    outer = graph.linear(inner, f"{own}.output.dense", f"{number}.outer")
    x = graph.add("Add", outer, x, name=f"{number}.outer.sum")
    return graph.norm(x, f"{own}.output.LayerNorm", config["layer_norm_eps"], f"{number}.out")


def model(weights, config):
    graph = Graph(weights)
    x, padding = embeddings(graph, config), mask(graph)
    for number in range(config["num_hidden_layers"]):
        x = layer(graph, x, padding, number, config)
    graph.add("Identity", x, name="last_hidden_state")
    names = ["input_ids", "attention_mask", "token_type_ids"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in names
    ]
    shape = ["batch", "sequence", config["hidden_size"]]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape)
    constants = [numpy_helper.from_array(values, name) for name, values in graph.constants.items()]
    whole = helper.make_graph(graph.nodes, "bert", inputs, [output], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(whole, opset_imports=opsets, ir_version=8)


def in_numpy(weights, config, ids, mask):
    """The last hidden states of one padded batch, written as plainly as can be."""

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x):
        return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))

    count, length = ids.shape
    heads, width = config["num_attention_heads"], config["hidden_size"]
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][:length]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(config["num_hidden_layers"]):
        own = f"encoder.layer.{number}"
        parts = [
            linear(x, f"{own}.attention.self.{part}").reshape(count, length, heads, -1).swapaxes(1, 2)
            for part in ("query", "key", "value")
        ]
        scores = parts[0] @ parts[1].swapaxes(2, 3) / math.sqrt(width // heads)
        scores = np.where(mask[:, None, None] == 1, scores, -np.inf)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        seen = (shares @ parts[2]).swapaxes(1, 2).reshape(count, length, width)
        seen = linear(seen, f"{own}.attention.output.dense")
        x = norm(x + seen, f"{own}.attention.output.LayerNorm")
        inner = gelu(linear(x, f"{own}.intermediate.dense"))
        x = norm(x + linear(inner, f"{own}.output.dense"), f"{own}.output.LayerNorm")
    return x


def check(path, folder, weights, config, least):
    """Stops unless the vectors of `path` point where they should, by this much at least."""
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(SENTENCES)
    ids = np.array([one.ids for one in encoded])
    mask = np.array([one.attention_mask for one in encoded])
    lengths = mask.sum(1)

    def pooled(hidden):
        means = np.array([row[:n].mean(0) for row, n in zip(hidden, lengths)])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    found = pooled(session.run(None, inputs)[0])
    expected = pooled(in_numpy(weights, config, ids, mask))
    cosine = float((found * expected).sum(1).min())
    print(f"{os.path.basename(path)}: cosine with numpy at least {cosine:.6f}")
    if not cosine >= least:
        sys.exit(f"{path} does not compute what it should")


def main():
    folder, floats, int8 = sys.argv[1:]
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    weights = load_file(os.path.join(folder, "model.safetensors"))
    plain = floats + ".plain"
    onnx.save(model(weights, config), plain)
    fused = optimizer.optimize_model(
        plain,
        model_type="bert",
        num_heads=config["num_attention_heads"],
        hidden_size=config["hidden_size"],
        optimization_options=FusionOptions("bert"),
        # The passes of the runtime itself would want PyTorch here; they run when the model is loaded.
        opt_level=0,
    )
    print("fused:", {kind: n for kind, n in fused.get_fused_operator_statistics().items() if n})
    fused.save_model_to_file(floats + ".part")
    check(floats + ".part", folder, weights, config, 0.9999)
    quantize_dynamic(
        floats + ".part",
        int8 + ".part",
        weight_type=QuantType.QInt8,
        # As fast as one scale per matrix, and the vectors stay close to the exact ones.
        per_channel=True,
        # What comes out of a fused operator has no recorded type.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
    check(int8 + ".part", folder, weights, config, 0.95)
    os.remove(plain)
    os.replace(floats + ".part", floats)
    os.replace(int8 + ".part", int8)


main()
