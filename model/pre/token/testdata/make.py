#!/usr/bin/env python3
"""Writes the expectations of TestAgainstTokenizers: for many small tokenizers
what the library tokenizers (pip install tokenizers==0.23.3) makes of the texts below.

    python3 make.py            # writes *.json beside this file
"""
import json, os, base64, struct
from tokenizers import Tokenizer, AddedToken, Regex, models, normalizers as N, pre_tokenizers as P, processors as C, trainers as T

here = os.path.dirname(os.path.abspath(__file__))

# Article 1 of the Universal Declaration of Human Rights, and what else a person may type.
corpus = """All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.
Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.
Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité.
Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.
Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.
すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。
人人生而自由，在尊严和权利上一律平等。""".split("\n")

texts = corpus + [
    "", " ", "a", "A", "Hello, world!", "  two  spaces\tand a tab\nand a line\r\nand another  ", "don't we'll I'M they'VE it's",
    "Café CAFÉ cafe\u0301 ﬁne Ⅷ ①②③ ½ ｆｕｌｌ ｗｉｄｔｈ", "İstanbul ΣΊΣΥΦΟΣ ß ẞ ǅ", "x\u0000y\u200bz\ufffdw\u00ad!", "3.14159 1,000,000 2026-11-21 007",
    "user@example.org https://example.org/a?b=c&d=%20 #tag @you", "👩‍👩‍👧‍👦 👍🏽 🇩🇪 ☃️", "ไทย हिन्दी العربية עברית 한국어", "汉字and漢字", "[MASK] [CLS]x[SEP] <extra> the<extra>re <extra>, <s>",
    "supercalifragilisticexpialidocious" * 4, "a" * 130, "---...!!!???", "▁under▁scores ▁", "\u3000wide\u2003blank\u00a0s", "e\u0301\u0323 o\u0308", "tail ", "\n\n\n  x\n", "Hello" + " " * 9 + "there",
]
pairs = [("How are you?", "Fine, thank you!"), (corpus[0], corpus[1]), ("", "b"), ("a", "")]

cases = {}

def add(name, tok, extra=()):
    def enc(e): return {"ids": e.ids, "types": e.type_ids, "mask": e.attention_mask}
    rows = []
    for t in list(texts) + list(extra):
        try: rows.append({"text": t, **enc(tok.encode(t))})
        except Exception as x: rows.append({"text": t, "error": str(x)})
    for a, b in pairs:
        try: rows.append({"text": a, "pair": b, **enc(tok.encode(a, b))})
        except Exception as x: rows.append({"text": a, "pair": b, "error": str(x)})
    cases[name] = {"tokenizer": json.loads(tok.to_str()), "rows": rows}

def train(tok, kind, size=400, **kw):
    special = kw.pop("special_tokens", ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"])
    tok.train_from_iterator(corpus, kind(vocab_size=size, special_tokens=special, show_progress=False, **kw))
    return tok

def wordpiece(normalizer, pre, size=400):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizer, pre
    return train(t, T.WordPieceTrainer, size)

def bert(t):
    t.post_processor = C.BertProcessing(("[SEP]", t.token_to_id("[SEP]")), ("[CLS]", t.token_to_id("[CLS]")))
    return t

t = bert(wordpiece(N.BertNormalizer(), P.BertPreTokenizer())); add("bert", t)
t.enable_truncation(12); t.enable_padding(length=16, pad_id=3, pad_type_id=1); add("bert-cut-padded", t)
t.enable_truncation(13, strategy="only_first"); t.enable_padding(pad_to_multiple_of=8, direction="left", pad_id=3); add("bert-first", t)
t.enable_truncation(9, strategy="only_second", direction="left"); t.no_padding(); add("bert-second", t)
add("bert-cased", bert(wordpiece(N.BertNormalizer(lowercase=False, strip_accents=False), P.BertPreTokenizer())))
add("bert-raw", bert(wordpiece(N.BertNormalizer(clean_text=False, handle_chinese_chars=False, lowercase=True, strip_accents=False), P.BertPreTokenizer())))

t = wordpiece(N.Sequence([N.NFD(), N.Lowercase(), N.StripAccents(), N.Strip(), N.Replace("the", "teh"), N.Replace(Regex(r"\d+"), "0")]), P.Whitespace())
t.post_processor = C.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[(x, t.token_to_id(x)) for x in ("[CLS]", "[SEP]")])
t.add_special_tokens([AddedToken("<extra>", lstrip=True, rstrip=True), AddedToken("<s>", single_word=True)])
t.add_tokens([AddedToken("Café", normalized=True), AddedToken("and", single_word=True, normalized=True)])
add("sequence", t)

for form in ("NFC", "NFKC", "NFKD"):
    add("form-" + form.lower(), wordpiece(getattr(N, form)(), P.WhitespaceSplit(), 250))
add("nmt", wordpiece(N.Nmt(), P.WhitespaceSplit(), 250))
add("prepend", wordpiece(N.Prepend("the"), P.Whitespace(), 250))

for b in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
    add("split-" + b, wordpiece(None, P.Sequence([P.Split(Regex(r"[\s,.]"), b), P.Punctuation(b)]), 250))
    add("split-inverted-" + b, wordpiece(None, P.Split(Regex(r"\p{L}+|\p{N}"), b, invert=True), 250))
add("digits", wordpiece(None, P.Sequence([P.WhitespaceSplit(), P.Digits(True)]), 250))
add("digit-runs", wordpiece(None, P.Sequence([P.WhitespaceSplit(), P.Digits(False), P.CharDelimiterSplit(".")]), 250))

