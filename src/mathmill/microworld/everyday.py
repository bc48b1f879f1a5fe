"""Pages that are not mathematics: grammars laid out as articles, products, recipes, threads, manuals."""

import random
from functools import cache
from importlib import resources

from mathmill.microworld.document import Block, Document
from mathmill.microworld.grammar import Grammar, Memo, load


@cache
def grammar_of(genre: str) -> Grammar:
    """The grammar of a genre such as `en/news`, with the common words of its language where there are any."""
    lang = genre.partition("/")[0]
    common = resources.files("mathmill.microworld").joinpath("grammars", lang, "common.txt")
    return load(f"{lang}/common", genre) if common.is_file() else load(genre)


def joiner(lang: str) -> str:
    """What stands between two sentences."""
    return "" if lang == "zh" else " "


class Everyday:
    """Builds one page of a genre; `memo` keeps the page's own names so that the text speaks of one thing."""

    def __init__(self, genre: str, rng: random.Random) -> None:
        self.lang = genre.partition("/")[0]
        self.grammar = grammar_of(genre)
        self.rng = rng
        self.memo: Memo = {}
        count = len(self.grammar.rules["s"])
        # A page uses a part of the genre's sentences; a long page uses some of them twice, about other things.
        self.sentences = self.grammar.sample("s", rng.randint(count // 2, max(count, 24)), rng, self.memo)

    def text(self, rule: str) -> str:
        """One text of a rule, with the page's memo."""
        return self.grammar.expand(rule, self.rng, self.memo)

    def fresh(self, rule: str) -> str:
        """One text of a rule about something else than the page."""
        return self.grammar.expand(rule, self.rng)

    def paragraph(self, low: int = 2, high: int = 5) -> Block | None:
        """Some of the sentences that are left; None when there are none."""
        taken = [self.sentences.pop() for _ in range(min(self.rng.randint(low, high), len(self.sentences)))]
        if taken and self.rng.random() < 0.12 and "filler" in self.grammar:
            taken.append(self.text("filler"))
        return Block("para", joiner(self.lang).join(taken)) if taken else None

    def list_block(self) -> Block:
        """A list of the genre's short items."""
        return Block("list", items=tuple(self.text("li") for _ in range(self.rng.randint(3, 7))))

    def table_block(self) -> Block:
        """The genre's table: a row of headings and some rows."""
        head = tuple(cell.strip() for cell in self.fresh("cols").split("||"))
        rows = [tuple(cell.strip() for cell in self.fresh("row").split("||")) for _ in range(self.rng.randint(4, 12))]
        return Block("table", rows=(head, *(row[: len(head)] for row in rows)))

    def aside(self) -> Block | None:
        """A list, a table, a quotation or nothing."""
        kind = self.rng.choice(["li", "row", "quote", ""])
        if kind == "li" and "li" in self.grammar:
            return self.list_block()
        if kind == "row" and "row" in self.grammar:
            return self.table_block()
        if kind == "quote" and "quote" in self.grammar:
            return Block("quote", self.text("quote"))
        return None

    def sections(self) -> list[Block]:
        """Headings with paragraphs until the sentences are used up."""
        blocks: list[Block] = []
        heads = self.rng.sample(self.grammar.rules["h"], len(self.grammar.rules["h"])) if "h" in self.grammar else []
        while self.sentences:
            if heads and self.rng.random() < 0.6:
                blocks.append(Block("heading", "".join(str(part) for part in heads.pop())))
            blocks.extend(block for _ in range(self.rng.randint(1, 3)) if (block := self.paragraph()))
            if found := self.aside():
                blocks.append(found)
        return blocks

    def comments(self) -> list[Block]:
        """What readers wrote below; each with a name."""
        if "comment" not in self.grammar:
            return []
        names = "person" if "person" in self.grammar else "town"
        return [
            Block("post", self.fresh(names), items=(self.fresh("comment"),))
            for _ in range(self.rng.choice([0, 0, 1, 3, 5]))
        ]


def _article(page: Everyday) -> list[Block]:
    return [Block("para", page.text("lead")), *page.sections(), *page.comments()]


def _product(page: Everyday) -> list[Block]:
    blocks = [Block("para", page.text("lead")), page.list_block()]
    if "row" in page.grammar and page.rng.random() < 0.6:
        blocks.append(page.table_block())
    blocks += page.sections()
    if "quote" in page.grammar:
        blocks += [Block("quote", page.fresh("quote")) for _ in range(page.rng.randint(1, 5))]
    return blocks


def _recipe(page: Everyday) -> list[Block]:
    steps = page.grammar.sample("step", page.rng.randint(4, 8), page.rng, page.memo)
    heads = [str(part) for template in page.grammar.rules["h"][:2] for part in template]
    first = page.paragraph(1, 3)
    return [
        Block("para", page.text("lead")),
        *([first] if first else []),
        Block("heading", heads[0]),
        Block("list", items=tuple(page.text("li") for _ in range(page.rng.randint(5, 10)))),
        Block("heading", heads[1]),
        Block("steps", items=tuple(steps)),
        *page.sections(),
        *page.comments(),
    ]


def _thread(page: Everyday) -> list[Block]:
    names = "person" if "person" in page.grammar else "town"
    opening = page.paragraph(1, 3)
    items = (page.text("lead"), *([opening.text] if opening else []))
    blocks = [Block("post", page.fresh(names), items=items)]
    while page.sentences:
        if reply := page.paragraph(1, 4):
            blocks.append(Block("post", page.fresh(names), items=(reply.text,)))
    return blocks


def _docs(page: Everyday) -> list[Block]:
    blocks = [Block("para", page.text("lead"))]
    for block in page.sections():
        blocks.append(block)
        if block.kind == "heading" and page.rng.random() < 0.7:
            blocks.append(Block("code", page.text("code").replace(";;", "\n\n").replace(";", "\n")))
    return blocks


_LAYOUTS = {"article": _article, "product": _product, "recipe": _recipe, "thread": _thread, "docs": _docs}


def everyday_document(genre: str, rng: random.Random) -> Document:
    """One page of a genre that is not mathematics."""
    page = Everyday(genre, rng)
    blocks = _LAYOUTS[page.text("layout")](page)
    return Document(page.text("title"), blocks)
