"""Content codings (RFC 9110, section 8.4.1) of a document whose size is limited. A server may
compress a response although the request asked for none, and a few bytes may decompress to many.
"""

import importlib
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

MAX_CODINGS = 4


def decode(body: bytes, codings: str, max_bytes: int) -> bytes:
    """Decodes a JSON object with that `Content-Encoding`.

    Raises `ValueError` for an unsupported coding, for a damaged body, and for more than `max_bytes`
    of output; decoding stops there. A body that is already a JSON object is returned unchanged:
    servers send values that are not codings, such as `utf-8` or `aws-chunked`, and codings that a
    proxy has decoded.

    `br` and `zstd` require the packages that httpx uses: brotli or brotlicffi, zstandard.
    """
    names = [name.strip().lower() for name in codings.split(",") if name.strip()]
    if len(names) > MAX_CODINGS:
        raise ValueError("too many content codings")
    first_error = None
    for name in reversed(names):
        try:
            body = _decoded(body, name, max_bytes)
        except _TooLargeError:
            raise
        except ValueError as error:
            first_error = first_error or error
    if first_error is not None and not _is_like_an_object(body):
        raise first_error
    return body


class _TooLargeError(ValueError):
    """A body decodes to more bytes than allowed."""


def _decoded(body: bytes, name: str, max_bytes: int) -> bytes:
    decoder = _DECODERS.get(name)
    if decoder is None:
        raise ValueError(f"the content coding {name[:20]!r} is not supported")
    document = bytearray()
    for part in decoder(body, max_bytes + 1):
        document += part
        if len(document) > max_bytes:
            raise _TooLargeError(f"the document has more than {max_bytes} bytes")
    return bytes(document)


def _is_like_an_object(body: bytes) -> bool:
    return body.lstrip(b" \t\r\n").startswith(b"{")


_Decoder = Callable[[bytes, int], Iterator[bytes]]
"""Takes a body and a size. Yields the decoded parts, none much longer than the size."""


def _identity(body: bytes, _: int) -> Iterator[bytes]:
    yield body


def _gzip(body: bytes, most: int) -> Iterator[bytes]:
    """RFC 1952: one member, or several in sequence."""
    while body:
        body = yield from _inflate(body, most, 16 + zlib.MAX_WBITS)


def _deflate(body: bytes, most: int) -> Iterator[bytes]:
    """Deflate in the zlib format (RFC 1950), or raw, as some servers send it."""
    is_zlib = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    if (yield from _inflate(body, most, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)):
        raise ValueError("the compressed document is damaged")


def _inflate(body: bytes, most: int, window: int) -> Generator[bytes, None, bytes]:
    """Yields the content of one stream, and returns the bytes after it."""
    stream = zlib.decompressobj(window)
    try:
        while not stream.eof:
            part = stream.decompress(body, most)
            body = stream.unconsumed_tail
            if not part and not body and not stream.eof:
                raise ValueError("the compressed document is cut off")
            yield part
    except zlib.error:
        raise ValueError("the compressed document is damaged") from None
    return stream.unused_data


def _brotli(body: bytes, _: int) -> Iterator[bytes]:
    """RFC 7932."""
    module = _module("brotli", "brotlicffi")
    stream = module.Decompressor()
    yield from _byte_by_byte(stream.process, body, module.error)
    if not stream.is_finished():
        raise ValueError("the compressed document is cut off")


def _zstd(body: bytes, _: int) -> Iterator[bytes]:
    """RFC 8878, one frame with the window that RFC 9659 allows."""
    module = _module("zstandard")
    stream = module.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompressobj()
    yield from _byte_by_byte(stream.decompress, body, module.ZstdError)
    if not stream.eof:
        raise ValueError("the compressed document is cut off")


def _byte_by_byte(
    feed: Callable[[bytes], bytes], body: bytes, error: type[Exception]
) -> Iterator[bytes]:
    """Feeds one byte at a time, because not all versions can limit their output."""
    try:
        for index in range(len(body)):
            yield feed(body[index : index + 1])
    except error:
        raise ValueError("the compressed document is damaged") from None


def _module(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ValueError(f"the content coding requires the package {' or '.join(names)}")


_DECODERS: dict[str, _Decoder] = {
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
