"""Makes encoders/: small encoders with made-up weights, and what they give for some texts.

Outputs come from transformers in 64-bit floats, weights rounded to the 16 bits they are stored in;
those of NomicBERT, which transformers 4 does not have, from its definition written out in NumPy
(Nussbaum et al. 2024, and the model's own modeling_hf_nomic_bert.py). Token ids of pairs are put
together here, by the template and the limit, not by the `tokenizers` package. Run it in a virtual
environment (the seed is fixed; the files come out the same):

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install torch==2.4.1 transformers==4.57.1 numpy==2.2.6 safetensors
    /tmp/reference/bin/python make_encoders.py
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

OUT = Path(__file__).with_name("encoders")
WIDTH, HEADS, INNER = 64, 2, 96
MAX_TOKENS = {"bert": 120, "xlm-roberta": 120, "modernbert": 320, "modernbert-biases": 320, "nomic": 320}

WORDS = (
    "how do i reset the password of my account to choose a new one open settings and press security "
    "cat sat on mat harbour office keeps register every vessel that enters between dawn dusk line holds "
    "name flag draught in metres berth it was given is where old boats are kept for winter query passage "
    "##s ##ed ##ing ##er : . , ? 北 京 的 秋 天 是 什 么 样 港 船 东 塔"
).split()

SENTENCE = "The harbour office keeps a register of every vessel that enters between dawn and dusk. "
TEXTS = [
    "",
    "cat",
    "How do I reset the password of my account?",
    "北京的秋天是什么样的？ the harbour",
    "unknownword, the cats sat on the mat; old boats are kept.",
    SENTENCE * 2,
    SENTENCE * 5,
    (SENTENCE + "Each line holds the name, the flag, the draught in metres and the berth it was given. ") * 9,
]
QUERY = "where are old boats kept in winter?"
PAIRS = [
    (QUERY, "The cat sat on the mat."),
    (QUERY, "Old boats are kept in the harbour for the winter."),
    (QUERY, ""),
    ("北京的秋天", "港 船 东 塔 的 秋 天"),
    ("", "Open settings and press security."),
    (QUERY, TEXTS[-1]),
    (TEXTS[-1], "Old boats are kept in the harbour for the winter."),
]


def fill(module, seed):
    """Weights that make every part matter: attention that is not even, activations off their straight
    parts, norms and biases away from one and zero."""
    random = np.random.default_rng(seed)
    dtype = torch.bfloat16 if seed % 2 else torch.float16
    tensors = {}
    for name, parameter in module:
        shape = tuple(parameter.shape)
        values = random.standard_normal(shape)
        if len(shape) == 2 and "embeddings" not in name:
            values *= 1.6 / math.sqrt(shape[1])
        elif name.endswith("bias"):
            values *= 0.3
        elif len(shape) == 1:
            values = 1.0 + 0.3 * values
        tensors[name] = torch.tensor(values).to(dtype)
    return tensors


def wordpiece():
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(WORDS)]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer, [2], [3], [3], [3], len(vocabulary)


def unigram():
    pieces = [w if w.startswith("##") or not w.isalpha() else "▁" + w for w in dict.fromkeys(WORDS)]
    pieces = [p.removeprefix("##") for p in pieces] + list("abcdefghijklmnopqrstuvwxyz") + ["▁"]
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    scored = [(p, 0.0) for p in special]
    scored += [(p, -2.0 - (len(p) == 1) * 6.0) for p in dict.fromkeys(pieces)]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer, [0], [2, 2], [2], [2], len(scored)


def bert(vocabulary):
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=vocabulary, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=HEADS,
            intermediate_size=INNER, max_position_embeddings=128, type_vocab_size=2, hidden_act="gelu",
            num_labels=1, attn_implementation="eager",
        )
    )


def xlm_roberta(vocabulary):
    return XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            vocab_size=vocabulary, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=HEADS,
            intermediate_size=INNER, max_position_embeddings=130, type_vocab_size=1, layer_norm_eps=1e-5,
            pad_token_id=1, bos_token_id=0, eos_token_id=2, num_labels=1, attn_implementation="eager",
        )
    )


def modernbert(vocabulary, biases):
    return ModernBertForSequenceClassification(
        ModernBertConfig(
            vocab_size=vocabulary, hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=HEADS,
            intermediate_size=32, max_position_embeddings=512, local_attention=16,
            hidden_activation="gelu" if biases else "silu", classifier_activation="silu" if biases else "gelu",
            global_attn_every_n_layers=3 if biases else 2, global_rope_theta=160000.0, local_rope_theta=100.0,
            attention_bias=biases, mlp_bias=biases, norm_bias=biases, classifier_bias=biases,
            classifier_pooling="cls" if biases else "mean", pad_token_id=0, bos_token_id=2, eos_token_id=3,
            cls_token_id=2, sep_token_id=3, num_labels=1, reference_compile=False, attn_implementation="eager",
        )
    )


class Transformers:
    """A classifier of transformers, and the encoder in it."""

    def __init__(self, model, seed):
        self.model = model.eval()
        self.tensors = fill(model.named_parameters(), seed)
        self.config = model.config.to_diff_dict()
        model.load_state_dict(self.tensors, strict=False)
        model.double()

    def inputs(self, ids, types):
        ids = torch.tensor([ids])
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if self.config["model_type"] == "bert":
            inputs["token_type_ids"] = torch.tensor([types])
        return inputs

    def hidden(self, ids, types):
        with torch.no_grad():
            return self.model.base_model(**self.inputs(ids, types)).last_hidden_state[0].numpy()

    def logit(self, ids, types):
        with torch.no_grad():
            return float(self.model(**self.inputs(ids, types)).logits[0, 0])


class Nomic:
    """The forward pass of NomicBERT."""

    def __init__(self, vocabulary, seed):
        self.config = {
            "model_type": "nomic_bert", "architectures": ["NomicBertModel"], "vocab_size": vocabulary,
            "pad_vocab_size_multiple": 1, "n_embd": WIDTH, "n_layer": 2, "n_head": HEADS, "n_inner": 64,
            "n_positions": 512, "max_trained_positions": 512, "layer_norm_epsilon": 1e-12,
            "activation_function": "swiglu", "type_vocab_size": 2, "qkv_proj_bias": False,
            "mlp_fc1_bias": False, "mlp_fc2_bias": False, "rotary_emb_fraction": 1.0, "rotary_emb_base": 1000,
            "rotary_emb_interleaved": False, "rotary_emb_scale_base": None, "rotary_scaling_factor": None,
            "prenorm": False, "parallel_block": False, "use_rms_norm": False, "causal": False,
        }
        shapes = {
            "embeddings.word_embeddings.weight": (vocabulary, WIDTH),
            "embeddings.token_type_embeddings.weight": (2, WIDTH),
            "emb_ln.weight": (WIDTH,), "emb_ln.bias": (WIDTH,),
        }
        for i in range(2):
            p = f"encoder.layers.{i}."
            shapes |= {
                p + "attn.Wqkv.weight": (3 * WIDTH, WIDTH), p + "attn.out_proj.weight": (WIDTH, WIDTH),
                p + "mlp.fc11.weight": (64, WIDTH), p + "mlp.fc12.weight": (64, WIDTH),
                p + "mlp.fc2.weight": (WIDTH, 64), p + "norm1.weight": (WIDTH,), p + "norm1.bias": (WIDTH,),
                p + "norm2.weight": (WIDTH,), p + "norm2.bias": (WIDTH,),
            }
        self.tensors = fill([(name, np.empty(shape)) for name, shape in shapes.items()], seed)
        self.t = {name: tensor.double().numpy() for name, tensor in self.tensors.items()}

    def norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return scaled * self.t[name + ".weight"] + self.t[name + ".bias"]

    @staticmethod
    def turn(x):
        """`[heads, tokens, head]`: value i and value i + head/2 are a plane, turned by
        position / 1000^(2i / head)."""
        half = x.shape[-1] // 2
        angles = np.outer(np.arange(x.shape[1]), 1000.0 ** (-np.arange(half) / half))
        plane = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)
        return np.concatenate([plane.real, plane.imag], axis=-1)

    def hidden(self, ids, types):
        x = self.t["embeddings.word_embeddings.weight"][ids]
        x = self.norm(x + self.t["embeddings.token_type_embeddings.weight"][types], "emb_ln")
        for i in range(2):
            p = f"encoder.layers.{i}."
            qkv = (x @ self.t[p + "attn.Wqkv.weight"].T).reshape(len(ids), 3, HEADS, -1).transpose(1, 2, 0, 3)
            q, k, v = self.turn(qkv[0]), self.turn(qkv[1]), qkv[2]
            scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1]))
            mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ v
            mixed = mixed.transpose(1, 0, 2).reshape(len(ids), WIDTH)
            x = self.norm(x + mixed @ self.t[p + "attn.out_proj.weight"].T, p + "norm1")
            gate = x @ self.t[p + "mlp.fc12.weight"].T
            inner = (x @ self.t[p + "mlp.fc11.weight"].T) * gate / (1.0 + np.exp(-gate))
            x = self.norm(x + inner @ self.t[p + "mlp.fc2.weight"].T, p + "norm2")
        return x


def rounded(values):
    return [round(float(value), 7) for value in values]


def cases(name, model, tokenizer, before, between, after_single, after):
    limit = MAX_TOKENS[name]
    plain = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    single, pairs = [], []
    for text in TEXTS:
        ids = [*before, *plain(text)[: limit - len(before + after_single)], *after_single]
        hidden = model.hidden(ids, [0] * len(ids))
        single.append({"text": text, "ids": ids, "mean": rounded(hidden.mean(axis=0)), "cls": rounded(hidden[0])})
    for query, passage in PAIRS if name != "nomic" else []:
        room = limit - len(before + between + after)
        asked = plain(query)[: room - room // 4]
        first = [*before, *asked, *between]
        second = [*plain(passage)[: room - len(asked)], *after]
        types = [0] * len(first) + [int(name != "xlm-roberta")] * len(second)
        logit = round(model.logit(first + second, types), 7)
        pairs.append({"query": query, "passage": passage, "ids": first + second, "types": types, "logit": logit})
    return {"max_tokens": limit, "texts": single, "pairs": pairs}


def write(name, model, tokenizer, *template):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file(model.tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(model.config, indent=1, sort_keys=True) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    made = cases(name, model, tokenizer, *template)
    lines = {key: ",\n".join(json.dumps(c, ensure_ascii=False) for c in made[key]) for key in ("texts", "pairs")}
    (folder / "cases.json").write_text(
        f'{{"max_tokens":{made["max_tokens"]},\n"texts":[\n{lines["texts"]}\n],\n"pairs":[\n{lines["pairs"]}\n]}}\n',
        encoding="utf-8",
    )
    logits = [pair["logit"] for pair in made["pairs"]]
    print(name, [len(text["ids"]) for text in made["texts"]], logits)


def main():
    *pieces, words = wordpiece()
    *roberta_pieces, roberta_words = unigram()
    write("bert", Transformers(bert(words), 2), *pieces)
    write("xlm-roberta", Transformers(xlm_roberta(roberta_words), 4), *roberta_pieces)
    write("modernbert", Transformers(modernbert(words, False), 6), *pieces)
    write("modernbert-biases", Transformers(modernbert(words, True), 7), *pieces)
    write("nomic", Nomic(words, 8), *pieces)


main()
