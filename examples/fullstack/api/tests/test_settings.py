import pytest

from app.settings import load_settings


@pytest.mark.parametrize(
    ("url", "origin", "jwks_url"),
    [
        ("https://a.example", "https://a.example", "https://a.example/api/auth/jwks"),
        ("https://A.example:443/", "https://a.example", "https://a.example/api/auth/jwks"),
        ("http://[::1]:3000", "http://[::1]:3000", "http://[::1]:3000/api/auth/jwks"),
        ("https://a.example/auth/", "https://a.example", "https://a.example/auth/jwks"),
    ],
)
def test_issuer_audience_and_keys_follow_from_the_base_url(
    monkeypatch: pytest.MonkeyPatch, url: str, origin: str, jwks_url: str
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", url)
    settings = load_settings()
    assert (settings.issuer, settings.audience) == (origin, origin)
    assert settings.jwks_url == jwks_url


def test_issuer_and_audience_may_differ_from_the_base_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", "http://auth.internal:3000")
    monkeypatch.setenv("ISSUER", "https://app.example")
    monkeypatch.setenv("AUDIENCE", "https://api.example")
    settings = load_settings()
    assert settings.issuer == "https://app.example"
    assert settings.audience == "https://api.example"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param({}, "BETTER_AUTH_URL: Field required", id="are missing"),
        pytest.param({"BETTER_AUTH_URL": "app.example"}, "BETTER_AUTH_URL: ", id="lack a scheme"),
        pytest.param({"BETTER_AUTH_URL": ""}, "BETTER_AUTH_URL: ", id="are empty"),
        pytest.param({"PORT": "80000"}, "PORT: ", id="name an impossible port"),
        pytest.param({"DATABASE_URL": "hunter2"}, "DATABASE_URL: ", id="name no database"),
    ],
)
def test_the_app_does_not_start_when_settings(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], message: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as exit_:
        load_settings()
    assert message in str(exit_.value)
    assert "hunter2" not in str(exit_.value)


def test_all_faults_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "none")
    with pytest.raises(SystemExit) as exit_:
        load_settings()
    assert "BETTER_AUTH_URL" in str(exit_.value)
    assert "PORT" in str(exit_.value)
