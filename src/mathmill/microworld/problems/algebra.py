"""Families with a law behind them: linear equations, arithmetic sequences, rectangles."""

import random

from mathmill.microworld.problems.base import Draft, Show
from mathmill.microworld.problems.names import PEOPLE, PLACES, UNKNOWNS, asked, pick


def linear(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Solve a linear equation in one unknown; at difficulty 4 the unknown stands on both sides."""
    unknown = rng.choice(UNKNOWNS)
    factor, root = rng.randint(2, (9, 5, 9, 9)[difficulty - 1]), rng.randint(2, (9, 5, 9, 19)[difficulty - 1])
    shift = rng.randint(1, (0, 9, 19, 19)[difficulty - 1]) if difficulty > 1 else 0
    value = factor * root + shift
    moved, divided = show.subtract(value, shift), show.divide(value - shift, factor)
    steps_en, steps_zh = [], []
    if difficulty < 4:
        equation = f"{factor}{unknown}+{shift}={value}" if shift else f"{factor}{unknown}={value}"
    else:
        extra = rng.randint(2, 6)
        equation = f"{factor + extra}{unknown}+{shift}={value}+{extra}{unknown}"
        kept = f"{factor}{unknown}+{shift}={value}"
        steps_en, steps_zh = [f"Subtract ${extra}{unknown}$: ${kept}$."], [f"两边减去${extra}{unknown}$：${kept}$。"]
    if shift:
        steps_en.append(f"Then ${factor}{unknown}={moved}$.")
        steps_zh.append(f"则${factor}{unknown}={moved}$。")
    steps_en += [f"So ${unknown}={divided}$."]
    steps_zh += [f"所以${unknown}={divided}$。"]
    question = asked(rng, f"what is ${unknown}$ if ${equation}$?", f"已知${equation}$，${unknown}$是多少？")
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(root), f"print(({value} - {shift}) // {factor})")


def sequence(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """A term of an arithmetic sequence; difficulty 1 asks for the next one."""
    start, step = rng.randint(2, (9, 9, 19, 30)[difficulty - 1]), rng.randint(2, (9, 4, 9, 9)[difficulty - 1])
    listing = f"{start}, {start + step}, {start + 2 * step}"
    if difficulty == 1:
        chain = show.add(start + 2 * step, step)
        question = asked(rng, f"which number follows ${listing}$?", f"${listing}$的下一个数是多少？")
        steps = {
            "en": [f"The step is ${step}$.", f"So ${chain}$."],
            "zh": [f"公差是${step}$。", f"所以${chain}$。"],
        }
        return Draft(question, steps, str(start + 3 * step), f"print({start} + 3 * {step})")
    place = rng.randint(5, (7, 10, 25)[difficulty - 2])
    jumps = step * (place - 1)
    jump_chain, last_chain = show.multiply(step, place - 1), show.add(start, jumps)
    question = asked(rng, f"in ${listing}$, what is term ${place}$?", f"${listing}$的第${place}$项是多少？")
    steps = {
        "en": [f"The step is ${step}$.", f"${place - 1}$ steps make ${jump_chain}$.", f"The term is ${last_chain}$."],
        "zh": [f"公差是${step}$。", f"${place - 1}$步共${jump_chain}$。", f"这一项是${last_chain}$。"],
    }
    return Draft(question, steps, str(start + jumps), f"print({start} + {step} * ({place} - 1))")


def rectangle(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Area (1 and 4) or perimeter (2) of a rectangle; at difficulty 3 the area around a smaller square."""
    place, who = pick(rng, PLACES), pick(rng, PEOPLE)
    long, wide = rng.randint(*((3, 9), (3, 9), (5, 9), (11, 49))[difficulty - 1]), rng.randint(3, 9)
    en = f"{who[0]}'s {place[0]} is ${long}$ m by ${wide}$ m"
    zh = f"{who[1]}的{place[1]}长${long}$米，宽${wide}$米"
    area = long * wide
    steps_en, steps_zh = [f"The area is ${show.multiply(long, wide)}$."], [f"面积是${show.multiply(long, wide)}$。"]
    if difficulty in (1, 4):
        question = {"en": f"{en}. What is its area?", "zh": f"{zh}，面积多少？"}
        return Draft(question, {"en": steps_en, "zh": steps_zh}, str(area), f"print({long} * {wide})")
    if difficulty == 2:
        half = long + wide
        chain, twice = show.add(long, wide), show.multiply(half, 2)
        question = {"en": f"{en}. What is its perimeter?", "zh": f"{zh}，周长多少？"}
        steps = {
            "en": [f"Half the way round is ${chain}$.", f"All of it is ${twice}$."],
            "zh": [f"长宽之和是${chain}$。", f"周长是${twice}$。"],
        }
        return Draft(question, steps, str(2 * half), f"print(2 * ({long} + {wide}))")
    inner = rng.randint(2, wide - 1)
    question = {
        "en": f"{en} with a ${inner}$ m square pool. What area is left?",
        "zh": f"{zh}，中有边长${inner}$米的方池，余多少？",
    }
    steps_en += [f"The pool takes ${inner}\\times{inner}={inner**2}$.", f"Left is ${show.subtract(area, inner**2)}$."]
    steps_zh += [f"水池占${inner}\\times{inner}={inner**2}$。", f"剩下${show.subtract(area, inner**2)}$。"]
    program = f"print({long} * {wide} - {inner} ** 2)"
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(area - inner**2), program)
