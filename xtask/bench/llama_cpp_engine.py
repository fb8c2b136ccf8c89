"""llama.cpp as a reference.

`llama_cpp_engine.py serve MODEL.gguf CONTEXT THREADS` answers requests. It speaks to the C interface of
llama.cpp directly, with its own default settings, so that nothing of the Python wrapper is timed but
one call per batch or token.

`llama_cpp_engine.py requantise FROM.gguf TO.gguf` writes a model anew in Q4_0, the layout that
llama.cpp computes fastest on a processor.
"""

import ctypes
import os
import random
import sys
from time import perf_counter

import llama_cpp as llama

from serve import serve

# Tokens handed over at once.
BATCH = 2048
# Ids below are control tokens in the models measured.
FIRST_ORDINARY = 256


class Engine:
    def __init__(self, path, tokens, threads):
        # Room for the longest prompt and its answer.
        self.path, self.tokens, self.threads = path, tokens, threads
        # The prompt whose keys and values are held: its length, or None.
        self.depth = None

    def load(self):
        started = perf_counter()
        self.model = llama.llama_model_load_from_file(
            self.path.encode(), llama.llama_model_default_params()
        )
        if not self.model:
            raise RuntimeError(f"{self.path} cannot be loaded")
        settings = llama.llama_context_default_params()
        settings.n_ctx = self.tokens
        settings.n_batch = BATCH
        settings.n_threads = settings.n_threads_batch = self.threads
        self.context = llama.llama_init_from_model(self.model, settings)
        if not self.context:
            raise RuntimeError("no context could be made")
        self.memory = llama.llama_get_memory(self.context)
        self.greedy = llama.llama_sampler_init_greedy()
        vocabulary = llama.llama_model_get_vocab(self.model)
        self.vocabulary = llama.llama_vocab_n_tokens(vocabulary)
        self.read(self.ids(16, 0))
        llama.llama_sampler_sample(self.greedy, self.context, -1)
        return {"seconds": perf_counter() - started}

    def ids(self, count, seed):
        numbers = random.Random(seed)
        return [numbers.randrange(FIRST_ORDINARY, self.vocabulary) for _ in range(count)]

    def read(self, ids):
        """Reads more of the prompt; returns once the logits of the last token are there."""
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            tokens = (llama.llama_token * len(part))(*part)
            status = llama.llama_decode(self.context, llama.llama_batch_get_one(tokens, len(part)))
            if status != 0:
                raise RuntimeError(f"llama_decode says {status}")
        llama.llama_synchronize(self.context)

    def prefill(self, tokens, seed):
        self.depth = None
        llama.llama_memory_clear(self.memory, False)
        ids = self.ids(tokens, seed)
        started = perf_counter()
        self.read(ids)
        return {"seconds": perf_counter() - started, "tokens": tokens}

    def decode(self, depth, tokens):
        if self.depth != depth:
            self.prefill(depth, 0)
            self.depth = depth
        llama.llama_memory_seq_rm(self.memory, 0, depth, -1)
        token = (llama.llama_token * 1)(*self.ids(1, 1))
        started = perf_counter()
        for _ in range(tokens):
            status = llama.llama_decode(self.context, llama.llama_batch_get_one(token, 1))
            if status != 0:
                raise RuntimeError(f"llama_decode says {status}")
            token[0] = llama.llama_sampler_sample(self.greedy, self.context, -1)
        return {"seconds": perf_counter() - started, "tokens": tokens, "depth": depth}


def about():
    build = llama.llama_print_system_info().decode().strip(" |")
    return {"about": f"llama-cpp-python {llama.__version__}, {build}"}


@llama.llama_log_callback
def log(level, text, _):
    """Warnings and errors only: at every load llama.cpp has a thousand lines to say."""
    if level in (3, 4):
        print(text.decode(errors="replace"), end="", file=sys.stderr)


def requantise(source, goal):
    settings = llama.llama_model_quantize_default_params()
    settings.ftype = llama.LLAMA_FTYPE_MOSTLY_Q4_0
    settings.allow_requantize = True
    part = goal + ".part"
    status = llama.llama_model_quantize(source.encode(), part.encode(), ctypes.byref(settings))
    if status != 0:
        sys.exit(f"llama.cpp could not quantise {source}: {status}")
    os.replace(part, goal)


def answer(path, context, threads):
    llama.llama_backend_init()
    engine = Engine(path, int(context), int(threads))
    serve(
        {
            "about": about,
            "load": engine.load,
            "prefill": engine.prefill,
            "decode": engine.decode,
            # With nothing kept of the question before, the least that comes before the first word.
            "follow_up": engine.prefill,
        }
    )


llama.llama_log_set(log, ctypes.c_void_p(0))
{"serve": answer, "requantise": requantise}[sys.argv[1]](*sys.argv[2:])
