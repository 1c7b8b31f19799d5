"""Key sets that the server compresses without being asked, and decompression bombs."""

import gzip
import json
import sys
import zlib
from http.server import BaseHTTPRequestHandler

import pytest

from better_auth_edge.content_coding import decode
from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import Publisher, respond
from tests.key_lookups import join_fetches

MOST = 1000
TEXT = b'{"keys": []}' * 20


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT)),
        (" x-gzip ,", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
        ("identity, gzip", gzip.compress(TEXT)),
        # a wrong coding for a body that is readable all the same
        ("utf-8", TEXT),
        ("aws-chunked", TEXT),
        ("compress", b" \n" + TEXT),
        ("gzip", TEXT),
        ("deflate", TEXT),
        ("br", TEXT),
        ("zstd", TEXT),
        ("gzip, gzip", gzip.compress(TEXT)),
        ("aws-chunked, gzip", gzip.compress(TEXT)),
        ("gzip, aws-chunked", gzip.compress(TEXT)),
    ],
)
def test_what_a_server_has_compressed_is_read(codings: str, body: bytes) -> None:
    assert decode(body, codings, MOST).strip() == TEXT


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("gzip", b"text"),
        ("gzip", gzip.compress(TEXT)[:-9]),
        ("gzip", gzip.compress(TEXT)[:-1]),
        ("gzip", gzip.compress(TEXT) + b"x"),
        ("gzip", gzip.compress(TEXT)[:-8] + bytes(8)),
        ("deflate", b"text"),
        ("deflate", zlib.compress(TEXT)[:-5]),
        ("deflate", zlib.compress(TEXT) + b"x"),
        ("compress", b"text"),
        ("aws-chunked", gzip.compress(TEXT)),
        ("gzip, gzip", gzip.compress(b"text")),
        ("gzip;q=1", gzip.compress(TEXT)),
        ("gzip, " * 5, gzip.compress(TEXT)),
    ],
)
def test_what_cannot_be_read_whole_is_an_error(codings: str, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|cut off|not supported|too many"):
        decode(body, codings, MOST)


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("gzip", gzip.compress(bytes(5_000_000))),
        ("deflate", zlib.compress(bytes(5_000_000))),
        ("gzip, gzip", gzip.compress(gzip.compress(bytes(5_000_000)))),
        ("gzip", gzip.compress(bytes(600)) * 2),
        ("gzip", gzip.compress(bytes(MOST + 1))),
        ("identity", bytes(MOST + 1)),
    ],
)
def test_a_body_that_decodes_beyond_the_limit_is_rejected(codings: str, body: bytes) -> None:
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        decode(body, codings, MOST)
    assert decode(gzip.compress(bytes(MOST)), "gzip", MOST) == bytes(MOST)


@pytest.mark.parametrize(("coding", "package"), [("br", "brotli"), ("zstd", "zstandard")])
def test_a_missing_package_for_a_coding_is_named(
    coding: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (package, "brotlicffi"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=package):
        decode(b"compressed", coding, MOST)


def test_brotli_is_read_as_httpx_does() -> None:
    brotli = pytest.importorskip("brotli")
    assert decode(brotli.compress(TEXT), "br", MOST) == TEXT
    with pytest.raises(ValueError, match="more than"):
        decode(brotli.compress(bytes(5_000_000)), "br", MOST)
    for body in (brotli.compress(TEXT)[:-1], b"text"):
        with pytest.raises(ValueError, match=r"damaged|cut off"):
            decode(body, "br", MOST)


def test_zstandard_is_read_as_httpx_does() -> None:
    zstandard = pytest.importorskip("zstandard")
    compress = zstandard.ZstdCompressor().compress
    assert decode(compress(TEXT), "zstd", MOST) == TEXT
    with pytest.raises(ValueError, match="more than"):
        decode(compress(bytes(5_000_000)), "zstd", MOST)
    for body in (compress(TEXT)[:-3], b"text"):
        with pytest.raises(ValueError, match=r"damaged|cut off"):
            decode(body, "zstd", MOST)


def compressed(better_auth: Publisher, coding: str, body: bytes) -> None:
    def handle(request: BaseHTTPRequestHandler) -> None:
        respond(request, 200, body, {"Content-Encoding": coding})

    better_auth.handler = handle


def test_keys_that_come_compressed_are_used(better_auth: Publisher) -> None:
    document = json.dumps({"keys": better_auth.keys}).encode()
    for coding, body in [("gzip", gzip.compress(document)), ("deflate", zlib.compress(document))]:
        compressed(better_auth, coding, body)
        client = by_tokens(better_auth)
        assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"


def test_an_endless_key_set_is_rejected(
    better_auth: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    compressed(better_auth, "gzip", gzip.compress(b"[" + b" " * 10_000_000 + b"]"))
    response = by_tokens(better_auth).get("/me", headers=bearer(better_auth.token()))
    assert outcome(response) == "503 keys_unavailable"
    assert "more than 262144 bytes" in caplog.text


def test_a_byte_order_mark_is_named(
    better_auth: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    document = b"\xef\xbb\xbf" + json.dumps({"keys": better_auth.keys}).encode()
    better_auth.handler = lambda request: respond(request, 200, document)
    response = by_tokens(better_auth).get("/me", headers=bearer(better_auth.token()))
    assert outcome(response) == "503 keys_unavailable"
    join_fetches()
    assert "begins with a byte order mark" in caplog.text


def test_a_private_member_that_is_null_counts_as_absent(better_auth: Publisher) -> None:
    better_auth.keys = [{**better_auth.key.jwk, "d": None, "k": None, "oth": None}]
    client = by_tokens(better_auth)
    assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"


def test_the_url_of_a_key_set_may_have_a_query(better_auth: Publisher) -> None:
    url = f"{better_auth.url}/discovery/keys?p=B2C_1&v=2.0"
    client = by_tokens(better_auth, jwks_url=url)
    assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"
    assert better_auth.paths == ["/discovery/keys?p=B2C_1&v=2.0"]
