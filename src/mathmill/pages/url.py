"""URLs as keys: one normal form, and the host and path by which hosts are counted and paths are marked."""

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}
_TRACKING = re.compile(r"^(utm_\w+|fbclid|gclid|msclkid|phpsessid|jsessionid|sessionid|sid|ref_src)$", re.IGNORECASE)
_SESSION_PATH = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
_SAFE = "/:@!$&'()*+,;=-._~"


def normalise(url: str) -> str | None:
    """The normal form under which two URLs are the same page, or None if it is no http(s) URL.

    Scheme dropped to http, host in lower case without `www.` and default port, path percent-encoded one way, without
    empty steps, session ids and `index.html`; query sorted, without tracking keys; fragment dropped. Applying it twice
    changes nothing.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme.lower() not in _PORTS or not host or re.search(r"[\s/\\@?#]", host):
        return None
    while host.startswith("www."):
        host = host[4:]
    if not host:
        return None
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port not in _PORTS.values():
        host = f"{host}:{port}"
    return urlunsplit(("http", host, _path(parts.path), _query(parts.query), ""))


def _path(path: str) -> str:
    path = quote(_SESSION_PATH.sub("", unquote(path)), safe=_SAFE)
    steps: list[str] = []
    for step in _SLASHES.sub("/", path).split("/")[1:]:
        if step == "..":
            del steps[-1:]
        elif step != ".":
            steps.append(step)
    while steps and steps[-1].lower() in ("index.html", "index.htm", "index.php", ""):
        steps.pop()
    return "/" + "/".join(steps)


def _query(query: str) -> str:
    pairs = [(key, value) for key, value in parse_qsl(query, keep_blank_values=True) if not _TRACKING.match(key)]
    return urlencode(sorted(pairs))


def host_and_path(normal: str) -> tuple[str, str]:
    """Host and path of a normal form; the path keeps the query, so that `host + path` tells pages apart."""
    parts = urlsplit(normal)
    return parts.netloc, parts.path + (f"?{parts.query}" if parts.query else "")
