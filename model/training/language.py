#!/usr/bin/env python3
"""Trains the demo model "language": which of 29 languages a text is written in.

The data are the translations of the messages of five free programs, all of them
under BSD or MIT licences: Django, Wagtail, Sphinx and django-oscar (BSD), and
django-allauth (MIT).
Every message that one of them shows exists in most of the languages, so the
languages differ in nothing but the language. A tenth of the messages is kept for
the test: no translation of one of them is in the training.

    pip install numpy onnx==1.23.2 tokenizers==0.23.3 polib==1.2.0
    pip download --no-deps -d wheels django==5.2.19 wagtail==8.0.1 sphinx==9.0.4 django-oscar==4.2.1 django-allauth==65.21.1
    for f in wheels/*.whl; do unzip -qo "$f" -d wheels/unpacked; done
    python3 language.py wheels/unpacked OUT

writes OUT/model.onnx, tokenizer.json, labels.json and golden.json, and prints the
figures of the card. The network is a bag of subwords (Joulin et al., "Bag of Tricks
for Efficient Text Classification", 2016) with one hidden layer.
"""
import glob, hashlib, html, json, os, re, sys
import numpy as np, onnx, polib
from onnx import TensorProto as TP, helper as H, numpy_helper as NH
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "zh": "Chinese", "cs": "Czech", "da": "Danish", "nl": "Dutch", "en": "English", "fi": "Finnish",
    "fr": "French", "de": "German", "el": "Greek", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nb": "Norwegian", "fa": "Persian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "es": "Spanish", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
}
FOREIGN = ["et", "lv", "sq", "eu", "ka", "mn", "th", "ta", "cy", "ga", "hy"]  # not trained: what "unknown" is for
VOCABULARY, WIDTH, HIDDEN, TOKENS = 8000, 24, 64, 128
rng = np.random.default_rng(20261121)


def clean(s):
    s = html.unescape(re.sub(r"<[^>]*>|%\(\w+\)[a-z]|%[a-z]|\{\{?[^}]*\}?\}|https?://\S+|:\w+:`[^`]*`", " ", s))
    return re.sub(r"\s+", " ", s).strip()


def usable(s):
    return sum(c.isalpha() for c in s) >= 6 and not re.fullmatch(r"[A-Z0-9_ .:/-]+", s)


def read(root):
    """Returns {language: {message: text}}; the message is the English original."""
    data = {}
    for path in sorted(glob.glob(root + "/**/*.po", recursive=True)):
        folder = re.search(r"/locale/([^/]+)/", path).group(1)
        code = folder.split("_")[0].split("-")[0].lower()
        code = {"no": "nb"}.get(code, code)
        if code not in LANGUAGES and code not in FOREIGN or folder.startswith("sr"):
            continue
        for e in polib.pofile(path):
            if e.obsolete or "fuzzy" in e.flags:
                continue
            for original, text in [(e.msgid, e.msgstr)] + [(e.msgid_plural, t) for t in e.msgstr_plural.values()]:
                original, text = clean(original), clean(text)
                if not usable(original):
                    continue
                data.setdefault("en", {})[original] = original
                if code != "en" and usable(text) and text != original:
                    data.setdefault(code, {})[original] = text
    return data


def kept(original):
    return hashlib.sha256(original.encode()).digest()[0] < 26  # a tenth, the same in every language


def tokenizer(texts):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=VOCABULARY, unk_token="<unk>", special_tokens=["<unk>"], max_piece_length=8, show_progress=False))
    t.enable_truncation(TOKENS)
    return t


def ids(t, texts):
    enc = [e.ids for e in t.encode_batch(texts)]
    n = max(1, max(map(len, enc)))
    x, m = np.zeros((len(enc), n), np.int64), np.zeros((len(enc), n), np.float32)
    for i, e in enumerate(enc):
        x[i, : len(e)], m[i, : len(e)] = e, 1
    return x, m


