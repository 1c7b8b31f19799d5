"""The examples of the documents run."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from better_auth_edge import EdgeAuthError, EdgeAuthSettings
from tests.apps import bearer, outcome
from tests.better_auth import Publisher

REPOSITORY = Path(__file__).parents[2]


def examples(path: str) -> list[str]:
    """The examples of a document, without those that show code before a migration."""
    blocks = re.findall(r"^```py\n(.*?)^```$", (REPOSITORY / path).read_text(), re.M | re.S)
    return [block for block in blocks if not block.startswith("# before")]


PAGES = [
    *("index", "dependencies", "testing", "websockets", "isolation", "other-frameworks"),
    *("migration", "sessions"),
]
DOCUMENTS = [*(f"docs/fastapi/{page}.md" for page in PAGES), "python/README.md"]
EXAMPLES = [example for document in DOCUMENTS for example in examples(document)]


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
    exec(compile(code, "example", "exec"), module.__dict__)  # noqa: S102
    return module.__dict__


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs(
    better_auth: Publisher, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    assert run(code, monkeypatch)


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
    client = TestClient(run(EXAMPLES[0], monkeypatch)["app"])
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
