"""Families with a law behind them: linear equations, arithmetic sequences, rectangles."""

import random

from mathmill.microworld.problems.base import Draft, Show
from mathmill.microworld.problems.names import PLACES, UNKNOWNS, pick


def linear(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Solve a linear equation in one unknown; from difficulty 3 on the unknown stands on both sides."""
    unknown = rng.choice(UNKNOWNS)
    factor, root = rng.randint(2, (5, 9, 9, 15)[difficulty - 1]), rng.randint(2, (9, 9, 19, 39)[difficulty - 1])
    shift = rng.randint(1, (9, 19, 19, 90)[difficulty - 1])
    value = factor * root + shift
    moved, divided = show.subtract(value, shift), show.divide(value - shift, factor)
    steps_en, steps_zh = [], []
    if difficulty < 3:
        equation = f"{factor}{unknown}+{shift}={value}"
    else:
        extra = rng.randint(2, 6)
        equation = f"{factor + extra}{unknown}+{shift}={value}+{extra}{unknown}"
        kept = f"{factor}{unknown}+{shift}={value}"
        steps_en, steps_zh = [f"Subtract ${extra}{unknown}$: ${kept}$."], [f"两边减去${extra}{unknown}$：${kept}$。"]
    steps_en += [f"Then ${factor}{unknown}={moved}$.", f"So ${unknown}={divided}$."]
    steps_zh += [f"则${factor}{unknown}={moved}$。", f"所以${unknown}={divided}$。"]
    question = {
        "en": rng.choice([f"Solve ${equation}$ for ${unknown}$.", f"Find ${unknown}$ if ${equation}$."]),
        "zh": rng.choice([f"解方程${equation}$，求${unknown}$。", f"已知${equation}$，求${unknown}$的值。"]),
    }
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(root), f"print(({value} - {shift}) // {factor})")


def sequence(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """A term of an arithmetic sequence; at difficulty 4 the sum of its first terms."""
    start, step = rng.randint(2, (9, 19, 30, 30)[difficulty - 1]), rng.randint(2, (5, 9, 9, 9)[difficulty - 1])
    place = rng.randint(5, (9, 10, 25, 12)[difficulty - 1])
    listing = f"{start}, {start + step}, {start + 2 * step}"
    jumps = step * (place - 1)
    last = start + jumps
    jump_chain, last_chain = show.multiply(step, place - 1), show.add(start, jumps)
    steps_en = [f"The step is ${step}$.", f"${place - 1}$ steps make ${jump_chain}$.", f"The term is ${last_chain}$."]
    steps_zh = [f"公差是${step}$。", f"${place - 1}$步共${jump_chain}$。", f"这一项是${last_chain}$。"]
    if difficulty < 4:
        question = {
            "en": f"In the sequence ${listing}$, what is term ${place}$?",
            "zh": f"等差数列${listing}$的第${place}$项是？",
        }
        return Draft(question, {"en": steps_en, "zh": steps_zh}, str(last), f"print({start} + {step} * ({place} - 1))")
    ends, both = show.add(start, last), (start + last) * place
    twice = show.multiply(start + last, place)
    steps_en += [f"First and last add to ${ends}$.", f"Twice the sum is ${twice}$, so ${both}\\div2={both // 2}$."]
    steps_zh += [f"首末项之和是${ends}$。", f"和的两倍是${twice}$，${both}\\div2={both // 2}$。"]
    question = {
        "en": f"Add the first ${place}$ terms of the sequence ${listing}$.",
        "zh": f"求等差数列${listing}$前${place}$项的和。",
    }
    program = f"print(sum({start} + {step} * i for i in range({place})))"
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(both // 2), program)


def rectangle(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Perimeter or area of a rectangle; at difficulties 2 and 4 the area around a smaller one."""
    place = pick(rng, PLACES)
    long, wide = (
        rng.randint(*((5, 19), (5, 9), (11, 49), (11, 49))[difficulty - 1]),
        rng.randint(*((2, 9), (4, 9), (3, 9), (11, 29))[difficulty - 1]),
    )
    en = f"A {place[0]} is ${long}$ m by ${wide}$ m"
    zh = f"一个{place[1]}长${long}$米，宽${wide}$米"
    if difficulty == 1:
        half = long + wide
        chain, twice = show.add(long, wide), show.multiply(half, 2)
        question = {"en": f"{en}. What is its perimeter?", "zh": f"{zh}，周长多少？"}
        steps = {
            "en": [f"Half the way round is ${chain}$.", f"All of it is ${twice}$."],
            "zh": [f"长宽之和是${chain}$。", f"周长是${twice}$。"],
        }
        return Draft(question, steps, str(2 * half), f"print(2 * ({long} + {wide}))")
    area = long * wide
    steps_en, steps_zh = [f"The area is ${show.multiply(long, wide)}$."], [f"面积是${show.multiply(long, wide)}$。"]
    if difficulty == 3:
        question = {"en": f"{en}. What is its area?", "zh": f"{zh}，面积多少？"}
        return Draft(question, {"en": steps_en, "zh": steps_zh}, str(area), f"print({long} * {wide})")
    inner = rng.randint(2, min(9, wide - 1))
    question = {
        "en": f"{en} with a ${inner}$ m square pool. What area is left?",
        "zh": f"{zh}，中有边长${inner}$米的方池，余多少？",
    }
    steps_en += [
        f"The pool takes ${inner}\\times{inner}={inner**2}$.",
        f"Left is ${show.subtract(area, inner**2)}$.",
    ]
    steps_zh += [f"水池占${inner}\\times{inner}={inner**2}$。", f"剩下${show.subtract(area, inner**2)}$。"]
    program = f"print({long} * {wide} - {inner} ** 2)"
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(area - inner**2), program)
