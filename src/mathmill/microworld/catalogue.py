"""The kinds of hosts: what stands under which path, in which language, markup and charset.

A genre is `math/LANG/NAME` for pages of mathematics, otherwise the name of a grammar such as `en/news`. The order
matters: a web of few hosts gets the first kinds. Hosts that carry a genre of the seed corpus beside one that it lacks
(a textbook with worksheets, an English question board beside Chinese exercises) are the bridges over which the rounds
discover.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """Pages of one genre under one path prefix; weight: its share of the host."""

    prefix: str
    genre: str
    weight: float = 1.0

    @property
    def is_math(self) -> bool:
        """Whether its pages are mathematics."""
        return self.genre.startswith("math/")


@dataclass(frozen=True)
class Kind:
    """A kind of host: how many there are at the laptop's scale, their sections, looks, markups and charsets."""

    name: str
    hosts: int
    sections: tuple[Section, ...]
    site: str
    markups: tuple[str, ...] = ("unicode",)
    charsets: tuple[str, ...] = ("utf-8/both", "utf-8/http", "utf-8/meta", "utf-8/both")
    size: float = 1.0

    @property
    def lang(self) -> str:
        """The language of its first section."""
        genre = self.sections[0].genre
        return genre.split("/")[1 if genre.startswith("math/") else 0]


S = Section
_LATIN = ("utf-8/both", "utf-8/http", "windows-1252/http", "utf-8/meta", "iso-8859-1/meta", "utf-8/wrong_http")
_CHINESE = ("utf-8/both", "gb18030/http", "gbk/meta", "utf-8/none", "gb2312/meta", "utf-8/meta", "gbk/both")
_QA = ("container", "mathjax2_script", "dollars", "mathjax3", "mathjax2_rendered")
_BOOK = ("mathml_annotated", "latexml", "katex", "parens", "mathml", "mathjax2_script", "mathml_prefixed")
_SHEET = ("sup_sub", "unicode", "mathml", "data_attribute", "parens", "codecogs_image", "katex")
_FORUM = ("forum_tag", "code", "codecogs_image", "dollars", "sup_sub", "unicode")
_BLOG = ("wordpress_image", "katex", "dollars", "mathjax3", "mathjax_svg", "unicode")
_WIKI = ("wikipedia", "old_wiki_image", "mathml_annotated")
_ZH = ("zhihu_image", "unicode", "katex", "dollars", "parens", "sup_sub", "mathjax3", "codecogs_image", "mathml")

