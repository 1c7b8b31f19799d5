"""The OpenAPI documents list the rejections and the requirements of a route."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.openapi.utils import get_openapi
from fastapi.security import APIKeyHeader
from fastapi.testclient import TestClient
from pydantic import BaseModel

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User, problem_responses
from tests.apps import app_for
from tests.better_auth import JSON, ORIGIN

REQUIRED: list[JSON] = [{"BetterAuth": []}]
OPTIONAL: list[JSON] = [{}, *REQUIRED]
NOTHING_LISTENS = "http://127.0.0.1:9"


@pytest.fixture(params=["jwks", "assertion"])
def auth(request: pytest.FixtureRequest) -> EdgeAuth[Any]:
    if request.param == "jwks":
        return EdgeAuth(EdgeAuthSettings(better_auth_url=NOTHING_LISTENS))
    return EdgeAuth(EdgeAuthSettings(edge_jwks_url=NOTHING_LISTENS, edge_audience=ORIGIN))


def check_rejections(document: JSON, operation: JSON) -> None:
    for status in ("401", "403", "503"):
        (media_type, content), *more = operation["responses"][status]["content"].items()
        assert (media_type, more) == ("application/problem+json", [])
        name = content["schema"]["$ref"].removeprefix("#/components/schemas/")
        schema = document["components"]["schemas"][name]
        assert {"code", "detail", "request_id"} <= schema["properties"].keys()
    assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]
    assert "Retry-After" in operation["responses"]["503"]["headers"]


def test_protected_routes_list_their_rejections_and_the_token(auth: EdgeAuth[Any]) -> None:
    app = app_for(auth)
    app.get("/open")(lambda: "ok")
    for document in (app.openapi(), TestClient(app).get("/openapi.json").json(), app.openapi()):
        scheme = document["components"]["securitySchemes"]["BetterAuth"]
        assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
        for path, item in document["paths"].items():
            operation = item["get"]
            if path == "/open":
                assert operation["responses"].keys() == {"200"}
                assert "security" not in operation
                continue
            check_rejections(document, operation)
            assert operation["security"] == (OPTIONAL if path == "/perhaps" else REQUIRED), path


def test_so_do_routers_and_mounted_apps(auth: EdgeAuth[Any]) -> None:
    inner_router, router = APIRouter(prefix="/b"), APIRouter(prefix="/a")
    app = FastAPI(dependencies=[Depends(auth.optional_user)])
    inner, innermost = FastAPI(), FastAPI(dependencies=[Depends(auth.current_user)])
    auth.install(app)
    for routes in (inner_router, inner, innermost):
        routes.get("/me", dependencies=[Depends(auth.require(scopes=["x"]))])(lambda: "ok")
        routes.get("/perhaps", dependencies=[Depends(auth.optional_user)])(lambda: "ok")
    router.include_router(inner_router, prefix="/c")
    app.include_router(router, dependencies=[Depends(auth.optional_user)])
    app.get("/open")(lambda: "ok")
    inner.mount("/innermost", innermost)
    app.mount("/inner", inner)
    client = TestClient(app)
    for path, prefix, perhaps in (
        ("/openapi.json", "/a/c/b", OPTIONAL),
        ("/inner/openapi.json", "", OPTIONAL),
        ("/inner/innermost/openapi.json", "", REQUIRED),
    ):
        document = client.get(path).json()
        operations = [document["paths"][f"{prefix}/{name}"]["get"] for name in ("me", "perhaps")]
        assert [operation["security"] for operation in operations] == [REQUIRED, perhaps], path
        for operation in operations:
            check_rejections(document, operation)
    assert client.get("/openapi.json").json()["paths"]["/open"]["get"]["security"] == OPTIONAL


def test_scopes_and_other_credentials_are_kept(auth: EdgeAuth[Any]) -> None:
    app, key = FastAPI(), APIKeyHeader(name="X-Key")
    auth.install(app)

    @app.get("/scopes")
    def by_scopes(
        _: Annotated[User, Security(auth.current_user, scopes=["a", "b"])],
        __: Annotated[User | None, Security(auth.optional_user, scopes=["b", "c"])],
    ) -> None: ...

    @app.get("/key")
    def by_key(
        _: Annotated[str, Security(key)],
        __: Annotated[User | None, Depends(auth.optional_user)],
    ) -> None: ...

    # FastAPI once named no scopes but those of OAuth2 schemes.
    said = get_openapi(title="", version="", routes=app.routes)["paths"]["/scopes"]["get"]
    expected = {scope for one in said["security"] for scope in one["BetterAuth"]}
    for document in (app.openapi(), app.openapi()):
        paths = document["paths"]
        (scopes,) = paths["/scopes"]["get"]["security"]
        assert sorted(scopes["BetterAuth"]) == sorted(expected)
        assert paths["/key"]["get"]["security"] == [{"APIKeyHeader": []}, {"BetterAuth": []}]


class Mine(BaseModel):
    why: str


def test_rejections_that_the_app_documents_are_not_overwritten(auth: EdgeAuth[Any]) -> None:
    app = FastAPI()
    auth.install(app)
    responses: dict[int | str, dict[str, Any]] = {401: {"model": Mine}, **problem_responses(503)}
    user = [Depends(auth.current_user)]
    app.get("/me", dependencies=user, responses=responses)(lambda: "ok")
    said = app.openapi()["paths"]["/me"]["get"]["responses"]
    assert said["401"]["content"]["application/json"]["schema"]["$ref"].endswith("/Mine")
    assert said["503"]["description"] == "Service Unavailable"
    assert "properties" in said["503"]["content"]["application/problem+json"]["schema"]
    assert "application/problem+json" in said["403"]["content"]


@pytest.mark.parametrize("is_before_install", [True, False])
def test_an_openapi_function_of_the_app_is_kept(
    auth: EdgeAuth[Any], is_before_install: bool
) -> None:
    app = FastAPI()
    app.get("/me", dependencies=[Depends(auth.current_user)])(lambda: "ok")

    def own() -> JSON:
        if not app.openapi_schema:
            app.openapi_schema = get_openapi(title="Mine", version="7", routes=app.routes)
        return app.openapi_schema

    if is_before_install:
        app.openapi = own  # type: ignore[method-assign]
    auth.install(app)
    if not is_before_install:
        app.openapi = own  # type: ignore[method-assign]
    document = TestClient(app).get("/openapi.json").json()
    assert document["info"]["title"] == "Mine"
    check_rejections(document, document["paths"]["/me"]["get"])


def test_one_without_some_paths_is_taken_as_it_is(auth: EdgeAuth[Any]) -> None:
    app = app_for(auth)
    documents: list[JSON] = [{}, {"paths": {}}, {"paths": {"/me": {"parameters": []}}}]
    for document in documents:
        app.openapi = lambda document=document: document  # type: ignore[method-assign,misc]
        assert TestClient(app).get("/openapi.json").json() == document


def test_two_identities_in_one_app_are_described_both(auth: EdgeAuth[Any]) -> None:
    other = EdgeAuth(EdgeAuthSettings(better_auth_url=NOTHING_LISTENS))
    app = FastAPI()
    for one in (auth, other, auth):
        one.install(app)
    app.get("/one", dependencies=[Depends(auth.optional_user)])(lambda: "ok")
    app.get("/other", dependencies=[Depends(other.current_user)])(lambda: "ok")
    document = TestClient(app).get("/openapi.json").json()
    paths = document["paths"]
    assert paths["/one"]["get"]["security"] == OPTIONAL
    assert paths["/other"]["get"]["security"] == REQUIRED
    for path in ("/one", "/other"):
        check_rejections(document, paths[path]["get"])


def test_the_docs_page_is_there(auth: EdgeAuth[Any]) -> None:
    assert TestClient(app_for(auth)).get("/docs").status_code == 200
