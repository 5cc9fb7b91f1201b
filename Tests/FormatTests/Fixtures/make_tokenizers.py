"""Writes tokenizers/: small tokenizers and what Hugging Face's `tokenizers` makes of hard text.

    pip install tokenizers==0.23.3 && python make_tokenizers.py
"""

import json
import os
import random

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers")

LEARNED = """The quick brown fox jumps over the lazy dog. It's what they've said; we'll see, won't we?
unbelievable unaffordable untokenizable antidisestablishmentarianism running runner runs ran
Résumé naïve façade Ångström crème brûlée Čeština, straße, smørrebrød, İstanbul, ελληνικά Σίσυφος
Привет мир, как дела? Добрый день. שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก 한국어 문장 안녕하세요
日本語の文章です。ひらがな カタカナ 漢字 中文句子,測試。 123 4567 3.14 1,000,000 50% $9.99 a@b.org http://x.y/z?q=1
😀 👩‍👩‍👧 👍🏽 ❤️ ½ ² Ⅷ ① ∑∫√ → « » “ ” ‘ ’ – — … ™ © # ## ### [UNK] <tag> {} () \\ / | ~ ` ^ _
""" * 3

HARD = [
    "", " ", "  ", "\t", "\n", "\r\n", " a", "a ", "a  b", "a\tb", "a\u00a0b", "a\u2003 b", "\u3000全角 空白\u3000",
    "Hello, world!", "It's we'll they've I'm you'd 'tis rock'n'roll 'S 'LL x's'", "don''t", "'", "''s",
    "line one\nline two\r\nline three\rline four\n\n\nend\n", "a \n b \t\n c", "   leading and trailing   ",
    "e\u0301 é E\u0301 É ê\u0323 a\u0323\u0302 a\u0302\u0323 ệ", "Ångström Å \u212b", "İstanbul ıI iİ", "STRASSE straße ẞ",
    "ΣΊΣΥΦΟΣ Σίσυφος ΟΔΟΣ", "ﬁ ﬂ ﬀ ㎏ Ⅷ ① ½ x² ª º", "Čeština Žluťoučký kůň", "smørrebrød øl æ ð þ ł đ",
    "漢字かな交じり文", "が か\u3099 ガ", "中文abc漢字123", "豈 更 車 \U0002f800 \U00020000 \U0002b740 \U0002b81f \U0002b820 \U0002b920 \U0002ceb0", "㐀 䶿 ㇀ 一 鿿 ꀀ",
    "한국어 문장 각 가\u11a8 ㄱ", "नमस्ते दुनिया कि की", "สวัสดีชาวโลก ก็ ที่", "שָׁלוֹם עולם", "مرحبا بِالعالم ﷺ", "ภาษาไทย १२३ ٣٤٥",
    "😀", "👩‍👩‍👧‍👦 family", "👍🏽👍 🇩🇪🇫🇷", "❤️ ❤ ☺︎", "a😀b", "😀😀😀 text 😀",
    "a\u200db\u200cc\u200bd\ufeffe\u00adf", "\u202eabc\u202c \u2066x\u2069", "\x00a\x01b\x1fc\x7fd\x80e\x85f\x9fg", "a\x0bb\x0cc\x1cd", "\ufffd a\ufffdb", "\ue000 private \U000f0000",
    "\u0378 unassigned \U000e0080 \uffff \ufdd0", "\u2028line\u2029sep", "\u1680ogham\u180emvs\u205f",
    "word" * 25, "word" * 25 + "s", "é" * 100, "é" * 101, "x" * 99 + "漢" + "y" * 101, "untokenizable" * 60, "ab" * 400, " " * 50 + "x", "\n" * 40,
    "a-b—c–d_e/f\\g|h~i`j^k", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "¡¿«»‹›„“”‘’…·•§¶†‡", "₤€£¥¢ © ® ™ ° ± × ÷", "\u2e43 \u2e4f \u061d \u166d \U000111c9 \u1734 \u1885 \ua9bd \U0001171e",
    "[CLS] [SEP] [MASK] [UNK] [PAD]", "a[MASK]b [mask] [ MASK ]", "[CLS][CLS]x[SEP]", "[MASK", "[[MASK]]", "tok[SEP]", "#ing ##ing # # ###",
    "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|><|endoftext|> <|endoftext|> x", "<|endoftext|", "<|ENDOFTEXT|>", "<custom> <CUSTOM> x<custom>y <cústom>", "<custom2> <custom2>>",
    "1234567890 12a34 3.14e-10 1,000,000", "http://example.org/path?query=1&x=%20#frag", "user.name+tag@example.co.uk", "C:\\Windows\\System32", "def f(x):\n    return x**2  # comment\n",
    "ALL CAPS Mixed CaSe", "\u01c5 \u1f88 ᾳ ΐ", "\u0345\u0345 \u0301abc \u0301", "Z̵͈̯̞a̷l̶g̸o", "𝓗𝓮𝓵𝓵𝓸 𝟙𝟚 𝔘𝔫𝔦", "\U00010400\U00010428 \U0001e900", "a\u0300\u0301\u0302\u0303b",
    "\u1b44\u1baa\u302e\u302f\U0001d165\U0001d16d x\U0001d165\u1b44", "ᄀ\u1161\u11a8 ㅏ",
]


