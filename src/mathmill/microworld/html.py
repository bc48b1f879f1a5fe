"""Documents as HTML: blocks in the dialect of a site, formulas in its markup, boilerplate around them."""

import random
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib import resources
from string import Template

from mathmill.microworld.document import Block, Document, pieces
from mathmill.microworld.everyday import grammar_of
from mathmill.microworld.markup import HEAD, write_formula

# Language: words of the navigation, headings over lists of links, the cookie banner.
_LABELS = {
    "en": (
        "Home Contact About Login",
        "Related|Read next|Popular now|Recent posts",
        "We use cookies to improve this site. Accept|Decline",
    ),
    "zh": ("首页 关于 联系 登录", "相关文章|热门推荐|猜你喜欢", "本站使用缓存以改善体验。同意|拒绝"),
    "ko": ("홈 소개 로그인", "관련 글|인기 글", "이 사이트는 쿠키를 사용합니다. 동의|거부"),
    "ru": ("Главная Контакты Войти", "Читайте также|Популярное", "Мы используем файлы cookie. Принять|Отказаться"),
    "fr": (
        "Accueil Contact Connexion",
        "À lire aussi|Articles récents",
        "Ce site utilise des cookies. Accepter|Refuser",
    ),
    "de": (
        "Startseite Kontakt Anmelden",
        "Mehr zum Thema|Beliebt",
        "Diese Seite verwendet Cookies. Zustimmen|Ablehnen",
    ),
}
_ADS = (
    "Cheap flights from 29.99",
    "Win a new phone today!",
    "Download our app",
    "Loans in 5 minutes",
    "Subscribe now, 50% off",
    "Meet singles in your area",
    "Learn a language in 30 days",
    "Sponsored: best mattress of the year",
    "Save 20 % this week",
)


@dataclass(frozen=True)
class Look:
    """How a site writes pages: template, markup of formulas, and the boilerplate that all its pages share."""

    template: str
    markup: str
    lang: str
    site: str
    nav: tuple[str, ...]
    slogan: str
    footer: str
    theme: str
    cookie: bool
    paragraph: str  # p, div or br
    ads: tuple[str, ...]


@lru_cache(maxsize=16)
def _template(name: str) -> Template:
    source = resources.files("mathmill.microworld").joinpath("templates", f"{name}.html")
    return Template(source.read_text(encoding="utf-8"))


def make_look(template: str, markup: str, lang: str, genre: str, rng: random.Random) -> Look:
    """The look of a host, drawn once: its boilerplate speaks of the host's genre."""
    labels = _LABELS[lang][0].split()
    grammar = grammar_of(genre) if not genre.startswith("math/") else None
    tags = [grammar.expand("tags", rng) for _ in range(4)] if grammar else []
    names = grammar_of("en/news")
    site = names.expand(rng.choice(["company", "town"]), rng) + rng.choice(["", " Online", " Net", "", " 24"])
    return Look(
        template=template,
        markup=markup,
        lang=lang,
        site=site,
        nav=tuple(dict.fromkeys([*labels, *tags])),
        slogan=rng.choice(["", "since ", "est. "]) + str(rng.randint(1995, 2022)),
        footer=f"&copy; {rng.randint(2008, 2024)} {escape(site)}. " + rng.choice(labels) + " | " + rng.choice(labels),
        theme=rng.choice(["twentyten", "astra", "hueman", "default", "v2", "main"]),
        cookie=rng.random() < 0.5,
        paragraph=rng.choice(["p", "p", "p", "div", "br"]),
        ads=tuple(rng.sample(_ADS, 3)),
    )


def inline(text: str, markup: str) -> str:
    """Running text as HTML: text escaped, formulas in the markup family."""
    return "".join(
        write_formula(markup, content) if is_formula else escape(content, quote=False)
        for is_formula, content in pieces(text)
    )


def _paragraph(text: str, look: Look) -> str:
    inner = inline(text, look.markup)
    return {"p": f"<p>{inner}</p>", "div": f'<div class="par">{inner}</div>', "br": f"{inner}<br><br>"}[look.paragraph]


def _post(block: Block, look: Look) -> str:
    body = "".join(f"<p>{inline(item, look.markup)}</p>" for item in block.items)
    name = escape(block.text)
    if look.template == "qa":
        user = f'<div class="user-details"><a href="/users/{len(name)}">{name}</a></div>'
        return f'<div class="answer"><div class="s-prose js-post-body">{body}</div>{user}</div>'
    if look.template == "forum":
        author = f'<p class="author">by <strong>{name}</strong></p>'
        return f'<div class="post"><div class="postbody">{author}<div class="content">{body}</div></div></div>'
    return f'<div class="comment"><b>{name}</b>: {body}</div>'


def _table(block: Block, look: Look) -> str:
    head, *rows = block.rows
    top = "".join(f"<th>{inline(cell, look.markup)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{inline(cell, look.markup)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def write_block(block: Block, look: Look) -> str:
    """One block of a document as HTML."""
    kind = block.kind
    if kind == "para":
        return _paragraph(block.text, look)
    if kind == "heading":
        return f"<h{block.level}>{inline(block.text, look.markup)}</h{block.level}>"
    if kind == "display":
        return f'<div class="equation">{write_formula(look.markup, block.text, True)}</div>'
    if kind in ("list", "steps"):
        name = "ul" if kind == "list" else "ol"
        return f"<{name}>" + "".join(f"<li>{inline(item, look.markup)}</li>" for item in block.items) + f"</{name}>"
    if kind == "code":
        return f'<div class="highlight"><pre>{escape(block.text, quote=False)}</pre></div>'
    if kind == "quote":
        return f"<blockquote>{inline(block.text, look.markup)}</blockquote>"
    if kind == "solution":
        inner = "".join(f"<p>{inline(item, look.markup)}</p>" for item in block.items)
        hidden = f'<div class="hidden" style="display:none">{inner}</div>'
        return f'<div class="spoiler"><b>{inline(block.text, look.markup)}</b>{hidden}</div>'
    return _post(block, look) if kind == "post" else _table(block, look)


def write_page(document: Document, look: Look, url: str, meta: str, related: list[str], rng: random.Random) -> str:
    """The whole page. meta: the declaration of the charset, or nothing; related: titles of other pages of the host."""
    labels = _LABELS[look.lang]
    heads, cookie = labels[1].split("|"), labels[2].split("|")
    title = inline(document.title, "unicode")
    links = [f'<li><a href="/{index}">{inline(text, "unicode")}</a></li>' for index, text in enumerate(related)]
    banner = f'<div id="cookie-banner" role="dialog">{cookie[0]} <button>{cookie[1]}</button></div>'
    return _template(look.template).substitute(
        lang=look.lang,
        meta=meta,
        title=title,
        heading=inline(document.title, look.markup),
        site=escape(look.site),
        url=escape(url),
        head=HEAD.get(look.markup, "") if document.formulas else "",
        nav="".join(f'<li><a href="/{index}/">{escape(text)}</a></li>' for index, text in enumerate(look.nav)),
        nav_inline=" | ".join(escape(text) for text in look.nav),
        slogan=look.slogan,
        theme=look.theme,
        colour=f"{rng.getrandbits(24):06x}",
        number=rng.randint(3, 900),
        cookie=banner if look.cookie else "",
        body="\n".join(write_block(block, look) for block in document.blocks),
        tags=", ".join(escape(text) for text in look.nav[4:]),
        related_head=heads[rng.randrange(len(heads))],
        related="".join(links),
        ad=escape(rng.choice(look.ads)),
        author=escape(look.site),
        date=f"{rng.randint(2009, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        footer=look.footer,
    )
