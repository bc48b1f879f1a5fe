"""Word problems: shopping, journeys, percentages, sharing by ratio."""

import random

from mathmill.microworld.problems.base import Draft, Show
from mathmill.microworld.problems.names import PEOPLE, THINGS, VEHICLES, asked, pick, pick_two


def shopping(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """What a purchase costs; from difficulty 2 on of two kinds of things, at 4 the change."""
    who, (first, second) = pick(rng, PEOPLE), pick_two(rng, THINGS)
    top = (9, 5, 9, 9)[difficulty - 1]
    count, price = rng.randint(2, top), rng.randint(*((2, 9), (2, 5), (2, 9), (11, 39))[difficulty - 1])
    cost = count * price
    en = f"{who[0]} buys ${count}$ {first[0]} at ${price}$ coins each"
    zh = f"{who[1]}买${count}${first[1]}，每份${price}$元"
    steps_en = [f"The {first[0]} cost ${show.multiply(price, count)}$."]
    steps_zh = [f"第一种花费${show.multiply(price, count)}$。"]
    total, program = cost, f"total = {count} * {price}"
    if difficulty >= 2:
        count2, price2 = rng.randint(2, top), rng.randint(2, top)
        en += f" and ${count2}$ {second[0]} at ${price2}$ coins each"
        zh += f"，又买${count2}${second[1]}，每份${price2}$元"
        total += count2 * price2
        program += f" + {count2} * {price2}"
        steps_en += [
            f"The {second[0]} cost ${show.multiply(price2, count2)}$.",
            f"Together ${show.add(cost, count2 * price2)}$.",
        ]
        steps_zh += [f"第二种花费${show.multiply(price2, count2)}$。", f"一共${show.add(cost, count2 * price2)}$。"]
    if difficulty < 4:
        question = {"en": f"{en}. How much in all?", "zh": f"{zh}，共多少元？"}
        return Draft(question, {"en": steps_en, "zh": steps_zh}, str(total), f"{program}\nprint(total)")
    paid = (total // 100 + rng.randint(1, 3)) * 100
    question = {
        "en": f"{en}, and pays ${paid}$. What is the change?",
        "zh": f"{zh}，付${paid}$元，找回多少？",
    }
    steps_en.append(f"The change is ${show.subtract(paid, total)}$.")
    steps_zh.append(f"找回${show.subtract(paid, total)}$。")
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(paid - total), f"{program}\nprint({paid} - total)")


def journey(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """How far a vehicle goes in two legs; difficulty 1 asks for the time of one."""
    vehicle, who = pick(rng, VEHICLES), pick(rng, PEOPLE)
    top = (9, 5, 9, 9)[difficulty - 1]
    speed, hours = rng.randint(*((3, 9), (2, 5), (3, 9), (11, 49))[difficulty - 1]), rng.randint(2, top)
    distance = speed * hours
    if difficulty == 1:
        question = {
            "en": f"{who[0]}'s {vehicle[0]} goes ${distance}$ km at ${speed}$ km per hour. How many hours?",
            "zh": f"{who[1]}的{vehicle[1]}每小时行${speed}$千米，行${distance}$千米要几小时？",
        }
        chain = show.divide(distance, speed)
        steps = {"en": [f"Time is distance over speed: ${chain}$."], "zh": [f"时间等于路程除以速度：${chain}$。"]}
        return Draft(question, steps, str(hours), f"print({distance} // {speed})")
    en = f"{who[0]}'s {vehicle[0]} goes ${speed}$ km per hour for ${hours}$ hours"
    zh = f"{who[1]}的{vehicle[1]}每小时行${speed}$千米，行${hours}$小时"
    steps_en, steps_zh = [f"The way is ${show.multiply(speed, hours)}$."], [f"路程是${show.multiply(speed, hours)}$。"]
    total, program = distance, f"way = {speed} * {hours}"
    if difficulty >= 2:
        speed2, hours2 = rng.randint(2, top), rng.randint(2, top)
        en += f", then ${speed2}$ for ${hours2}$ hours"
        zh += f"，再每小时${speed2}$千米行${hours2}$小时"
        total += speed2 * hours2
        program += f" + {speed2} * {hours2}"
        steps_en += [f"Then ${show.multiply(speed2, hours2)}$.", f"In all ${show.add(distance, speed2 * hours2)}$."]
        steps_zh += [f"然后${show.multiply(speed2, hours2)}$。", f"合计${show.add(distance, speed2 * hours2)}$。"]
    question = {"en": f"{en}. How far?", "zh": f"{zh}，共几千米？"}
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(total), f"{program}\nprint(way)")


def percent(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """A percentage of a number; from difficulty 2 on the price after a rise or a discount."""
    rate = rng.choice(((10, 20, 30, 40, 50), (10, 20), (10, 20, 30, 40, 60), (10, 20, 30, 40))[difficulty - 1])
    base = rng.randint(2, (9, 6, 9, 19)[difficulty - 1]) * 10
    part = base * rate // 100
    unit = base // 10
    if show.worked:
        chain = f"{base}\\div10={unit}"
        chain_two = show.multiply(unit, rate // 10)
        steps_en = [f"Ten percent is ${chain}$, and ${chain_two}$."]
        steps_zh = [f"百分之十是${chain}$，${chain_two}$。"]
    else:
        steps_en, steps_zh = [f"${rate}$ percent is ${part}$."], [f"百分之${rate}$是${part}$。"]
    if difficulty < 2:
        question = asked(rng, f"what is ${rate}$ percent of ${base}$?", f"${base}$的百分之${rate}$是多少？")
        return Draft(question, {"en": steps_en, "zh": steps_zh}, str(part), f"print({base} * {rate} // 100)")
    thing, who, rises = pick(rng, THINGS), pick(rng, PEOPLE), rng.random() < 0.5
    price = base + part if rises else base - part
    chain = show.add(base, part) if rises else show.subtract(base, part)
    verb = {"en": "rise" if rises else "fall", "zh": "涨价" if rises else "降价"}
    question = {
        "en": f"{who[0]}'s {thing[0]} cost ${base}$ coins, then {verb['en']} ${rate}$ percent. New price?",
        "zh": f"{who[1]}的{thing[1][1:]}${base}$元，{verb['zh']}百分之${rate}$，现价？",
    }
    steps_en.append(f"The new price is ${chain}$.")
    steps_zh.append(f"现价是${chain}$。")
    program = f"print({base} {'+' if rises else '-'} {base} * {rate} // 100)"
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(price), program)


def ratio(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Share a number of things between two people by a ratio."""
    (one, two), thing = pick_two(rng, PEOPLE), pick(rng, THINGS)
    top = (3, 3, 4, 5)[difficulty - 1]
    left, right = rng.randint(1, top), rng.randint(1, top)
    part = rng.randint(2, (4, 9, 9, 19)[difficulty - 1])
    total, share = (left + right) * part, left * part
    question = {
        "en": f"{one[0]} and {two[0]} share ${total}$ {thing[0]} in the ratio ${left}:{right}$. "
        f"How many does {one[0]} get?",
        "zh": f"{one[1]}和{two[1]}按${left}:{right}$分${total}${thing[1]}，{one[1]}得多少？",
    }
    parts, each, mine = show.add(left, right), show.divide(total, left + right), show.multiply(part, left)
    steps = {
        "en": [f"There are ${parts}$ parts.", f"One part is ${each}$.", f"The share is ${mine}$."],
        "zh": [f"共${parts}$份。", f"每份${each}$。", f"所得${mine}$。"],
    }
    return Draft(question, steps, str(share), f"print({total} // ({left} + {right}) * {left})")
