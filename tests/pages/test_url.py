"""One normal form for the addresses of one page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.pages.url import host_and_path, normalise


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://A.com", "http://a.com/"),
        ("https://www.a.com:443/x/", "http://a.com/x"),
        ("http://a.com:8080/x", "http://a.com:8080/x"),
        ("http://a.com/x//y/./z/../w?b=2&a=1#top", "http://a.com/x/y/w?a=1&b=2"),
        ("http://a.com/index.html", "http://a.com/"),
        ("http://a.com/x?utm_source=y&id=3&fbclid=z", "http://a.com/x?id=3"),
        ("http://a.com/x;jsessionid=12AB?q=1", "http://a.com/x?q=1"),
        ("http://a.com/%7Euser/%e4%bd%a0", "http://a.com/~user/%E4%BD%A0"),
        ("http://a.com/你", "http://a.com/%E4%BD%A0"),
        ("  http://a.com/x  ", "http://a.com/x"),
        ("http://[::1]/x", "http://[::1]/x"),
    ],
)
def test_normal_form(url: str, normal: str) -> None:
    assert normalise(url) == normal


@pytest.mark.parametrize(
    "url", ["", "mailto:a@b", "ftp://a.com/x", "http://", "http:///x", "http://a.com:x/", "nonsense"]
)
def test_no_page(url: str) -> None:
    assert normalise(url) is None


def test_different_pages_stay_different() -> None:
    urls = ["http://a.com/x?id=1", "http://a.com/x?id=2", "http://a.com/X", "http://b.a.com/x", "http://a.com/x/1"]
    assert len({normalise(url) for url in urls}) == len(urls)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_twice_is_once_for_any_path(rest: str) -> None:
    once = normalise("http://host.org/" + rest)
    assert once is None or normalise(once) == once


@settings(deadline=None)
@given(st.text(alphabet="abz.:/?&=%;#@-_~+ 你é0129", max_size=60))
def test_twice_is_once_for_hard_characters(rest: str) -> None:
    for url in ("http://" + rest, "https://www.a.com/?" + rest, "http://a.com/" + rest):
        once = normalise(url)
        if once is not None:
            assert normalise(once) == once
            host, path = host_and_path(once)
            assert once == f"http://{host}{path}"
