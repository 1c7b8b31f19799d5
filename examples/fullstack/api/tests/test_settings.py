import pytest

from app.settings import load


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param({"EDGE_AUDIENCE": ""}, "EDGE_AUDIENCE: ", id="lack an audience"),
        pytest.param({"EDGE_JWKS_URL": "edge"}, "EDGE_JWKS_URL: ", id="lack a scheme"),
        pytest.param({"BETTER_AUTH_URL": "http://a"}, "EDGE_AUTH_MODE: ", id="two modes"),
        pytest.param({"PORT": "80000"}, "PORT: ", id="name an impossible port"),
        pytest.param({"DATABASE_URL": "hunter2"}, "DATABASE_URL: ", id="name no database"),
        pytest.param({"DEMO": "1", "HOST": "192.0.2.1"}, "DEMO: ", id="show the demo to a network"),
        pytest.param(
            {"DEMO": "1", "EDGE_JWKS_URL": "https://edge.example.com"},
            "DEMO: ",
            id="show the demo behind a public edge",
        ),
        pytest.param(
            {"DEMO": "1", "EDGE_JWKS_URL": "http://127.0.0.1.example.com"},
            "DEMO: ",
            id="show the demo behind a name that looks like loopback",
        ),
    ],
)
def test_the_app_does_not_start_when_settings(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], message: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as exit_:
        load()
    assert message in str(exit_.value)
    assert "hunter2" not in str(exit_.value)


def test_all_errors_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "none")
    monkeypatch.setenv("EDGE_JWKS_URL", "")
    with pytest.raises(SystemExit) as exit_:
        load()
    assert "EDGE_JWKS_URL" in str(exit_.value)
    assert "PORT" in str(exit_.value)