KINDS: tuple[Kind, ...] = (
    Kind("mathqa", 2, (S("questions", "math/en/qa", 5), S("users", "en/forum", 1.2)), "qa", _QA, size=1.6),
    Kind(
        "answers",
        4,
        (S("maths", "math/en/qa", 2), S("cooking", "en/question", 3), S("travel", "en/question", 3)),
        "qa",
        _QA,
        _LATIN,
        1.4,
    ),
    Kind("books", 3, (S("arithmetic", "math/en/textbook", 3), S("history", "en/history", 3)), "book", _BOOK, _LATIN),
    Kind(
        "learning",
        4,
        (
            S("lessons", "math/en/textbook", 2),
            S("worksheets", "math/en/worksheet", 3),
            S("shop", "en/calculator", 2),
            S("news", "en/school", 2),
        ),
        "portal",
        _SHEET + _BOOK,
        _LATIN,
    ),
    Kind(
        "bilingual",
        3,
        (S("en-qa", "math/en/qa", 2), S("tiku", "math/zh/worksheet", 3), S("campus", "zh/exams", 3)),
        "portal",
        ("katex", "dollars", "mathml_annotated"),
    ),
    Kind(
        "students",
        4,
        (S("ask", "math/en/qa", 1.5), S("board", "math/en/forum", 3), S("lounge", "en/forum", 4)),
        "forum",
        _FORUM,
        _LATIN,
    ),
    Kind(
        "university",
        4,
        (S("courses", "math/en/notes", 2), S("admissions", "en/admissions", 4), S("press", "en/news", 2)),
        "plain",
        ("latexml", "mathjax2_script", "parens", "mathml"),
        _LATIN,
    ),
    Kind(
        "wiki",
        3,
        (S("wiki", "math/en/wiki", 1), S("wiki", "en/encyclopedia", 4)),
        "wiki",
        _WIKI,
        size=1.8,
    ),
    Kind(
        "exercises_zh",
        5,
        (S("shuxue", "math/zh/worksheet", 3), S("yuwen", "zh/essay", 4)),
        "portal",
        _ZH,
        _CHINESE,
        1.3,
    ),
    Kind(
        "worksheets", 4, (S("worksheets", "math/en/worksheet", 4), S("about", "en/school", 2)), "shop", _SHEET, _LATIN
    ),
    Kind(
        "blog", 6, (S("maths", "math/en/blog", 2), S("life", "en/travel", 4), S("food", "en/recipe", 2)), "blog", _BLOG
    ),
    Kind(
        "news",
        9,
        (S("local", "en/news", 4), S("sport", "en/sport", 1), S("weather", "en/weather", 1)),
        "news",
        charsets=_LATIN,
        size=1.7,
    ),
    Kind("shop", 8, (S("product", "en/shop", 5), S("help", "en/shop", 0.5)), "shop", charsets=_LATIN, size=1.4),
    Kind("answers_zh", 4, (S("shuxue", "math/zh/qa", 2), S("shenghuo", "zh/forum", 4)), "qa", _ZH, _CHINESE),
    Kind("recipes", 5, (S("recipe", "en/recipe", 1),), "blog"),
    Kind("numbers", 3, (S("meaning", "en/numerology", 1),), "blog"),
    Kind("money", 5, (S("markets", "en/finance", 3), S("news", "en/news", 1)), "news", charsets=_LATIN),
    Kind("news_zh", 5, (S("news", "zh/news", 3), S("tiyu", "zh/sport", 1)), "news", charsets=_CHINESE, size=1.5),
    Kind("docs", 6, (S("docs", "en/tutorial", 3), S("blog", "en/tutorial", 1)), "docs"),
    Kind("exams_zh", 3, (S("zhaosheng", "zh/exams", 1),), "plain", charsets=_CHINESE),
    Kind("korean", 3, (S("post", "ko/general", 1),), "blog", charsets=("euc-kr/meta", "utf-8/both", "euc-kr/http")),
    Kind(
        "russian", 3, (S("news", "ru/general", 1),), "news", charsets=("windows-1251/http", "utf-8/both", "koi8-r/meta")
    ),
    Kind("community", 5, (S("thread", "en/forum", 3), S("help", "en/question", 2)), "forum", charsets=_LATIN),
    Kind("sport", 6, (S("match", "en/sport", 3), S("table", "en/stats", 1)), "news", size=1.2),
    Kind("textbook_zh", 4, (S("jiaocai", "math/zh/textbook", 3), S("zuowen", "zh/essay", 3)), "book", _ZH, _CHINESE),
    Kind(
        "blog_zh",
        4,
        (S("shuxue", "math/zh/blog", 2), S("lvxing", "zh/travel", 3), S("chufang", "zh/recipe", 2)),
        "blog",
        _ZH,
        _CHINESE,
    ),
    Kind(
        "parents_zh",
        2,
        (S("xiti", "math/zh/worksheet", 2), S("fudao", "math/zh/blog", 1), S("jiankang", "zh/health", 4)),
        "forum",
        _ZH,
        _CHINESE,
    ),
    Kind(
        "tutors",
        2,
        (S("forum", "math/en/forum", 3), S("notes", "math/en/notes", 1), S("ads", "en/school", 4)),
        "forum",
        _FORUM,
    ),
    Kind("travel", 6, (S("guides", "en/travel", 1),), "blog", charsets=_LATIN, size=1.2),
    Kind("health", 5, (S("advice", "en/health", 1),), "plain", size=1.2),
    Kind("homes", 4, (S("listing", "en/estate", 1),), "shop"),
    Kind("stars", 4, (S("gossip", "en/celebrity", 1),), "news"),
    Kind("weather", 3, (S("forecast", "en/weather", 1),), "plain"),
    Kind("science", 3, (S("articles", "en/physics", 1),), "news"),
    Kind("statistics", 3, (S("players", "en/stats", 1),), "docs"),
    Kind("odds", 3, (S("tips", "en/betting", 1),), "news"),
    Kind("puzzles", 3, (S("daily", "en/puzzle", 1),), "blog"),
    Kind("calculators", 2, (S("product", "en/calculator", 1),), "shop"),
    Kind("colleges", 3, (S("admissions", "en/admissions", 1),), "plain", charsets=_LATIN),
    Kind("schools", 4, (S("newsletter", "en/school", 1),), "plain"),
    Kind("pages_of_history", 2, (S("articles", "en/history", 1),), "wiki"),
    Kind("shop_zh", 4, (S("item", "zh/shop", 1),), "shop", charsets=_CHINESE),
    Kind("travel_zh", 2, (S("gonglue", "zh/travel", 1),), "blog", charsets=_CHINESE),
    Kind("recipes_zh", 2, (S("caipu", "zh/recipe", 1),), "blog", charsets=_CHINESE),
    Kind("health_zh", 2, (S("yangsheng", "zh/health", 1),), "plain", charsets=_CHINESE),
    Kind("money_zh", 2, (S("caijing", "zh/finance", 1),), "news", charsets=_CHINESE),
    Kind("fate_zh", 2, (S("suanming", "zh/fate", 1),), "plain", charsets=_CHINESE),
    Kind("forum_zh", 2, (S("tie", "zh/forum", 1),), "forum", charsets=_CHINESE),
    Kind("french", 2, (S("articles", "fr/general", 1),), "news", charsets=("iso-8859-1/http", "utf-8/both")),
    Kind("german", 2, (S("artikel", "de/general", 1),), "blog", charsets=("windows-1252/meta", "utf-8/http")),
)

# Genres whose documents make up the seed corpus; everything else is for the rounds to discover.
SEED_GENRES = ("math/en/qa", "math/en/textbook")
