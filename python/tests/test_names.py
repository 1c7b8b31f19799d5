"""A variable whose name is close to a setting is an error; other variables are not."""

import re
from pathlib import Path

import pytest

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, near_miss

KNOWN = [name.upper() for name in EdgeAuthSettings.model_fields]
SOURCE = Path(__file__).parents[2] / "src/config/settings_table.rs"


def meant(*written: str, ignored: tuple[str, ...] = ()) -> dict[str, str]:
    return near_miss.near_misses(written, KNOWN, ignored)


@pytest.mark.parametrize("prefix", ["EDGE_", "BETTER_AUTH_", "BETTER_AUTH_EDGE_", "edge_"])
@pytest.mark.parametrize("setting", KNOWN)
def test_a_prefix_too_many_is_an_error(prefix: str, setting: str) -> None:
    written = prefix + setting
    if written in ("EDGE_ISSUER", "EDGE_AUDIENCE", "EDGE_JWKS_URL", "edge_jwks_url"):
        return
    if written == "BETTER_AUTH_TRUSTED_ORIGINS":  # Better Auth reads it
        return
    if written.upper() in KNOWN:
        assert meant(written) == {}
        return
    assert meant(written)[written].endswith(setting)


@pytest.mark.parametrize(
    ("written", "setting"),
    [
        ("EDGE_EXCLUSIVE_AUDIENCE", "EXCLUSIVE_AUDIENCE"),
        ("EDGE_USER_CLAIM", "USER_CLAIM"),
        ("EDGE_USER_CLAIMS", "USER_CLAIM"),
        ("EDGE_PROFILE", "PROFILE"),
        ("REFUSE_REPLAYS", "EDGE_REFUSE_REPLAYS"),
        ("AUTH_MODE", "EDGE_AUTH_MODE"),
        ("BASE_PATH", "BETTER_AUTH_BASE_PATH"),
        ("BETTER_AUTH_REFUSE_REPLAYS", "EDGE_REFUSE_REPLAYS"),
        ("BETTER_AUTH_AUDIENCE", "AUDIENCE"),
        ("BETTER_AUTH_ISSUER", "ISSUER"),
        ("BETTER_AUTH_JWKS_URL", "JWKS_URL"),
        ("BETTER_AUTH_ALGORITHMS", "ALGORITHMS"),
        ("BETTER_AUTH_ALGORITHM", "ALGORITHMS"),
        ("BETTER_AUTH_EDGE_AUDIENCE", "EDGE_AUDIENCE"),
        ("EDGE_BETTER_AUTH_URL", "BETTER_AUTH_URL"),
        ("JWKS_URL_STAGING", "JWKS_URL"),
        ("PROD_JWKS_URL", "JWKS_URL"),
        ("EXCLUSIVE_AUDIENCE_STAGING", "EXCLUSIVE_AUDIENCE"),
        ("MY_USER_CLAIM", "USER_CLAIM"),
        ("EDGE_USER_CLAIM_PROD", "USER_CLAIM"),
        ("STAGING_REFUSE_REPLAYS", "EDGE_REFUSE_REPLAYS"),
        ("ISSUER_PROD", "ISSUER"),
        ("PROD_AUDIENCE", "AUDIENCE"),
        ("BETTER_AUTH_URL_2", "BETTER_AUTH_URL"),
        ("BETTER_AUTH_URL_V2", "BETTER_AUTH_URL"),
    ],
)
def test_a_name_beside_a_setting_is_an_error(written: str, setting: str) -> None:
    assert meant(written) == {written: setting}
    assert meant(written.lower(), ignored=(written,)) == {}
    assert meant(written, ignored=(written.lower(),)) == {}


@pytest.mark.parametrize(
    "written",
    [
        *("BETTER_AUTH_KV_URL", "BETTER_AUTH_API_URL", "BETTER_AUTH_API_KEY", "BETTER_AUTH_DB_URL"),
        *("DATABASE_URL", "REDIS_URL", "SESSION_SECRET", "SESSION_COOKIE", "SESSION_TTL"),
        *("USER_TABLE", "COOKIE_DOMAIN", "COOKIE_SECRET", "CORS_ORIGINS", "ALLOWED_ORIGINS"),
        *("BETTER_AUTH_UI_URL", "BETTER_AUTH_TELEMETRY", "BETTER_AUTH_TELEMETRY_ENDPOINT"),
        *("BETTER_AUTH_SECRETS", "BETTER_AUTH_TRUSTED_ORIGINS", "BETTER_AUTH_QA_URL"),
        *("CI_ENVIRONMENT", "MY_ENVIRONMENT", "ENVIRONMENT_ID", "PROFILES", "PROFILER", "ISSUES"),
        *("AWS_PROFILE", "DEV_PROFILE", "URL", "SECRET", "EDGE_URL", "MY_URL", "SECRET_2"),
        *("NEXT_PUBLIC_BETTER_AUTH_URL", "VITE_AUTH_URL", "JWT_AUDIENCE", "OIDC_ISSUER"),
        *("", "_", "__", "-", "EDGE_", "BETTER_AUTH_", "EDGE", "X_", "_1"),
    ],
)
def test_what_means_something_else_is_left_alone(written: str) -> None:
    assert meant(written) == {}


def test_the_workers_settings_may_stand_in_the_same_environment() -> None:
    source = SOURCE.read_text(encoding="utf-8")
    found = re.findall(r'^ +"([A-Z_]+)"(?: as "\w+")?: \w+,', source, re.MULTILINE)
    assert len(found) > 50
    assert meant(*found) == {}


def test_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_USER_CLAIM", "uuid")
    with pytest.raises(ConfigurationError) as raised:
        EdgeAuth.from_env(better_auth_url="https://app.example")
    [error] = raised.value.errors
    assert error == (
        "EDGE_USER_CLAIM: is not a setting, but USER_CLAIM is; if it is your own variable, "
        "list it in IGNORED_VARIABLES"
    )
    monkeypatch.setenv("IGNORED_VARIABLES", "x, edge_user_claim")
    assert EdgeAuth.from_env(better_auth_url="https://app.example").mode == "jwks"
