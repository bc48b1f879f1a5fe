"""Languages by script and stop words."""

import pytest

from mathmill.pages.language import language

TEXTS = {
    "en": "The sum of the angles in a triangle is 180 degrees, and this is why we can find the third one.",
    "zh": "三角形的内角和是一百八十度，因此我们可以求出第三个角。",
    "ja": "三角形の内角の和は百八十度なので、三つ目の角を求めることができます。",
    "ko": "삼각형의 세 각의 합은 백팔십 도이므로 나머지 한 각을 구할 수 있습니다.",
    "ru": "Сумма углов треугольника равна ста восьмидесяти градусам, и поэтому можно найти третий угол.",
    "de": "Die Summe der Winkel in einem Dreieck ist 180 Grad, und deshalb kann man den dritten Winkel finden.",
    "fr": "La somme des angles d'un triangle est de 180 degrés, et nous pouvons donc trouver le troisième.",
    "es": "La suma de los ángulos de un triángulo es de 180 grados, y por eso se puede encontrar el tercero.",
    "el": "Το άθροισμα των γωνιών ενός τριγώνου είναι εκατόν ογδόντα μοίρες και έτσι βρίσκουμε την τρίτη.",
    "ar": "مجموع زوايا المثلث يساوي مئة وثمانين درجة ولذلك يمكننا أن نجد الزاوية الثالثة",
}


@pytest.mark.parametrize("code", TEXTS)
def test_languages(code: str) -> None:
    assert language(TEXTS[code] * 2) == code


def test_formulas_and_addresses_do_not_count() -> None:
    assert language("$alpha beta gamma delta$ \\frac{the}{of} https://www.example.org/the/and/of/is") == "und"
    assert language("解方程$x^2 + the + of + and$，求出所有的根，并且验证答案。") == "zh"


def test_too_little() -> None:
    assert language("") == "und"
    assert language("12 + 3 = 15") == "und"


def test_chinese_with_english_names() -> None:
    assert language("我们使用 Python 和 NumPy 计算矩阵的特征值，然后与 SciPy 的结果进行比较，最后画图。") == "zh"
