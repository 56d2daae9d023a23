"""Requests that no service may answer: made from a seed, each with a name, for services of images and of texts."""

import io
import json
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from tests.conftest import picture

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
FORM = "multipart/form-data; boundary=cut"
JSON = "application/json"
BODY_BYTES = 2**20
"""The limit of the services that these requests are made for."""


class Malformed(NamedTuple):
    """A request.

    Attributes:
        name: What is wrong with it.
        content: The bytes on the connection.
        statuses: The statuses that are right for it.
    """

    name: str
    content: bytes
    statuses: tuple[int, ...]


def request(path, body=b"", kind="", method="POST", **headers):
    """The bytes of a request with a right length; ``content_length=None`` leaves a header out."""
    found = {"host": "localhost", "content-type": kind, "content-length": str(len(body))}
    found |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in found.items() if value)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def part(content, name="images", filename="a.jpg", more=""):
    """One part of a form, without its boundary."""
    file = "" if filename is None else f'; filename="{filename}"'
    return f'content-disposition: form-data; name="{name}"{file}\r\n{more}\r\n'.encode() + content


def form(*parts, end=b"--cut--\r\n"):
    """The body of a form."""
    return b"".join(b"--cut\r\n" + each + b"\r\n" for each in parts) + end


def of_images(seed: int = 0) -> list[Malformed]:
    """Malformed requests for a service that answers images."""
    random = np.random.default_rng(seed)
    found = [*_files(random), *_forms(random), *_lines(random), *_paths(), *_lengths("image/png")]
    return [
        *found,
        *_chunks("/predict/bytes", "image/png"),
        *_rest("/predict/bytes", "image/png", encoded("PNG")),
        *_methods(("/predict", "/predict/bytes")),
    ]


def of_texts(seed: int = 0) -> list[Malformed]:
    """Malformed requests for a service that answers texts."""
    random = np.random.default_rng(seed)
    return [
        *_documents(random),
        *_kinds(),
        *_lengths(JSON, "/predict"),
        *_chunks("/predict", JSON),
        *_rest("/predict", JSON, b'{"texts": ["a"]}'),
        *_methods(("/predict",)),
    ]


def encoded(name: str) -> bytes:
    """A small valid image in a format of Pillow."""
    file = io.BytesIO()
    Image.fromarray(picture(0, (40, 50))).save(file, name)
    return file.getvalue()


def _broken(content: bytes) -> bool:
    """Whether Pillow, which ignores some damage, refuses an image as well."""
    try:
        Image.open(io.BytesIO(content)).load()
    except Exception:  # Pillow raises many kinds of errors
        return True
    return False


