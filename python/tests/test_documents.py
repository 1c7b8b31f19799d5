"""The examples of the documents run."""

import asyncio
import re
import sqlite3
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, User
from tests.apps import bearer, outcome
from tests.better_auth import Publisher
from tests.isolation.postgres import running

REPOSITORY = Path(__file__).parents[2]


READMES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("npm/README.md", "python/README.md", "src/README.md"),
]
FENCE = re.compile(
    r"^(?: *<!-- given: ([^\n]*?) -->\n\n?)?( *)```(\S*)\n(.*?)^\2```$", re.MULTILINE | re.DOTALL
)


def pages() -> list[str]:
    """The pages that tests/docs/blocks.rs reads too."""
    found = [
        file
        for directory in ("docs", "examples", "templates")
        for file in (REPOSITORY / directory).rglob("*.md")
        if not any(
            part.startswith(".") or part == "node_modules"
            for part in file.relative_to(REPOSITORY).parts
        )
    ]
    return READMES + sorted(str(file.relative_to(REPOSITORY)) for file in found)


def blocks(path: str, language: str) -> list[str]:
    """The blocks of a page, each with the code that a comment before it gives."""
    found: list[str] = []
    for match in FENCE.finditer((REPOSITORY / path).read_text()):
        given, indentation, name, body = match.groups()
        if name != language:
            continue
        code = re.sub(f"^{indentation}", "", body, flags=re.MULTILINE)
        before = found[-1] if given == "the block before" else given
        found.append(code if before is None else f"{before}\n{code}")
    return found


def examples(path: str) -> list[str]:
    """The examples of a page, without those that show code before a migration."""
    return [code for code in blocks(path, "py") if not code.startswith("# before")]


PAGES = pages()
EXAMPLES = {
    f"{path} {number}": code
    for path in PAGES
    for number, code in enumerate(examples(path), start=1)
}
OTHERS = [code for path in PAGES for code in blocks(path, "py") if code.startswith("# before")]
STATEMENTS = [(path, code) for path in PAGES for code in blocks(path, "sql")]


def test_the_settings_page_lists_every_setting() -> None:
    page = (REPOSITORY / "docs/fastapi/settings.md").read_text()
    names = re.findall(r"^\| (`.*?`) \|", page.split("## All settings")[1], re.M)
    rows = [name for cell in names for name in re.findall(r"`([A-Z_]+)`", cell)]
    fields = EdgeAuthSettings.model_fields.items()
    assert sorted(rows) == sorted(name.upper() for name, _ in fields)
    for name, field in fields:
        if isinstance(field.default, (bool, int, float)):
            [default] = re.findall(rf"^\| `{name.upper()}` \| `(\S+)` \|", page, re.M)
            assert default == str(field.default).lower()


