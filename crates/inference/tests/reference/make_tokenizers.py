"""Makes tokenizers.json: two small vocabularies, and the ids llama.cpp gives with them.

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install gguf numpy tokenizers llama-cpp-python==0.3.36
    /tmp/reference/bin/python make_tokenizers.py

The byte-level vocabulary is used with every pre-tokenizer docent knows; its merges run across words,
digits and lines, so that each cut shows in the ids. Where llama.cpp cuts otherwise than the
expression the model was trained with, the ids of the `tokenizers` package with that expression count
and llama.cpp's are kept beside them, under `differs`; the script prints those texts. So it does where
llama.cpp makes a control token of what somebody said.
"""

import json
import tempfile
from collections import Counter
from pathlib import Path
from zlib import crc32

import gguf
from llama_cpp import Llama
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from tokenizer_texts import MARKUP, PLAIN, TRAINING

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
CHAT = ["<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"]
THINK = ["<think>", "</think>"]
SPACE = "\u2581"

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
ENDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+"
REST = r"\s*[\r\n]+|\s+(?!\S)|\s+"
CAPITALS, SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CASED = [rf"[^\r\n\p{{L}}\p{{N}}]?{CAPITALS}*{SMALL}+", rf"[^\r\n\p{{L}}\p{{N}}]?{CAPITALS}+{SMALL}*"]
LLAMA3 = rf"{ENDS}|{WORD}|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{REST}"
QWEN2 = rf"{ENDS}|{WORD}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{REST}"
TEKKEN = rf"{CASED[0]}|{CASED[1]}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{REST}"
GPT4O = rf"{CASED[0]}{ENDS}?|{CASED[1]}{ENDS}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{REST}"

# Expressions, whether to normalise, whether a piece that is a token is taken as it is.
PRE = {
    "gpt-2": ([GPT2], False, False),
    "smollm": ([r"\p{N}", GPT2], False, False),
    "llama-bpe": ([LLAMA3], False, True),
    "falcon3": ([LLAMA3], False, True),
    "dbrx": ([LLAMA3], False, False),
    "qwen2": ([QWEN2], True, False),
    "deepseek-r1-qwen": ([QWEN2], False, False),
    "tekken": ([TEKKEN], False, True),
    "gpt-4o": ([GPT4O], False, False),
}

# Name and settings of the files with the SentencePiece vocabulary.
SPM = {
    "llama": dict(arch="llama", name="Llama 2"),
    "gemma": dict(arch="gemma3", name="Gemma 3", add_space_prefix=False),
    # Without the tokens of white space, which no Phi has.
    "phi3": dict(arch="phi3", name="Phi-3-mini", spaces=False),
}


def merges_of(words, count, allowed):
    """The pairs joined most often; of equal ones any, but always the same."""
    words = [list(word) for word in words]
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word in words:
            pairs.update(pair for pair in zip(word, word[1:]) if allowed(*pair))
        left, right = min(pairs, key=lambda pair: (-pairs[pair], crc32("".join(pair).encode()), pair))
        merges.append((left, right))
        for word in words:
            i = 0
            while i + 1 < len(word):
                if word[i] == left and word[i + 1] == right:
                    word[i : i + 2] = [left + right]
                i += 1
    return merges


