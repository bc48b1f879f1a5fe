"""The genres of pages of mathematics: Q&A, forum, textbook, worksheet, blog, encyclopaedia, lecture notes."""

import random
from collections.abc import Callable, Sequence, Set

from mathmill.microworld.config import MathConfig
from mathmill.microworld.document import Block, Document, pieces
from mathmill.microworld.mathwriter import Example, MathWriter, Quote
from mathmill.microworld.sets import Gram


def _para(*texts: str, writer: MathWriter) -> Block:
    return Block("para", writer.join(*texts))


def _solution(writer: MathWriter, example: Example) -> list[Block]:
    """A worked example: in one paragraph, in two, or with the working on a line of its own as a displayed formula."""
    shape = writer.rng.random()
    if shape < 0.45:
        return [Block("para", writer.solved(example))]
    lead = writer.say("lead_example")
    question = Block("para", writer.join(lead, example.question))
    working = pieces(example.working)
    if shape < 0.6 and sum(is_formula for is_formula, _ in working) == 1 and len(working) == 3:
        before, tex, _ = (content for _, content in working)
        return [
            question,
            Block("para", before.strip()),
            Block("display", tex),
            Block("para", writer.closing(example.answer)),
        ]
    texts = (example.working, writer.closing(example.answer))
    return [question, _para(writer.say("lead_solution"), *texts, writer=writer)]


def _facts(writer: MathWriter, count: int) -> list[str]:
    return writer.grammar.sample("fact", count, writer.rng, writer.memo)


def _qa(writer: MathWriter) -> list[Block]:
    rng = writer.rng
    asked, *others = writer.examples(writer.wanted + 1)
    attempt = writer.maybe("qa_try", 0.6)
    blocks = [Block("post", writer.say("person"), items=(writer.say("qa_open"), asked.question, *attempt))]
    answers = rng.randint(2, 3)
    for number in range(answers):
        working = asked.working if number != 1 else asked.short
        items = [writer.say("qa_answer"), writer.join(*writer.method(rng.randint(1, 3)))]
        items.append(writer.join(writer.say("lead_solution"), working, writer.closing(asked.answer)))
        items += [writer.solved(example) for example in others[number::answers]]
        items += writer.maybe("check", 0.4)
        blocks.append(Block("post", writer.say("person"), items=tuple(items)))
        blocks += [Block("quote", writer.say("qa_comment")) for _ in range(rng.choice([0, 1, 2]))]
    return blocks


def _forum(writer: MathWriter) -> list[Block]:
    rng = writer.rng
    examples = writer.examples()
    questions = [f"{number}) {example.question}" for number, example in enumerate(examples, 1)]
    opening = writer.say("forum_open") if "forum_open" in writer.grammar else writer.say("qa_open")
    blocks = [Block("post", writer.say("person"), items=(opening, *questions))]
    position = 0
    while position < len(examples):
        count = rng.randint(1, 3)
        items = [writer.say("forum_reply")]
        for number, example in enumerate(examples[position : position + count], position + 1):
            repeat = example.question if rng.random() < 0.7 else ""
            items.append(writer.join(f"{number})", repeat, example.working, writer.closing(example.answer)))
        items += writer.method(1) if rng.random() < 0.5 else []
        blocks.append(Block("post", writer.say("person"), items=tuple(items)))
        if rng.random() < 0.5:
            blocks.append(Block("post", writer.say("person"), items=(writer.say("forum_chat"),)))
        position += count
    return blocks