def noise(count):
    """Lines of scalars of all kinds, more of those that matter."""
    generator = random.Random(20)
    ranges = [(0x20, 0x7E)] * 6 + [(0, 0x24F)] * 2 + [
        (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x1FFF), (0x2000, 0x2BFF), (0x3000, 0x33FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFFFF), (0x1F000, 0x1FAFF), (0x10000, 0x1FFFF)]
    lines = []
    for _ in range(count):
        low, high = zip(*[generator.choice(ranges) for _ in range(generator.randint(1, 30))])
        lines.append("".join(chr(generator.randint(a, b)) for a, b in zip(low, high)))
    return lines


def bert(lowercase):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        LEARNED.split("\n"), trainers.WordPieceTrainer(vocab_size=700, special_tokens=special, limit_alphabet=400, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")])
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def gpt2(prefix_space):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(LEARNED.split("\n"), trainers.BpeTrainer(
        vocab_size=600, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=True)])
    return tokenizer


def write(name, tokenizer):
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    return folder


def expected(tokenizer, texts):
    pairs = [tokenizer.encode(a, b) for a, b in zip(texts[:30], texts[1:])]
    return {
        "ids": [tokenizer.encode(text).ids for text in texts],
        "pairs": [[pair.ids, pair.type_ids] for pair in pairs],
    }


def main():
    texts = HARD + noise(100)
    results = {}
    uncased, cased = bert(True), bert(False)
    folder = write("bert", uncased)
    vocabulary = sorted(uncased.get_vocab().items(), key=lambda item: item[1])
    os.makedirs(os.path.join(HERE, "bert-text"), exist_ok=True)
    with open(os.path.join(HERE, "bert-text", "vocab.txt"), "w") as file:
        file.write("".join(token + "\n" for token, _ in vocabulary))
    with open(os.path.join(HERE, "bert-text", "tokenizer_config.json"), "w") as file:
        json.dump({"do_lower_case": True, "model_max_length": 1000000000000000019884624838656, "mask_token": {"content": "[MASK]", "lstrip": False}}, file)
    results["bert"] = expected(uncased, texts)
    cased.add_tokens(["<custom>", AddedToken("<custom2>", normalized=False)])
    cased.enable_truncation(32)
    write("bert-cased", cased)
    results["bert-cased"] = expected(cased, texts)
    plain = gpt2(False)
    write("gpt2", plain)
    folder = os.path.join(HERE, "gpt2-text")
    os.makedirs(folder, exist_ok=True)
    plain.model.save(folder)
    vocabulary = json.load(open(os.path.join(folder, "vocab.json")))
    vocabulary["<|endoftext|>"] = plain.token_to_id("<|endoftext|>")
    json.dump(vocabulary, open(os.path.join(folder, "vocab.json"), "w"), ensure_ascii=False)
    results["gpt2"] = expected(plain, texts)
    spaced = gpt2(True)
    write("gpt2-spaced", spaced)
    results["gpt2-spaced"] = expected(spaced, texts)
    with open(os.path.join(HERE, "expected.json"), "w") as file:
        json.dump({"texts": texts, "results": results}, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