def letters():
    """The characters GPT-2 writes bytes with."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    shifted = iter(range(0x100, 0x200))
    return [chr(b) if b in printable else chr(next(shifted)) for b in range(256)]


def byte_vocabulary():
    alphabet = letters()
    spell = lambda text: "".join(alphabet[b] for b in text.encode())
    merges = merges_of(map(spell, TRAINING + PLAIN), 1000, lambda left, right: len(left + right) <= 4)
    tokens = ["<s>", "</s>", *CHAT, *THINK]
    types = [CONTROL] * 6 + [USER_DEFINED] * 2
    texts = alphabet + list(dict.fromkeys(left + right for left, right in merges))
    # No merges lead to these: taken only where a whole piece is looked up first.
    texts += [spell("unmergeable"), spell(" unmergeable")]
    tokens += texts
    types += [NORMAL] * len(texts)
    return {"tokens": tokens, "types": types, "merges": [" ".join(pair) for pair in merges]}


def piece_vocabulary():
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
    types = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256
    scores = [0.0] * len(tokens)
    spaces = ["\n\n", "\n\n\n", "\t\t", "  ", "   ", "    "]
    tokens += [*CHAT, *THINK, *spaces]
    types += [CONTROL] * 4 + [USER_DEFINED] * 8
    scores += [-1000.0] * 12
    words = [word for text in TRAINING for word in (SPACE + text.replace(" ", " " + SPACE)).split(" ")]
    # A space may only begin a piece. White space within lines comes from the tokens above.
    merges = merges_of(words, 400, lambda left, right: SPACE not in right)
    texts = [text for text in dict.fromkeys(left + right for left, right in merges) if text.strip()]
    # Neighbours in rank share a score, so that the leftmost must win.
    ranks = [-float(rank // 3) for rank in range(len(texts))]
    # A part of the characters only: the others fall back to bytes.
    characters = sorted({c for word in words for c in word if c.isascii() or ord(c) % 3} - {"\n", "\t"})
    both = texts + [c for c in characters if c not in texts]
    tokens += both
    types += [NORMAL] * len(both)
    scores += ranks + [-1e4 - i for i in range(len(both) - len(ranks))]
    return {"tokens": tokens, "types": types, "scores": scores}


def without_spaces(vocabulary):
    named = lambda number, text: text if text.strip() else f"unused {number}"
    return vocabulary | {"tokens": [named(i, text) for i, text in enumerate(vocabulary["tokens"])]}


def disguised(vocabulary):
    """Control tokens under names that no text has. With their own, llama.cpp merges a text that spells
    one to it even where it was asked to take text as text; docent must not."""
    hide = lambda text: text.replace("<|", "\uf8f0") if text in CHAT[:3] else text
    return vocabulary | {"tokens": [hide(text) for text in vocabulary["tokens"]]}


def write(path, arch, name, model, vocabulary, pre=None, add_space_prefix=None):
    file = gguf.GGUFWriter(path, arch)
    file.add_name(name)
    for key in ["block_count", "context_length", "embedding_length", "attention.head_count"]:
        file.add_uint32(f"{arch}.{key}", 32)
    file.add_float32(f"{arch}.attention.layer_norm_rms_epsilon", 1e-5)
    file.add_tokenizer_model(model)
    file.add_token_list(vocabulary["tokens"])
    file.add_token_types(vocabulary["types"])
    if pre:
        file.add_tokenizer_pre(pre)
    if "merges" in vocabulary:
        file.add_token_merges(vocabulary["merges"])
    if "scores" in vocabulary:
        file.add_token_scores(vocabulary["scores"])
    if add_space_prefix is not None:
        file.add_add_space_prefix(add_space_prefix)
    file.add_bos_token_id(vocabulary["tokens"].index("<s>"))
    file.add_eos_token_id(vocabulary["tokens"].index("</s>"))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def llama_cpp(path):
    llama = Llama(str(path), vocab_only=True, verbose=False)
    encode = lambda texts, special: [llama.tokenize(t.encode(), add_bos=False, special=special) for t in texts]
    return {"plain": encode(PLAIN, False), "markup": encode(MARKUP, True)}


def published(pre, vocabulary):
    """The same with the `tokenizers` package and the expressions of the models, plain texts only."""
    cuts, normalise, ignore_merges = PRE[pre]
    plain = {t: i for i, t in enumerate(vocabulary["tokens"]) if vocabulary["types"][i] == NORMAL}
    merges = [tuple(merge.split(" ")) for merge in vocabulary["merges"]]
    tokenizer = Tokenizer(models.BPE(plain, merges, ignore_merges=ignore_merges))
    if normalise:
        tokenizer.normalizer = normalizers.NFC()
    steps = [pre_tokenizers.Split(Regex(cut), "isolated") for cut in cuts]
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in PLAIN]


def main():
    # User-defined tokens count in any text for llama.cpp; here only in markup.
    assert not any(think in text for think in THINK for text in PLAIN)
    bpe, spm = byte_vocabulary(), piece_vocabulary()
    result = {"plain": PLAIN, "markup": MARKUP, "bpe": bpe, "spm": spm, "ids": {}, "differs": {}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocabulary.gguf"
        for pre in PRE:
            write(path, "llama", pre, "gpt2", bpe, pre=pre)
            ids = llama_cpp(path)
            for number, ours in enumerate(published(pre, bpe)):
                theirs = ids["plain"][number]
                if ours != theirs:
                    print(f"{pre}: llama.cpp differs on {PLAIN[number]!r}")
                    result["differs"].setdefault(pre, {})[number] = theirs
                    ids["plain"][number] = ours
            result["ids"][pre] = ids
        for name, settings in SPM.items():
            used = spm if settings.get("spaces", True) else without_spaces(spm)
            prefix = settings.get("add_space_prefix")
            both = []
            for vocabulary in [used, disguised(used)]:
                write(path, settings["arch"], settings["name"], "llama", vocabulary, "default", prefix)
                both.append(llama_cpp(path))
            theirs, ours = both
            result["ids"][name] = {"plain": ours["plain"], "markup": theirs["markup"]}
            for number, ids in enumerate(theirs["plain"]):
                if ids != ours["plain"][number]:
                    print(f"{name}: llama.cpp makes a control token of {PLAIN[number]!r}")
                    result["differs"].setdefault(name, {})[number] = ids
    dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    ids = ",\n".join(f"{dump(name)}:{dump(value)}" for name, value in result.pop("ids").items())
    parts = [f"{dump(key)}:{dump(value)}" for key, value in result.items()]
    parts.append('"ids":{\n' + ids + "\n}")
    out = Path(__file__).with_name("tokenizers.json")
    out.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")
    print(f"{len(PLAIN)} texts, {out.stat().st_size} bytes")


main()