def _textbook(writer: MathWriter) -> list[Block]:
    rng = writer.rng
    heads = iter(_heads(writer, "book_head"))
    method = writer.method(5)
    blocks = [Block("para", writer.say("book_open")), Block("heading", next(heads))]
    blocks += [_para(*method[:2], writer=writer), _para(*method[2:5], *_facts(writer, 1), writer=writer)]
    blocks.append(Block("heading", next(heads)))
    examples = writer.examples()
    worked = examples[: max(2, len(examples) * 2 // 3)]
    for example in worked:
        blocks += _solution(writer, example)
        blocks += [Block("para", text) for text in writer.maybe("check", 0.25)]
    rest = examples[len(worked) :]
    if rest:
        blocks.append(Block("heading", next(heads)))
        blocks.append(Block("steps", items=tuple(example.question for example in rest)))
        blocks.append(Block("heading", next(heads)))
        answers = (writer.join(example.working, writer.closing(example.answer)) for example in rest)
        blocks.append(Block("steps", items=tuple(answers)))
    blocks.append(_para(writer.say("book_sum"), *_facts(writer, rng.randint(0, 2)), writer=writer))
    return blocks


def _heads(writer: MathWriter, rule: str) -> list[str]:
    """The headings of a rule in their own order."""
    return ["".join(str(part) for part in template) for template in writer.grammar.rules[rule]]


def _worksheet(writer: MathWriter) -> list[Block]:
    rng = writer.rng
    examples = writer.examples()
    heads = _heads(writer, "sheet_head")
    blocks = [Block("para", writer.say("sheet_open"))]
    if rng.random() < 0.4:
        blocks.append(_para(*writer.method(2), writer=writer))
    if rng.random() < 0.5:
        blocks += [Block("heading", heads[0]), Block("steps", items=tuple(example.question for example in examples))]
        blocks.append(Block("heading", heads[1]))
        answers = [writer.join(e.question, e.working, writer.closing(e.answer)) for e in examples]
        return [*blocks, Block("steps", items=tuple(answers))]
    for number, example in enumerate(examples, 1):
        blocks.append(Block("para", writer.join(f"{number}.", example.question)))
        items = (writer.join(example.working, writer.closing(example.answer)),)
        blocks.append(Block("solution", writer.say("lead_solution"), items=items))
    return blocks


def _blog(writer: MathWriter) -> list[Block]:
    blocks = [Block("para", writer.say("blog_open")), _para(*writer.method(2), writer=writer)]
    for example in writer.examples():
        blocks += _solution(writer, example)
        if writer.rng.random() < 0.35:
            extra = writer.method(1) if writer.rng.random() < 0.4 else []
            blocks.append(_para(writer.say("blog_para"), *extra, writer=writer))
    blocks.append(Block("para", writer.say("blog_para")))
    return blocks


def _wiki(writer: MathWriter) -> list[Block]:
    heads = _heads(writer, "wiki_head")
    blocks = [_para(writer.say("wiki_open"), *writer.method(1), writer=writer), Block("heading", heads[0])]
    blocks += [_para(*writer.method(3), writer=writer), Block("heading", heads[1])]
    blocks += [Block("list", items=tuple(_facts(writer, 4))), Block("heading", heads[2])]
    for example in writer.examples():
        blocks += _solution(writer, example)
    blocks += [Block("heading", heads[3]), Block("para", writer.say("wiki_hist"))]
    references = tuple(writer.say("wiki_ref") for _ in range(writer.rng.randint(2, 4)))
    return [*blocks, Block("heading", heads[-1]), Block("list", items=references)]


def _notes(writer: MathWriter) -> list[Block]:
    rng = writer.rng
    blocks = [Block("para", writer.say("notes_open"))]
    chapter, number = rng.randint(1, 12), 0
    for text in (*writer.method(2), *_facts(writer, rng.randint(2, 4))):
        number += 1
        mark = f"{writer.say('notes_mark')} {chapter}.{number}."
        blocks.append(_para(mark, text, writer=writer))
        blocks += [Block("para", proof) for proof in writer.maybe("proof", 0.5)]
    for example in writer.examples():
        number += 1
        mark = f"Example {chapter}.{number}."
        text = writer.join(mark, example.question, example.working, writer.closing(example.answer))
        blocks.append(Block("para", text))
    return blocks


_GENRES: dict[str, tuple[Callable[[MathWriter], list[Block]], str]] = {
    "qa": (_qa, "qa_title"),
    "forum": (_forum, "forum_title"),
    "textbook": (_textbook, "book_title"),
    "worksheet": (_worksheet, "sheet_title"),
    "blog": (_blog, "blog_title"),
    "wiki": (_wiki, "wiki_title"),
    "notes": (_notes, "notes_title"),
}


TITLES = {name: title for name, (_, title) in _GENRES.items()}


def math_document(
    genre: str,
    rng: random.Random,
    config: MathConfig,
    weights: dict[str, float],
    quotes: Sequence[Quote] = (),
    protected: Set[Gram] = frozenset(),
) -> Document:
    """One page of mathematics.

    genre: `math/LANG/NAME`; weights: of the families; quotes: benchmark items or look-alikes that the page must show;
    protected: the grams of the benchmarks, which its other examples keep clear of.
    """
    _, lang, name = genre.split("/")
    compose, title = _GENRES[name]
    writer = MathWriter(lang, name, rng, config, weights, quotes, protected)
    blocks = compose(writer)
    for _ in range(writer.count(config.drills)):
        blocks.insert(rng.randint(1, len(blocks)), Block("para", writer.drill()))
    return Document(writer.say(title), blocks, topic=writer.family)
