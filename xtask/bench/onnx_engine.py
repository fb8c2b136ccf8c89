"""ONNX Runtime as a reference: `onnx_engine.py MODEL.onnx TOKENIZER.json MAX_TOKENS THREADS`.

Makes sentence vectors as its users do: texts sorted by length in batches of 32, mean pooling over
what is not padding, length 1.
"""

import json
import sys
from time import perf_counter

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from serve import serve

BATCH = 32


class Engine:
    def __init__(self, model, tokenizer, max_tokens, threads):
        self.paths = (model, tokenizer)
        self.max_tokens, self.threads = max_tokens, threads

    def load(self):
        started = perf_counter()
        model, tokenizer = self.paths
        self.tokenizer = Tokenizer.from_file(tokenizer)
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(self.max_tokens)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self.vectors(["A first text."])
        return {"seconds": perf_counter() - started}

    def compute(self, texts):
        """The vectors of `texts` and how many tokens they have."""
        encoded = self.tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda place: -len(encoded[place].ids))
        vectors = None
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            longest = len(encoded[places[0]].ids)
            ids = np.zeros((len(places), longest), np.int64)
            mask = np.zeros((len(places), longest), np.int64)
            for row, place in enumerate(places):
                own = encoded[place].ids
                ids[row, : len(own)] = own
                mask[row, : len(own)] = 1
            inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = self.session.run(None, inputs)[0]
            weights = mask.astype(np.float32)
            means = np.matmul(weights[:, None, :], hidden)[:, 0] / weights.sum(1, keepdims=True)
            means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
            if vectors is None:
                vectors = np.empty((len(texts), means.shape[1]), np.float32)
            vectors[places] = means
        return vectors, sum(len(one.ids) for one in encoded)

    def characters(self, texts):
        """How many characters of `texts` the model reads: the rest is cut off."""
        read = 0
        for text, one in zip(texts, self.tokenizer.encode_batch(texts)):
            # The last of the tokens is the end mark.
            read += one.offsets[-2][1] if one.overflowing else len(text)
        return read

    def embed(self, file):
        with open(file, encoding="utf-8") as lines:
            texts = [json.loads(line) for line in lines]
        started = perf_counter()
        _, tokens = self.compute(texts)
        return {"seconds": perf_counter() - started, "tokens": tokens}

    def query(self, texts):
        """The median time of one question."""
        times = []
        for text in texts:
            started = perf_counter()
            self.compute([text])
            times.append(perf_counter() - started)
        return {"seconds": sorted(times)[len(times) // 2]}

    def vectors(self, texts):
        return {"vectors": self.compute(texts)[0].tolist()}


def about():
    return {"about": f"onnxruntime {onnxruntime.__version__}"}


def main():
    model, tokenizer, max_tokens, threads = sys.argv[1:]
    engine = Engine(model, tokenizer, int(max_tokens), int(threads))
    serve(
        {
            "about": about,
            "load": engine.load,
            "embed": engine.embed,
            "query": engine.query,
            "vectors": engine.vectors,
        }
    )


if __name__ == "__main__":
    main()