def bpe(pre, normalizer=None, size=400, model=None, **kw):
    t = Tokenizer(models.BPE(**(model or {})))
    t.pre_tokenizer, t.normalizer = pre, normalizer
    return train(t, T.BpeTrainer, size, **kw)

abc = P.ByteLevel.alphabet()
t = bpe(P.ByteLevel(add_prefix_space=False), initial_alphabet=abc, special_tokens=["<s>", "</s>", "<pad>", "<extra>"])
t.post_processor = C.ByteLevel(trim_offsets=False); add("gpt2", t)
t = bpe(P.ByteLevel(add_prefix_space=True), initial_alphabet=abc, special_tokens=["<s>", "</s>", "<pad>", "<extra>"])
t.post_processor = C.RobertaProcessing(("</s>", 1), ("<s>", 0)); add("roberta", t)
t.post_processor = C.Sequence([C.ByteLevel(), C.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])]); add("llama3-like", t)
cl100k = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
add("cl100k", bpe(P.Sequence([P.Split(Regex(cl100k), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)]), initial_alphabet=abc, special_tokens=[], model={"ignore_merges": True}))
o200k = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
add("o200k", bpe(P.Sequence([P.Split(Regex(o200k), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)]), initial_alphabet=abc, special_tokens=[]))
add("byte-normalizer", bpe(None, N.ByteLevel(), initial_alphabet=abc, special_tokens=[]))
add("bpe-words", bpe(P.Whitespace(), N.Lowercase(), model={"unk_token": "[UNK]", "fuse_unk": True}))
add("bpe-unfused", bpe(P.Whitespace(), size=300, model={"unk_token": "[UNK]", "fuse_unk": False}))
add("bpe-silent", bpe(P.WhitespaceSplit(), size=300))
add("clip-like", bpe(P.Sequence([P.Split(Regex(r"'s|'t|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True), P.ByteLevel(add_prefix_space=False)]), N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]),
    initial_alphabet=abc, end_of_word_suffix="</w>", model={"unk_token": "[UNK]", "end_of_word_suffix": "</w>"}))
add("bpe-prefixed", bpe(P.Whitespace(), size=300, continuing_subword_prefix="##", model={"unk_token": "[UNK]", "continuing_subword_prefix": "##"}))

# Byte fallback needs the byte tokens in the vocabulary.
t = bpe(P.Metaspace(prepend_scheme="first", split=False), special_tokens=["<unk>"] + ["<0x%02X>" % i for i in range(256)], size=600, model={"unk_token": "<unk>", "byte_fallback": True, "fuse_unk": True})
t = Tokenizer.from_str(t.to_str().replace('"byte_fallback":false', '"byte_fallback":true')); add("llama2-like", t)

def unigram(pre, normalizer=None, size=300, **kw):
    t = Tokenizer(models.Unigram()); t.pre_tokenizer, t.normalizer = pre, normalizer
    t.train_from_iterator(corpus, T.UnigramTrainer(vocab_size=size, unk_token="<unk>", special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False))
    return t

for scheme in ("always", "first", "never"):
    t = unigram(P.Metaspace(prepend_scheme=scheme, split=scheme != "never"))
    t.add_special_tokens(["[MASK]"])
    add("unigram-" + scheme, t)
add("unigram-nfkc", unigram(P.Sequence([P.WhitespaceSplit(), P.Metaspace()]), N.NFKC()))

def charsmap(rules):
    """The double-array trie of darts-clone for a few rules, and the texts they lead to."""
    blob, offsets = b"", {}
    for k, v in sorted(rules.items()):
        offsets[k.encode()] = len(blob); blob += v.encode() + b"\0"
    trie = {}
    for k, o in offsets.items():
        n = trie
        for c in k: n = n.setdefault(c, {})
        n["leaf"] = o
    units, used = {0: [0, 0, False, 0]}, {0}          # position -> label, offset, has leaf
    def place(pos, n):
        labels = sorted(c for c in n if c != "leaf") + ([0] if "leaf" in n else [])
        base = 1
        while (base ^ pos) == pos or any((base ^ c) in used for c in labels) or (base & ~0x1fffff): base += 1
        for c in labels: used.add(base ^ c)
        units[pos][1] = base ^ pos; units[pos][2] = "leaf" in n
        for c in labels:
            if c == 0: units[base] = ["value", n["leaf"]]
        for c in labels:
            if c: units[base ^ c] = [c, 0, False, 0]; place(base ^ c, n[c])
    place(0, trie)
    words = [0x80000000 | 0xFF] * (max(units) + 256)
    for pos, u in units.items():
        words[pos] = (1 << 31) | u[1] if u[0] == "value" else (u[1] << 10) | (int(u[2]) << 8) | u[0]
    raw = b"".join(struct.pack("<I", w) for w in words)
    return struct.pack("<I", len(raw)) + raw + blob

rules = {"é": "e", "e\u0301": "é", "ﬁ": "fi", "①": "1", "½": "1/2", "\t": " ", "\n": " ", "\u00ad": "", "\u3000": " ", "Ⅷ": "VIII", "\r\n": "|", "o\u0308": "ö"}
t = unigram(P.Metaspace(), N.Sequence([N.Precompiled(charsmap(rules)), N.Replace(Regex(" {2,}"), " ")]))
add("xlmr-like", t)

words = sorted({w for line in corpus for w in line.split()})
t = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<unk>"] + words)}, unk_token="<unk>")); t.pre_tokenizer = P.WhitespaceSplit()
add("word-level", t)

for name, case in cases.items():
    with open(os.path.join(here, name + ".json"), "w", encoding="utf-8") as f:
        json.dump(case, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")
print(len(cases), "cases")