class Net:
    def __init__(self, vocabulary, classes):
        self.p = {
            "embedding": rng.normal(0, 0.3, (vocabulary, WIDTH)), "w1": rng.normal(0, WIDTH**-0.5, (WIDTH, HIDDEN)), "b1": np.zeros(HIDDEN),
            "w2": rng.normal(0, HIDDEN**-0.5, (HIDDEN, classes)), "b2": np.zeros(classes),
        }
        self.p = {k: v.astype(np.float32) for k, v in self.p.items()}
        self.m = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.v = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.step = 0

    def logits(self, x, m):
        self.mean = (self.p["embedding"][x] * m[..., None]).sum(1) / np.maximum(m.sum(1), 1)[:, None]
        self.h = np.maximum(self.mean @ self.p["w1"] + self.p["b1"], 0)
        return self.h @ self.p["w2"] + self.p["b2"]

    def train(self, x, m, y, rate):
        z = self.logits(x, m)
        z -= z.max(1, keepdims=True)
        q = np.exp(z)
        q /= q.sum(1, keepdims=True)
        loss = -np.log(q[np.arange(len(y)), y] + 1e-9).mean()
        q[np.arange(len(y)), y] -= 1
        q /= len(y)
        dh = (q @ self.p["w2"].T) * (self.h > 0)
        dmean = (dh @ self.p["w1"].T) / np.maximum(m.sum(1), 1)[:, None]
        e = np.zeros_like(self.p["embedding"])
        rows, cols = np.nonzero(m)
        np.add.at(e, x[rows, cols], dmean[rows])
        self.adam({"embedding": e, "w1": self.mean.T @ dh, "b1": dh.sum(0), "w2": self.h.T @ q, "b2": q.sum(0)}, rate)
        return loss

    def adam(self, grads, rate):
        self.step += 1
        for k, g in grads.items():
            self.m[k] = 0.9 * self.m[k] + 0.1 * g
            self.v[k] = 0.999 * self.v[k] + 0.001 * g * g
            self.p[k] -= rate * (self.m[k] / (1 - 0.9**self.step)) / (np.sqrt(self.v[k] / (1 - 0.999**self.step)) + 1e-8)


def piece(s):
    """A random part of a text: people type a few words as often as sentences."""
    words = s.split(" ")
    if len(words) > 2 and rng.random() < 0.5:
        n = rng.integers(2, len(words) + 1)
        i = rng.integers(0, len(words) - n + 1)
        words = words[i : i + n]
    elif len(words) == 1 and len(s) > 8 and rng.random() < 0.5:  # no blanks: Chinese, Japanese
        n = rng.integers(4, len(s) + 1)
        i = rng.integers(0, len(s) - n + 1)
        return s[i : i + n]
    return " ".join(words)


def export(net, path):
    half = lambda name: NH.from_array(net.p[name].astype(np.float16), name + "_half")
    weights = list(net.p)
    nodes = [H.make_node("Cast", [w + "_half"], [w], to=TP.FLOAT) for w in weights] + [
        H.make_node("Gather", ["embedding", "ids"], ["vectors"]),
        H.make_node("ReduceMean", ["vectors", "tokens"], ["mean"], keepdims=0),
        H.make_node("Gemm", ["mean", "w1", "b1"], ["hidden"]),
        H.make_node("Relu", ["hidden"], ["active"]),
        H.make_node("Gemm", ["active", "w2", "b2"], ["logits"]),
    ]
    graph = H.make_graph(
        nodes, "language", [H.make_tensor_value_info("ids", TP.INT64, ["N", "T"])], [H.make_tensor_value_info("logits", TP.FLOAT, ["N", len(LANGUAGES)])],
        [half(w) for w in weights] + [NH.from_array(np.array([1], np.int64), "tokens")],
    )
    model = H.make_model(graph, opset_imports=[H.make_opsetid("", 18)], ir_version=10, producer_name="larder", producer_version="1")
    onnx.checker.check_model(model)
    onnx.save(model, path)


# Article 1 of the Universal Declaration of Human Rights: text of another kind than the training's.
ARTICLE = {
    "en": "All human beings are born free and equal in dignity and rights.", "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits.", "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.", "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.", "sv": "Alla människor är födda fria och lika i värde och rättigheter.",
    "da": "Alle mennesker er født frie og lige i værdighed og rettigheder.", "nb": "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan.", "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.", "hu": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van.",
    "ro": "Toate ființele umane se nasc libere și egale în demnitate și în drepturi.", "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.", "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах.", "bg": "Всички хора се раждат свободни и равни по достойнство и права.",
    "ar": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق.", "he": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "fa": "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند.", "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。", "zh": "人人生而自由，在尊严和权利上一律平等。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.", "id": "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama.",
    "vi": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.",
}


