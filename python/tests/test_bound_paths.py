"""An assertion that is bound to a path is valid on that path only, with any ASGI server."""

from collections.abc import Iterator
from types import EllipsisType
from typing import Annotated, Any
from urllib.parse import unquote

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from better_auth_edge.request_path import is_path_of
from tests.apps import asserted
from tests.better_auth import ORIGIN, Edge

PATHS = [
    "/",
    "/api/ada/files/plain.txt",
    "/api/ada/files/my%20file.txt",
    "/api/ada/files/caf%C3%A9",
    "/api/ada@example.com/files/a:b,c",
    "/api/ada%40example.com/files/a%3Ab%2Cc",
    "/api/ada/files/a+b=c;d",
    "/api/ada/files/a%2Bb%3Dc%3Bd",
    "/api/ada/files/what%3F",
    "/api/ada/files/100%25",
    "/api/ada/files/it's",
    "/api/ada/files/",
]


def seen_by_servers(sent: str) -> Iterator[tuple[str, dict[str, Any]]]:
    path = unquote(sent)
    yield "as it was sent (uvicorn, hypercorn)", {"raw_path": sent.encode()}
    yield "as it was sent, with the query", {"raw_path": f"{sent}?next=/x".encode()}
    yield "decoded (Granian before 2.2.1)", {"raw_path": path.encode()}
    yield "decoded, with the query", {"raw_path": f"{path}?next=/x".encode()}
    yield "text in place of bytes", {"raw_path": sent}
    yield "absent (Mangum)", {}
    yield "None (asgiref)", {"raw_path": None}
    yield "below a root path, taken off both", {"raw_path": sent.encode(), "root_path": "/v1"}
    yield "below a root path, taken off, without", {"root_path": "/v1"}
    full = {"path": f"/v1{path}", "root_path": "/v1"}
    yield "below a root path, in both", {**full, "raw_path": f"/v1{sent}".encode()}
    yield "below a root path, in path alone", {**full, "raw_path": sent.encode()}
    yield "below a root path, decoded", {**full, "raw_path": f"/v1{path}".encode()}
    yield "below a root path, without", full
    mounted = {**full, "root_path": "/v1/inner", "app_root_path": "/v1"}
    yield "mounted", {**mounted, "raw_path": f"/v1{sent}".encode()}


CASES = [
    (sent, {"path": unquote(sent), **told}) for sent in PATHS for _, told in seen_by_servers(sent)
]


def htu(path: str, scope: dict[str, Any]) -> str:
    return f"{ORIGIN}{scope.get('app_root_path', scope.get('root_path', ''))}{path}"


@pytest.mark.parametrize(("sent", "scope"), CASES)
def test_the_path_is_the_same(sent: str, scope: dict[str, Any]) -> None:
    assert is_path_of(htu(sent, scope), scope)


@pytest.mark.parametrize(("sent", "scope"), CASES)
def test_another_path_is_another(sent: str, scope: dict[str, Any]) -> None:
    for other in PATHS:
        if unquote(other) != unquote(sent):
            assert not is_path_of(htu(other, scope), scope), other
    for other in (f"{sent}x", f"/x{sent}", f"/v1{sent}"):
        assert not is_path_of(htu(other, scope), scope), other


@pytest.mark.parametrize(
    ("expected", "sent"),
    [
        ("/a-b", "/a%2db"),
        ("/a~b", "/a%7Eb"),
        ("/caf%C3%A9", "/caf%c3%a9"),
        ("/a%3Ab", "/a%3ab"),
        ("/a%2Fb", "/a%2fb"),
        ("/a%20b", "/a b"),
        ("/caf%C3%A9", "/caf\xe9"),
    ],
)
def test_two_spellings_of_one_path_are_one(expected: str, sent: str) -> None:
    for told in (sent, sent.encode()):
        assert is_path_of(f"{ORIGIN}{expected}", {"path": unquote(sent), "raw_path": told})


@pytest.mark.parametrize(
    ("expected", "sent"),
    [
        ("/a/b", "/a%2Fb"),
        ("/a%2Fb", "/a/b"),
        ("/a;b", "/a%3Bb"),
        ("/a?b", "/a%3Fb"),
        ("/a", "/a%3Fb"),
        ("/aA", "/a%2541"),
        ("/%FF", "/%EF%BF%BD"),
        ("/a", "/a/"),
    ],
)
def test_a_character_that_means_something_is_not_its_encoding(expected: str, sent: str) -> None:
    scope = {"path": unquote(sent), "raw_path": sent.encode()}
    assert not is_path_of(f"{ORIGIN}{expected}", scope)


@pytest.mark.parametrize("raw", [..., None, b"/a/b", "/a/b"])
def test_an_encoded_slash_is_not_a_separator_if_the_server_has_decoded_it(
    raw: bytes | str | EllipsisType | None,
) -> None:
    scope = {"path": "/a/b"} if raw is ... else {"path": "/a/b", "raw_path": raw}
    for expected in ("/a%2Fb", "/a%2fb"):
        assert not is_path_of(f"{ORIGIN}{expected}", scope)


@pytest.mark.parametrize("url", [None, 7, "", "https://[", ["/a"], {"a": 1}])
def test_other_values_are_not_paths(url: object) -> None:
    assert not is_path_of(url, {"path": "/a", "raw_path": b"/a"})


def test_a_path_that_the_app_rewrites_is_that_which_was_sent() -> None:
    scope = {"path": "/tasks", "raw_path": b"/old%20prefix/tasks"}
    assert is_path_of(f"{ORIGIN}/old%20prefix/tasks", scope)
    assert not is_path_of(f"{ORIGIN}/tasks", scope)


@pytest.mark.parametrize("raw", [{}, {"raw_path": b"/a%20b"}])
def test_a_root_path_may_be_taken_off_before_the_edge_or_behind_it(raw: dict[str, Any]) -> None:
    scope = {"path": "/a b", "root_path": "/v1", **raw}
    assert is_path_of(f"{ORIGIN}/a%20b", scope)
    assert is_path_of(f"{ORIGIN}/v1/a%20b", scope)
    whole = {"path": "/v1/a b", "root_path": "/v1", **({"raw_path": b"/v1/a%20b"} if raw else {})}
    assert not is_path_of(f"{ORIGIN}/a%20b", whole)
    assert not is_path_of(f"{ORIGIN}/v1/v1/a%20b", whole)


@pytest.mark.parametrize("root_path", ["", "/v1"])
def test_it_holds_in_mounted_apps_and_below_root_paths(edge: Edge, root_path: str) -> None:
    auth = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    app, inner, innermost = FastAPI(), FastAPI(), FastAPI()
    auth.install(app)

    @app.get("/files/{name}")
    @inner.get("/files/{name}")
    @innermost.get("/files/{name}")
    async def read(name: str, _: Annotated[User, Depends(auth.current_user)]) -> str:
        return name

    inner.mount("/b", innermost)
    app.mount("/a", inner)
    client = TestClient(app, root_path=root_path)
    for prefix in ("", "/a", "/a/b"):
        path = f"{root_path}{prefix}/files/a%20b:c"
        for bound, status in ((path, 200), (f"{prefix}/files/a%20b:d", 401)):
            headers = asserted(edge.assertion(htm="GET", htu=f"{ORIGIN}{bound}"))
            response = client.get(f"{root_path}{prefix}/files/a%20b:c", headers=headers)
            assert response.status_code == status, (prefix, bound)