def run(code: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = type(sys)("example")
    # FastAPI and SQLModel look for types where a function or a class says that it is from.
    monkeypatch.setitem(sys.modules, "example", module)
    # Other tests have tables of the same names.
    monkeypatch.setattr(SQLModel, "metadata", sa.MetaData())
    exec(compile(code, "example", "exec"), module.__dict__)  # noqa: S102
    return module.__dict__


def test_the_pages_have_examples() -> None:
    pages = {name.split()[0] for name in EXAMPLES}
    assert {"README.md", "python/README.md", "docs/worker.md", "docs/fastapi/index.md"} <= pages
    assert len(EXAMPLES) > 20
    assert len(OTHERS) > 3
    assert STATEMENTS


@pytest.mark.parametrize("code", OTHERS, ids=range(len(OTHERS)))
def test_code_before_a_migration_is_python(code: str) -> None:
    compile(code, "example", "exec")


@pytest.mark.parametrize("code", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_runs(
    better_auth: Publisher, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    assert run(code, monkeypatch)


TABLES = 'CREATE TABLE "user" (id text); CREATE TABLE "session" (id text);'


def test_statements_run_on_postgresql() -> None:
    with running() as url:
        engine = sa.create_engine(url)
        for _, code in STATEMENTS:
            with engine.connect() as connection:
                for statement in filter(str.strip, (TABLES + code).split(";")):
                    connection.execute(sa.text(statement))
                connection.rollback()
        engine.dispose()


def test_statements_of_the_plugins_page_run_on_sqlite() -> None:
    statements = [code for path, code in STATEMENTS if path == "docs/better-auth-plugin.md"]
    assert statements
    for code in statements:
        sqlite3.connect(":memory:").executescript(TABLES + code)


def test_other_frameworks_are_protected_too(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    _, blocking, starlette = examples("docs/fastapi/other-frameworks.md")
    authorization = bearer(better_auth.token())["Authorization"]
    user_of = run(blocking, monkeypatch)["user_of"]
    assert user_of(authorization).id == "ada"
    for value in ("", "Basic dTpw", "Bearer", authorization.removeprefix("Bearer ")):
        with pytest.raises(EdgeAuthError, match="missing_token"):
            user_of(value)
    client = TestClient(run(starlette, monkeypatch)["app"])
    assert client.get("/tasks", headers={"Authorization": authorization}).json() == {"user": "ada"}
    rejected = client.get("/tasks", headers=bearer("a.b.c"))
    assert (rejected.status_code, rejected.json()) == (401, {"code": "malformed_token"})
    assert "invalid_token" in rejected.headers["www-authenticate"]


def test_ten_lines_protect_a_path(better_auth: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    client = TestClient(run(EXAMPLES["docs/fastapi/index.md 1"], monkeypatch)["app"])
    headers = bearer(better_auth.token())
    assert client.get("/api/ada/tasks", headers=headers).json() == ["a task of ada"]
    assert outcome(client.get("/api/bob/tasks", headers=headers)) == "403 user_mismatch"
    assert outcome(client.get("/api/ada/tasks")) == "401 missing_token"


def test_a_page_tells_keys_from_people(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    [code] = [code for code in examples("docs/fastapi/dependencies.md") if "credentials=" in code]
    module, app = run(code, monkeypatch), FastAPI()
    module["auth"].install(app)
    app.include_router(module["router"])
    client, person = TestClient(app), bearer(better_auth.token())
    key = bearer(better_auth.token(cred="api-key", permissions={"tasks": ["read"]}))
    assert outcome(client.delete("/account", headers=person)) == "200"
    assert outcome(client.delete("/account", headers=key)) == "403 credential_not_accepted"
    assert client.get("/tasks", headers=key).json() == "a program"
    assert outcome(client.get("/tasks", headers=person)) == "403 insufficient_claims"


def example(page: str, part: str) -> str:
    """The example of a page that contains this part."""
    [code] = [code for code in examples(page) if part in code]
    return code


def test_a_page_accepts_one_of_several_roles_or_requires_all(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    code = example("docs/fastapi/dependencies.md", "is_auditor")
    client = TestClient(run(code, monkeypatch)["app"])
    for roles, tickets, audit in [
        ("support", "200", "403 insufficient_claims"),
        ("admin,auditor", "200", "200"),
        ("admin", "200", "403 insufficient_claims"),
        ("user", "403 insufficient_claims", "403 insufficient_claims"),
    ]:
        headers = bearer(better_auth.token(role=roles))
        assert outcome(client.get("/tickets", headers=headers)) == tickets
        assert outcome(client.get("/audit", headers=headers)) == audit


def test_a_page_lets_pages_of_another_origin_read_rejections(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    module = run(example("docs/fastapi/index.md", "CORSMiddleware"), monkeypatch)
    app, auth = module["app"], module["auth"]

    async def me(user: Annotated[User, Depends(auth.current_user)]) -> str:
        return user.id

    app.add_api_route("/me", me)
    client = TestClient(app)
    origin = {"Origin": "https://app.example.com"}
    preflight = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    assert client.options("/me", headers={**origin, **preflight}).status_code == 200
    for headers in ({}, bearer(better_auth.token())):
        response = client.get("/me", headers={**origin, **headers})
        assert response.headers["access-control-allow-origin"] == "https://app.example.com"
    others = client.get("/me", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in others.headers


@pytest.mark.parametrize(
    ("page", "model", "owner"),
    [
        ("docs/fastapi/index.md", "Note", "user_id"),
        ("docs/fastapi/isolation.md", "Chore", None),
    ],
)
def test_a_page_shows_users_their_own_rows_only(
    better_auth: Publisher,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    page: str,
    model: str,
    owner: str | None,
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    code = example(page, f"class {model}(")
    file = f"{tmp_path}/rows.db"
    code = code.replace('sqlite://"', f'sqlite:///{file}"').replace("tasks.db", f"/{file}")
    # SQLModel knows the model of the example already
    module = run(code.replace(model, f"Own{model}"), monkeypatch)
    table = module[f"Own{model}"].__table__
    users = {"ada": UUID(int=1), "bob": UUID(int=2)}
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        table.create(connection)
        for name, uuid in users.items():
            text = next(c for c in ("text", "title") if c in table.columns)
            row = {text: f"of {name}", "user_id": name if owner else uuid}
            connection.execute(table.insert(), row)
    path = "notes" if owner else "chores"
    client = TestClient(module["app"])
    for name, uuid in users.items():
        headers = bearer(better_auth.token(sub=name, uuid=str(uuid)))
        rows = client.get(f"/api/{name}/{path}", headers=headers).json()
        assert [row.get("text", row.get("title")) for row in rows] == [f"of {name}"]
        others = client.get(f"/api/{'ada' if name == 'bob' else 'bob'}/{path}", headers=headers)
        assert outcome(others) == "403 user_mismatch"
    engine.dispose()
    if isinstance(module["engine"], AsyncEngine):
        asyncio.run(module["engine"].dispose())
    else:
        module["engine"].dispose()