def main(root, out):
    os.makedirs(out, exist_ok=True)
    data = read(root)
    codes = sorted(LANGUAGES, key=LANGUAGES.get)
    train = [(t, i) for i, c in enumerate(codes) for o, t in sorted(data[c].items()) if not kept(o)]
    test = [(t, i) for i, c in enumerate(codes) for o, t in sorted(data[c].items()) if kept(o)]
    print(len(train), "texts to train,", len(test), "to test,", min(len(data[c]) for c in codes), "to", max(len(data[c]) for c in codes), "a language")
    tok = tokenizer([t for t, _ in train])
    print(tok.get_vocab_size(), "tokens")
    net = Net(tok.get_vocab_size(), len(codes))
    by_class = [[t for t, i in train if i == k] for k in range(len(codes))]
    steps, batch = 6000, 256
    for s in range(steps):
        y = rng.integers(0, len(codes), batch)
        x, m = ids(tok, [piece(by_class[k][rng.integers(len(by_class[k]))]) for k in y])
        loss = net.train(x, m, y, 3e-3 * (1 - s / steps))
        if s % 1000 == 999:
            print("step", s + 1, "loss %.3f" % loss, flush=True)
    for k in net.p:  # what is exported
        net.p[k] = net.p[k].astype(np.float16).astype(np.float32)

    def probabilities(texts, t=1.0):
        all = []
        for i in range(0, len(texts), 512):
            z = net.logits(*ids(tok, texts[i : i + 512])) / t
            z = np.exp(z - z.max(1, keepdims=True))
            all.append(z / z.sum(1, keepdims=True))
        return np.concatenate(all)

    texts, y = [t for t, _ in test], np.array([i for _, i in test])
    nll = lambda t: -np.log(probabilities(texts, t)[np.arange(len(y)), y] + 1e-12).mean()
    temperature = round(float(min(np.arange(0.5, 4, 0.05), key=nll)), 2)
    p = probabilities(texts, temperature)
    right = p.argmax(1) == y
    foreign = probabilities([t for c in FOREIGN for o, t in sorted(data[c].items()) if kept(o)], temperature).max(1)
    threshold = round(float(np.quantile(p.max(1)[right], 0.05)), 2)
    words = np.array([len(t) for t in texts])
    figures = {
        "testAccuracy": right.mean(), "testAccuracyLong": right[words >= 40].mean(), "coverage": (p.max(1) >= threshold).mean(),
        "accuracyOfAnswers": right[p.max(1) >= threshold].mean(), "foreignRefused": (foreign < threshold).mean(), "testTexts": len(texts),
    }
    a = probabilities([ARTICLE[c] for c in codes], temperature)
    figures["articleAccuracy"] = (a.argmax(1) == np.arange(len(codes))).mean()
    print("temperature", temperature, "threshold", threshold, {k: round(float(v), 4) for k, v in figures.items()})
    print("wrong articles:", [(c, codes[k]) for c, k, i in zip(codes, a.argmax(1), range(99)) if k != i])
    worst = sorted((right[y == i].mean(), c) for i, c in enumerate(codes))[:6]
    print("worst:", [(c, round(float(v), 3)) for v, c in worst])

    export(net, os.path.join(out, "model.onnx"))
    tok.save(os.path.join(out, "tokenizer.json"), pretty=False)
    with open(os.path.join(out, "labels.json"), "w") as f:
        json.dump({"classes": codes, "display": [LANGUAGES[c] for c in codes], "temperature": temperature, "unknown_threshold": threshold}, f, indent=1)
    golden = []
    for t in list(ARTICLE.values()) + ["hello", "Ça va ?", "Wo ist der Bahnhof?", "12345", "x"]:
        x, m = ids(tok, [t])
        golden.append({"text": t, "ids": x[0].tolist(), "logits": [round(float(v), 5) for v in net.logits(x, m)[0]]})
    with open(os.path.join(out, "golden.json"), "w") as f:
        json.dump(golden, f, ensure_ascii=False, indent=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