def _files(random: np.random.Generator) -> Iterator[Malformed]:
    wrong = [("empty", b""), ("zeros", b"\0" * 500), ("text", b"hello"), ("html", b"<img src=x>"), ("svg", b"<svg/>")]
    wrong += [("pdf", b"%PDF-1.7\n"), ("zip", b"PK\3\4" + b"\0" * 60), ("elf", b"\x7fELF" + b"\1" * 90)]
    wrong += [(f"random bytes {n}", random.bytes(random.integers(1, 3000))) for n in range(12)]
    for name in FORMATS:
        whole = encoded(name)
        cuts = random.choice(np.arange(1, len(whole) * 3 // 4), 8, replace=False)
        wrong += [(f"{name} cut at {cut}", whole[:cut]) for cut in cuts if _broken(whole[:cut])]
        wrong += [(f"{name} after other bytes", b"\xff\0\1" + whole), (f"{name} in base64", b"data:image/;base64,AAAA")]
        made = 0
        while made < 20:
            content = bytearray(whole)
            for place in random.integers(0, min(len(whole), 400), random.integers(1, 12)):
                content[place] = random.integers(0, 256)
            if _broken(bytes(content)):
                wrong.append((f"{name} with other bytes, {made}", bytes(content)))
                made += 1
    wrong += _bombs()
    for number, (name, content) in enumerate(wrong):
        if number % 2:
            yield Malformed(f"{name}, as body", request("/predict/bytes", content, "image/png"), (422,))
        else:
            yield Malformed(f"{name}, in a form", request("/predict", form(part(content)), FORM), (422,))


def _bombs() -> list[tuple[str, bytes]]:
    """Files whose headers ask for gigabytes."""
    found = []
    for side in (20_000, 60_000, 2**31 - 1):
        png = bytearray(encoded("PNG"))
        png[16:24] = struct.pack(">II", side, side)
        found.append((f"PNG of {side} pixels", bytes(png)))
    jpeg = encoded("JPEG")
    start = jpeg.index(b"\xff\xc0") + 5
    found.append(("JPEG of 65,500 pixels", jpeg[:start] + struct.pack(">HH", 65_500, 65_500) + jpeg[start + 4 :]))
    gif = encoded("GIF")
    found.append(("GIF of 65,535 pixels", gif[:6] + b"\xff\xff\xff\xff" + gif[10:]))
    bmp = encoded("BMP")
    found.append(("BMP of 100,000 pixels", bmp[:18] + struct.pack("<ii", 100_000, 100_000) + bmp[26:]))
    canvas = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\xfe\xff\xff" * 2
    found.append(("WebP of 16,777,215 pixels", b"RIFF" + struct.pack("<I", len(canvas)) + canvas))
    return found


def _forms(random: np.random.Generator) -> Iterator[Malformed]:
    good = part(encoded("PNG"))
    whole = form(good)
    wrong: dict[str, tuple[bytes, str]] = {
        "no parts": (form(), FORM),
        "only the end": (b"--cut--", FORM),
        "another name": (form(part(encoded("PNG"), "image")), FORM),
        "an empty name": (form(part(encoded("PNG"), "")), FORM),
        "a path as name": (form(part(encoded("PNG"), "../../images")), FORM),
        "one more field": (form(good, part(b"1", "size", None)), FORM),
        "one more file": (form(good, part(encoded("PNG"), "masks")), FORM),
        "a text, no file": (form(part(b"photo.jpg", "images", None)), FORM),
        "a text beside a file": (form(good, part(b"photo.jpg", "images", None)), FORM),
        "65 files": (form(*[part(b"x")] * 65), FORM),
        "1,001 files": (form(*[part(b"")] * 1001), FORM),
        "1,001 fields": (form(*[part(b"", "a", None)] * 1001), FORM),
        "an empty file": (form(part(b"")), FORM),
        "a good file and an empty one": (form(good, part(b"")), FORM),
        "no last boundary": (form(good, end=b""), FORM),
        "half a last boundary": (form(good, end=b"--cut-"), FORM),
        "a second file that is cut": (form(good) [:-9] + b"--cut\r\n" + good[:300], FORM),
        "another boundary": (whole, "multipart/form-data; boundary=other"),
        "no boundary": (whole, "multipart/form-data"),
        "an empty boundary": (whole, "multipart/form-data; boundary="),
        "a boundary of 5,000 letters": (whole, f"multipart/form-data; boundary={'c' * 5000}"),
        "an open quotation mark": (whole, 'multipart/form-data; boundary="cu'),
        "line feeds alone": (whole.replace(b"\r\n", b"\n"), FORM),
        "no disposition": (form(b"content-type: image/png\r\n\r\n" + encoded("PNG")), FORM),
        "no headers": (form(b"\r\n" + encoded("PNG")), FORM),
        "a header without colon": (form(b"content-disposition\r\n\r\nx"), FORM),
        "a header that never ends": (b"--cut\r\ncontent-disposition: " + b"x" * 100_000, FORM),
        "5,000 headers": (form(part(b"x", more="a: b\r\n" * 5000)), FORM),
        "a name of 100,000 letters": (form(part(b"x", "n" * 100_000)), FORM),
        "a NUL in the name": (form(part(b"x", "images\0")), FORM),
        "a surrogate in the name": (form(b'content-disposition: form-data; name="\xed\xa0\x80"\r\n\r\nx'), FORM),
        "an extended name": (form(b"content-disposition: form-data; name*=utf-8''images; filename=a\r\n\r\nx"), FORM),
        "a form in a form": (form(part(whole, filename=None, more=f"content-type: {FORM}\r\n")), FORM),
        "base64": (form(part(b"aGVsbG8=", more="content-transfer-encoding: base64\r\n")), FORM),
        "a second form": (whole + whole, FORM),
        "text after the end": (whole + b"bye", FORM),
        "text before the form": (b"\r\nhello" + whole, FORM),
        "a long preamble": (b"x" * 300_000, FORM),
        "line ends as preamble": (b"\r\n" * 100_000, FORM),
        "nearly boundaries": (form(part(b"\r\n--cu" * 50_000), end=b""), FORM),
        "hyphens after the end": (b"--cut--" + b"-" * 300_000, FORM),
        "fields of a web form": (b"images=photo.jpg&images=other.jpg", "application/x-www-form-urlencoded"),
        "semicolons": (b";" * 100_000, "application/x-www-form-urlencoded"),
        "JSON": (b'{"images": ["photo.jpg"]}', JSON),
        "an image without a form": (encoded("PNG"), "image/png"),
        "no type": (whole, ""),
        "a mixed form": (whole, "multipart/mixed; boundary=cut"),
        "bytes as type": (whole, "\xff\xfe"),
    }  # fmt: skip
    for charset in ("undefined", "idna", "punycode", "rot13", "utf-16", "unicode_escape", "x" * 200):
        wrong[f"charset {charset[:20]}"] = (form(part(b"\xff", "\u00e9" * 9, None)), f"{FORM}; charset={charset}")
    for cut in sorted(random.choice(np.arange(1, len(whole) - 10), 30, replace=False)):
        wrong[f"cut at {cut}"] = (whole[:cut], FORM)
    for number in range(25):
        content = bytearray(whole)
        places = random.integers(0, whole.index(b"\r\n\r\n") - 2, 6)
        for place in places:
            content[place] = random.integers(0, 256)
        if b'; name="images"; filename="' not in content or not content.startswith(b"--cut\r\n"):
            wrong[f"other bytes in the head, {number}"] = (bytes(content), FORM)
    for name, (body, kind) in wrong.items():
        yield Malformed(f"form: {name}", request("/predict", body, kind), (400, 413, 415, 422))


def _lines(random: np.random.Generator) -> Iterator[Malformed]:
    """First lines and headers that are no HTTP, or too much of it."""
    rest = b"\r\nhost: x\r\n\r\n"
    lines = {
        "no HTTP": b"hello\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(60) + b"\r\n\r\n",
        "SSH": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/3": b"GET / HTTP/3" + rest,
        "HTTP/1.10": b"GET / HTTP/1.10" + rest,
        "http/1.1": b"GET / http/1.1" + rest,
        "no version": b"GET /" + rest,
        "no target": b"GET HTTP/1.1" + rest,
        "a space in the target": b"GET /a b HTTP/1.1" + rest,
        "a tab as separator": b"GET\t/\tHTTP/1.1" + rest,
        "a NUL in the target": b"GET /\0 HTTP/1.1" + rest,
        "bytes in the target": b"GET /\xff\xfe HTTP/1.1" + rest,
        "bytes in the method": b"G\xffT / HTTP/1.1" + rest,
        "no host": b"GET / HTTP/1.1\r\n\r\n",
        "two hosts": b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "a space before the colon": b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        "a header without colon": b"GET / HTTP/1.1\r\nhost: x\r\nnothing\r\n\r\n",
        "a header without name": b"GET / HTTP/1.1\r\nhost: x\r\n: a\r\n\r\n",
        "a NUL in a header": b"GET / HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n",
        "a first header that goes on": b"GET / HTTP/1.1\r\n host: x\r\n\r\n",
        "a carriage return in a header": b"GET / HTTP/1.1\r\nhost: x\r\na: b\rc\r\n\r\n",
        "a long header": b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"b" * 200_000 + b"\r\n\r\n",
        "10,000 headers": b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
        "a long target": b"GET /" + b"a" * 200_000 + b" HTTP/1.1" + rest,
        "a long method": b"A" * 200_000 + b" / HTTP/1.1" + rest,
    }
    for number in range(20):
        lines[f"random bytes {number}"] = random.bytes(random.integers(1, 200)) + b"\r\n\r\n"
    for name, content in lines.items():
        yield Malformed(f"line: {name}", content, (400, 431))


def _lengths(kind: str, path: str = "/predict/bytes") -> Iterator[Malformed]:
    values = ("-1", "+5", "1_0", "5.0", "5e0", "0x5", "five", "5 5", "5,6", "5;", "٥", "²", "9" * 21, "9" * 5000)
    for value in values:
        given = request(path, b"12345", kind, content_length=value.encode().decode("latin-1"))
        yield Malformed(f"content-length {value[:10]} of {len(value)}, {path}", given, (400, 413))
    for value in (BODY_BYTES + 1, 50 * 2**20, 2**31, 2**63, 10**19):
        yield Malformed(f"content-length {value}, {path}", request(path, b"", kind, content_length=str(value)), (413,))
    pairs = {
        "two lengths": "content-length: 4\r\ncontent-length: 5",
        "a length and chunks": "content-length: 5\r\ntransfer-encoding: chunked",
        "chunks and a length": "transfer-encoding: chunked\r\ncontent-length: 5",
        "two codings": "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "gzip and chunks": "transfer-encoding: gzip, chunked",
        "identity": "transfer-encoding: identity",
        "an unknown coding": "transfer-encoding: xchunked",
        "chunks with a tab": "transfer-encoding: chunked\x0b",
    }
    for name, lines in pairs.items():
        content = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\n{lines}\r\n\r\n0\r\n\r\n".encode()
        yield Malformed(f"{name}, {path}", content, (400, 501))
    for coding in ("gzip", "deflate", "br", "zstd", "compress", "gzip, gzip", "x"):
        given = request(path, b"\x1f\x8b\x08\0" + bytes(40), kind, content_encoding=coding)
        yield Malformed(f"content-encoding {coding}, {path}", given, (415,))
    two = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n"
    yield Malformed(f"two content types, {path}", two.encode(), (400,))
    yield Malformed(f"a body that is too large, {path}", request(path, b"x" * (BODY_BYTES + 1), kind), (413,))


def _rest(path: str, kind: str, body: bytes) -> Iterator[Malformed]:
    """Valid requests with something that no address reads."""
    for query in ("top=3", "=", "&", "%", "a" * 5000):
        yield Malformed(f"query {query[:10]}, {path}", request(f"{path}?{query}", body, kind), (422,))
        yield Malformed(f"GET with query {query[:10]}", request(f"/about?{query}", method="GET"), (422,))
    yield Malformed("GET with a body", request("/about", body, kind, "GET"), (400,))


def _chunks(path: str, kind: str) -> Iterator[Malformed]:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    wrong = {
        "no size": b"\r\nabc\r\n0\r\n\r\n", "letters": b"xyz\r\nabc\r\n0\r\n\r\n", "negative": b"-3\r\nabc\r\n0\r\n\r\n",
        "hexadecimal": b"0x3\r\nabc\r\n0\r\n\r\n", "underscore": b"0_3\r\nabc\r\n0\r\n\r\n", "plus": b"+3\r\nabc\r\n0\r\n\r\n",
        "too long": b"2\r\nabc\r\n0\r\n\r\n", "no end of chunk": b"3\r\nabcd\r\n0\r\n\r\n", "huge": b"f" * 21 + b"\r\nabc\r\n",
        "long extension": b"3;" + b"e" * 200_000 + b"\r\nabc\r\n0\r\n\r\n", "broken trailer": b"0\r\nno colon\r\n\r\n",
        "spaces": b" 3 \r\nabc\r\n0\r\n\r\n", "many bytes": b"110000\r\n" + b"x" * 0x110000 + b"\r\n0\r\n\r\n",
        "many small chunks": b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n", "nothing": b"0\r\n\r\n",
    }  # fmt: skip
    for name, body in wrong.items():
        yield Malformed(f"chunks: {name}, {path}", head + body, (400, 413, 422))


def _paths() -> Iterator[Malformed]:
    paths = [
        "/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%252f..%252fetc/passwd",
        "/....//etc/passwd",
        "//etc/passwd", "///", "//evil.example/predict", "/predict/", "/predict//", "/Predict", "/PREDICT", "/predict;a=b",
        "/predict%00",
        "/predict%20", "/predict.json", "/predict/..", "/predict/../predict", "/./predict", "/predict/bytes/",
        "/predict%2fbytes/x",
        "/docs/", "/docs/../predict", "/docs/oauth2-redirect", "/redoc", "/openapi.yaml", "/static/", "/.env", "/.git/config",
        "/admin",
        "/page.html", "/addresses.html", "/tfft/serving/page.html", "/manifest.json", "/%c0%ae%c0%ae/etc/passwd", "/%ff%fe",
        "/\\..\\..",
        "/a?b#c", "/~root", "/proc/self/environ", "/file:///etc/passwd", "http://evil.example/predict",
        "https://evil.example:99/",
        "*", "predict", "?", "evil.example:443", "/" + "a" * 8000, "/" + "../" * 2000, "/%", "/%zz", "/predict/bytes%0d%0ax:y",
    ]  # fmt: skip
    for path in paths:
        yield Malformed(f"GET {path[:60]}", request(path, method="GET"), (400, 404, 405))


def _methods(paths: tuple[str, ...]) -> Iterator[Malformed]:
    for path in paths:
        for method in (
            "GET",
            "PUT",
            "DELETE",
            "PATCH",
            "TRACE",
            "OPTIONS",
            "PROPFIND",
            "get",
            "post",
            "FOO",
            "A" * 500,
        ):
            yield Malformed(f"{method[:10]} {path}", request(path, b"x", "text/plain", method), (405,))
        yield Malformed(f"CONNECT {path}", request(path, method="CONNECT"), (400, 405))
    for path in ("/", "/docs", "/about", "/health", "/ready", "/metrics", "/openapi.json"):
        for method in ("POST", "DELETE"):
            yield Malformed(f"{method} {path}", request(path, b"{}", JSON, method), (405,))


def _documents(random: np.random.Generator) -> Iterator[Malformed]:
    """Bodies of a service for texts."""
    good = b'{"texts": ["a good film", "a bad film"]}'
    wrong = [
        b"", b" ", b"{", b"}", b"[]", b"{}", b"null", b"true", b"7", b'"texts"', b"texts", b"{texts: []}", b"{'texts': ['a']}",
        b'{"texts"}', b'{"texts":}', b'{"texts": }', b'{"texts": [}', b'{"texts": ["a"]', b'{"texts": ["a]}',
        b'{"texts": ["a",]}',
        b'{"texts": ["a"]},', b'{"texts": ["a"]} {"texts": ["b"]}', b'{"texts": ["a"]}\0', b'{"texts": ["a"], "texts": ["b"]}',
        b'{"texts": ["a"], "more": 1}', b'{"texts": ["a"], "\\ud800": 1}', b'{"Texts": ["a"]}', b'{"text": "a"}',
        b'{"inputs": ["a"]}',
        b'{"instances": ["a"]}', b'{"texts": []}', b'{"texts": null}', b'{"texts": 7}', b'{"texts": "a"}', b'{"texts": {}}',
        b'{"texts": {"0": "a"}}', b'{"texts": [null]}', b'{"texts": [7]}', b'{"texts": [1.5]}', b'{"texts": [true]}',
        b'{"texts": [{}]}',
        b'{"texts": [[]]}', b'{"texts": [["a"]]}', b'{"texts": [["a", "b", "c"]]}', b'{"texts": [["a", 7]]}',
        b'{"texts": [["a", null]]}',
        b'{"texts": [["a", ["b"]]]}', b'{"texts": [NaN]}', b'{"texts": [Infinity]}', b'{"texts": [-Infinity]}',
        b'{"texts": ["a", NaN]}',
        b'{"texts": [1e999]}', b'{"texts": [' + b"9" * 5000 + b"]}", b'{"texts": ["\\ud800"]}', b'{"texts": ["\\udc00\\ud800"]}',
        b'{"texts": ["a\\ud83d"]}', b'{"texts": ["\xed\xa0\x80"]}', b'{"texts": ["\xff\xfe"]}', b'{"texts": ["\xc0\x80"]}',
        b'{"texts": ["\xf4\x90\x80\x80"]}', b'{"texts": ["\xe4\xbd"]}', b'{"texts": ["\\x41"]}', b'{"texts": ["\\u12"]}',
        b'{"texts": ["a\nb"]}', b'{"texts": ["a\0b"]}', b'// comment\n{"texts": ["a"]}', b"<texts><text>a</text></texts>",
        b"texts=a",
        b"\x80\x04\x95\x0b\0\0\0", b"\x1f\x8b\x08\0\0", "{\"texts\": [\"a\"]}".encode("utf-16"),
        "{\"texts\": [\"a\"]}".encode("utf-32"),
        b'\xef\xbb\xbf\xef\xbb\xbf{"texts": ["a"]}',
        b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"texts":' * 50_000,
        b'{"texts": ' + b"[" * 1000 + b'"a"' + b"]" * 1000 + b"}",
        b"[" + b"[]," * 200_000 + b"[]]", b'{"texts": [' + b'"",' * 200_000 + b'""]}',
        b'{"texts": [' + b"{}," * 100_000 + b"{}]}",
        json.dumps({"texts": ["a"] * 65}).encode(), json.dumps({"texts": ["a"] * 10_000}).encode(),
        json.dumps({f"k{n}": "a" for n in range(5000)}).encode(), json.dumps({"texts": ["a"], "k" * 100_000: 1}).encode(),
        json.dumps({"__proto__": {}, "texts": ["a"]}).encode(), json.dumps({"texts": [{"__class__": "Text",
        "first": "a"}]}).encode(),
    ]  # fmt: skip
    for cut in range(1, len(good) - 1):
        wrong.append(good[:cut])
    made = 0
    while made < 60:
        content = bytearray(good)
        for place in random.integers(0, len(good), random.integers(1, 4)):
            content[place] = random.integers(0, 256)
        if not _valid(bytes(content)):
            wrong.append(bytes(content))
            made += 1
    for number, body in enumerate(wrong):
        yield Malformed(f"document {number}: {body[:30]!r}", request("/predict", body, JSON), (422,))


def _valid(content: bytes) -> bool:
    """Whether a JSON document is what a service for texts reads."""
    try:
        values = json.loads(content.decode())
    except ValueError:
        return False
    return set(values) == {"texts"} and all(isinstance(each, str) for each in values["texts"])


def _kinds() -> Iterator[Malformed]:
    good = b'{"texts": ["a"]}'
    for kind in ("", "text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded", FORM, "json", "*/*",
    "/", ";",
                 "application/jsonp", "application/json-seq", "\xff", "a" * 5000):  # fmt: skip
        yield Malformed(f"type {kind[:30]!r}", request("/predict", good, kind), (415,))
    for path in ("/predict/bytes", "/predict/", "/predict/texts"):
        yield Malformed(f"POST {path}", request(path, good, JSON), (404,))
