"""Names and things that fill the word problems, each in English and Chinese."""

import random

PEOPLE = [
    ("Anna", "小安"),
    ("Ben", "小本"),
    ("Clara", "小兰"),
    ("David", "大伟"),
    ("Emma", "小艾"),
    ("Felix", "小飞"),
    ("Grace", "小雅"),
    ("Henry", "小亨"),
    ("Iris", "小瑞"),
    ("Jack", "小杰"),
    ("Kate", "小凯"),
    ("Leo", "小乐"),
    ("Maria", "小丽"),
    ("Noah", "小诺"),
    ("Olive", "小敏"),
    ("Paul", "小波"),
    ("Rosa", "小红"),
    ("Sam", "小山"),
    ("Tina", "小婷"),
    ("Victor", "小伟"),
    ("Wendy", "小文"),
    ("Yuki", "小雪"),
    ("Zoe", "小佐"),
    ("Mei", "小梅"),
]
THINGS = [
    ("pens", "支钢笔"),
    ("books", "本书"),
    ("apples", "个苹果"),
    ("cups", "个杯子"),
    ("bags", "个书包"),
    ("lamps", "盏灯"),
    ("rulers", "把尺子"),
    ("shirts", "件衬衫"),
    ("cakes", "块蛋糕"),
    ("maps", "张地图"),
    ("balls", "个球"),
    ("hats", "顶帽子"),
    ("chairs", "把椅子"),
    ("plants", "盆花"),
    ("tickets", "张票"),
    ("stamps", "张邮票"),
    ("toys", "个玩具"),
    ("boxes", "个盒子"),
]
VEHICLES = [
    ("train", "火车"),
    ("bus", "汽车"),
    ("boat", "轮船"),
    ("truck", "卡车"),
    ("tram", "电车"),
    ("car", "轿车"),
]
PLACES = [
    ("garden", "花园"),
    ("room", "房间"),
    ("field", "田地"),
    ("yard", "院子"),
    ("hall", "大厅"),
    ("park", "公园"),
]
UNKNOWNS = ("x", "y", "n", "t", "a", "k")


def pick(rng: random.Random, pairs: list[tuple[str, str]]) -> tuple[str, str]:
    """One (English, Chinese) pair."""
    return pairs[rng.randrange(len(pairs))]


def pick_two(rng: random.Random, pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Two different pairs."""
    first, second = rng.sample(range(len(pairs)), 2)
    return pairs[first], pairs[second]


def asked(rng: random.Random, english: str, chinese: str) -> dict[str, str]:
    """The same question put by somebody: bare numbers alone would give too few different questions."""
    who = pick(rng, PEOPLE)
    return {"en": f"{who[0]} asks: {english}", "zh": f"{who[1]}问：{chinese}"}
