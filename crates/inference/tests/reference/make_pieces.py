"""Makes the folder pieces: small SentencePiece vocabularies in the forms that checkpoints keep them in, and
the ids that the `tokenizers` and `sentencepiece` packages give with them.

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf
    /tmp/reference/bin/python make_pieces.py

The vocabulary is trained by SentencePiece; the merges of a `tokenizer.json` are all pairs of pieces that
make a piece, in the order of its score, longer parts first, which is how published ones have them. Plain
texts are what somebody says: no token is matched in them but white space. Given the `tokenizer.model` of a
published model as an argument, it prints for how many texts its merges give what SentencePiece gives.
"""

import io
import json
import sys
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

from tokenizer_texts import MARKUP, PLAIN, TRAINING

SPACE = "\u2581"
CHAT = ["<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"]
THINK = ["<think>", "</think>"]
SPACES = ["\n", "\n\n", "\n\n\n", SPACE * 2, SPACE * 3, SPACE * 4, "\t\t"]

REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
BACK = {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}
COMMON = [BACK, {"type": "ByteFallback"}, {"type": "Fuse"}]
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
PREPEND = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": SPACE}, REPLACE]}
IDLE = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}


def metaspace(scheme):
    return {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": scheme, "split": False}


def strip(steps):
    return {"type": "Sequence", "decoders": steps}


# What a tokenizer.json says around its model. Phi 3's markers take the white space after them.
FORMS = {
    "llama": dict(normalizer=PREPEND, pre_tokenizer=None, decoder=strip([*COMMON, STRIP])),
    "mistral": dict(normalizer=None, pre_tokenizer=metaspace("first"), decoder=strip([*COMMON, STRIP])),
    "always": dict(normalizer=None, pre_tokenizer=metaspace("always"), decoder=strip([*COMMON, STRIP])),
    "gemma": dict(normalizer=REPLACE, pre_tokenizer=IDLE, decoder=strip(COMMON)),
    "phi3": dict(normalizer=PREPEND, pre_tokenizer=None, decoder=strip([*COMMON, STRIP])),
}


def train(dummy_prefix, symbols):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in TRAINING + PLAIN[:40] for line in text.split("\n") if line),
        model_writer=model,
        model_type="bpe",
        vocab_size=900,
        character_coverage=0.98,
        byte_fallback=True,
        split_digits=True,
        allow_whitespace_only_pieces=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=dummy_prefix,
        user_defined_symbols=symbols,
        num_threads=1,
        minloglevel=2,
    )
    # Without the lines it was trained from and how.
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    proto.trainer_spec.ClearField("input")
    return proto.SerializeToString()


def merges_of(proto):
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type in (1, 4)}
    merges = []
    for text, score in scores.items():
        parts = [(text[:cut], text[cut:]) for cut in range(1, len(text))]
        merges += [(left, right, score) for left, right in parts if left in scores and right in scores]
    merges.sort(key=lambda merge: (merge[2], len(merge[0]), len(merge[1])), reverse=True)
    return [[left, right] for left, right, _ in merges]


def described(proto, form, name, spaces):
    """A tokenizer.json."""
    ids = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    added = [(text, True) for text in ["<unk>", "<s>", "</s>"]]
    added += [(text, True) for text in CHAT] + [(text, False) for text in THINK]
    added += [(text, False) for text in spaces]
    # As in Phi 3: all but three.
    takes = lambda text: name == "phi3" and text not in ("<unk>", "<s>", "<|endoftext|>")
    next_id = len(ids)
    listed = []
    for text, special in added:
        if text not in ids:
            ids[text], next_id = next_id, next_id + 1
        flags = dict(single_word=False, lstrip=False, rstrip=takes(text), normalized=False)
        listed.append(dict(id=ids[text], content=text, **flags, special=special))
    listed.sort(key=lambda token: token["id"])
    vocab = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    model = dict(
        type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None,
        fuse_unk=True, byte_fallback=True, ignore_merges=False, vocab=vocab, merges=merges_of(proto),
    )
    return dict(version="1.0", truncation=None, padding=None, added_tokens=listed, **form,
                post_processor=None, model=model)


def ids(tokenizer, texts):
    load = Tokenizer.from_str(json.dumps(tokenizer))
    return [load.encode(text, add_special_tokens=False).ids for text in texts]


def plain_ids(tokenizer, texts):
    """Without any token that counts in markup only."""
    is_space = lambda token: not token["special"] and not token["content"].strip().strip(SPACE)
    spaces = [token for token in tokenizer["added_tokens"] if is_space(token)]
    return ids(tokenizer | {"added_tokens": spaces}, texts)


def compare(path):
    """How often the three agree on a whole published vocabulary."""
    data = Path(path).read_bytes()
    proto = sentencepiece_model_pb2.ModelProto.FromString(data)
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    tokenizer = described(proto, FORMS["llama"], "llama", [])
    texts = [text for text in PLAIN if "\u2581" not in text]
    theirs = [processor.encode(text) for text in texts]
    ours = plain_ids(tokenizer, texts)
    differ = [text for text, left, right in zip(texts, theirs, ours) if left != right]
    print(f"{path}: {len(texts) - len(differ)} of {len(texts)} agree; not {differ}")


def main():
    folder = Path(__file__).with_name("pieces")
    folder.mkdir(exist_ok=True)
    result = {"plain": PLAIN, "markup": MARKUP, "models": {}, "forms": {}}
    protos = {}
    for name, prefix, symbols in [("prefix", True, []), ("bare", False, SPACES)]:
        data = train(prefix, symbols)
        protos[name] = sentencepiece_model_pb2.ModelProto.FromString(data)
        processor = sentencepiece.SentencePieceProcessor(model_proto=data)
        folder.joinpath(f"{name}.model").write_bytes(data)
        result["models"][name] = [processor.encode(text) for text in PLAIN]
    models = {}
    for name, form in FORMS.items():
        kind = "bare" if name == "gemma" else "prefix"
        tokenizer = described(protos[kind], form, name, SPACES if kind == "bare" else [])
        ours = {"plain": plain_ids(tokenizer, PLAIN), "markup": ids(tokenizer, MARKUP)}
        models[kind] = tokenizer.pop("model")
        result["forms"][name] = {"model": kind, "around": tokenizer, **ours}
        agree = sum(a == b for a, b in zip(ours["plain"], result["models"][kind]))
        print(f"{name}: {agree} of {len(PLAIN)} as SentencePiece")
    result["described"] = models
    dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    parts = [f"{dump(key)}:{dump(value)}" for key, value in result.items()]
    out = folder / "pieces.json"
    out.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")
    print(f"{len(PLAIN)} texts, {out.stat().st_size} bytes")
    for path in sys.argv[1:]:
        compare(path)


main()
