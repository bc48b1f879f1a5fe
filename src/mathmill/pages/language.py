"""The language of a text: by script where the script decides, by letter profiles (resiliparse) among Latin ones."""

import re
from collections import Counter

from resiliparse.parse.lang import detect_fast

_MATHS = re.compile(r"\$\$[^$]*\$\$|\$[^$\n]*\$|\\[a-zA-Z]+|https?://\S+")
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "han": re.compile("[\u4e00-\u9fff\u3400-\u4dbf]"),
    "kana": re.compile("[\u3040-\u30ff]"),
    "hangul": re.compile("[\uac00-\ud7a3]"),
    "cyrillic": re.compile("[\u0400-\u04ff]{2,}"),
    "greek": re.compile("[\u0370-\u03ff]{3,}"),  # words, not the letters of formulas
    "arabic": re.compile("[\u0600-\u06ff]{2,}"),
    "hebrew": re.compile("[\u0590-\u05ff]{2,}"),
    "thai": re.compile("[\u0e00-\u0e7f]{2,}"),
    "devanagari": re.compile("[\u0900-\u097f]{2,}"),
}
_LATIN_WORD = re.compile("[A-Za-zÀ-ɏ]{2,}")
_NO_ASCII = re.compile("[^\x00-\x7f]+")
# Scripts that name one language, or stand for their most common one.
_BY_SCRIPT = {"hangul": "ko", "greek": "el", "arabic": "ar", "hebrew": "he", "thai": "th", "devanagari": "hi"}
_CYRILLIC = ["ru", "uk", "bg", "sr", "mk", "be"]
_LATIN = [
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "sv",
    "cs",
    "da",
    "fi",
    "hu",
    "ro",
    "tr",
    "vi",
    "id",
    "no",
    "ca",
]
# Words that no text of the language does without: they outweigh letter profiles, which code and formulas mislead.
_STOP_WORDS = {
    "en": "the of and to in is that for it with as this be are on by or not from which we if can then",
    "de": "der die das und ist von mit den nicht ein eine für auf im dem wird auch sich als wir",
    "fr": "le la les des est et une dans pour que qui pas sur du par avec ce sont nous on",
    "es": "el la los las de que es en una para por con se del como más su si lo al",
    "it": "il di che è la per una in con non sono del della i le si da come gli al",
    "pt": "o a os as de que é em uma para por com se do da não como mais ao na",
    "nl": "de het een van en is dat op te in met voor niet zijn er aan ook als bij om",
    "pl": "w i na się nie jest z do to że jak dla od po przez oraz który tym",
}
_STOP_SETS = {name: frozenset(words.split()) for name, words in _STOP_WORDS.items()}
_STOP_SHARE = 0.08  # of the words; running text of these languages has 0.3 and more
_SAMPLE = 4000  # characters that are looked at
_CUTOFF = 1200  # the largest distance to a profile that resiliparse may find: its documentation calls larger ones false
_LEAST = 5  # words (or characters, of scripts written without spaces) below which nothing is said


def language(text: str) -> str:
    """ISO 639-1 code of the language of `text`, `und` where there is too little of it.

    Looks at the first characters without formulas and addresses. One Han, kana or Hangul character counts as half a
    word, so that a Chinese page with English names is Chinese.
    """
    text = _MATHS.sub(" ", text[: 2 * _SAMPLE])[:_SAMPLE]
    other = "" if text.isascii() else " ".join(_NO_ASCII.findall(text))
    weight = {name: len(pattern.findall(other)) for name, pattern in _SCRIPTS.items()}
    weight["latin"] = len(_LATIN_WORD.findall(text))
    for name in ("han", "kana", "hangul"):
        weight[name] //= 2
    script = max(weight, key=lambda name: (weight[name], name))
    if weight[script] < _LEAST:
        return "und"
    if script in ("han", "kana"):
        # Japanese mixes both; Chinese has no kana.
        return "ja" if weight["kana"] * 10 > weight["han"] else "zh"
    if script in _BY_SCRIPT:
        return _BY_SCRIPT[script]
    spoken = _by_stop_words(text) if script == "latin" else None
    if spoken is not None:
        return spoken
    found, _rank = detect_fast(text, cutoff=_CUTOFF, langs=_CYRILLIC if script == "cyrillic" else _LATIN)
    return "und" if found == "unknown" else str(found)


def _by_stop_words(text: str) -> str | None:
    """The language with most stop words, if they are frequent and it is ahead of the next by half as many again."""
    words = _WORD.findall(text.lower())
    counts = Counter(words)
    hits = {name: sum(counts[word] for word in stop) for name, stop in _STOP_SETS.items()}
    first, second = sorted(hits, key=lambda name: (-hits[name], name))[:2]
    clear = hits[first] >= _STOP_SHARE * len(words) and hits[first] >= 3 and hits[first] >= 1.5 * hits[second]
    return first if clear else None
