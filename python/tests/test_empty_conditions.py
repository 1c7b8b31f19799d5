"""What a dependency is asked to require must be something."""

from typing import Any

import pytest

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthError, EdgeAuthSettings
from better_auth_edge.claims import check_scopes
from tests.better_auth import Publisher


@pytest.mark.parametrize(
    "claims", [{}, {"role": []}, {"role": None}, {"role": ("admin", None)}, {"": "x"}, {1: "x"}]
)
@pytest.mark.parametrize("scopes", [None, ["tasks:read"]])
def test_claims_that_ask_for_nothing_are_a_mistake_where_they_are_written(
    better_auth: Publisher, claims: Any, scopes: Any
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(
        ConfigurationError,
        match=r"claims: .*(requires nothing|has no accepted value|not the name of a claim)",
    ):
        auth.require(claims=claims, scopes=scopes)


@pytest.mark.parametrize("scopes", [[], (), [""], ["tasks:read", ""], ["a b"], ["\u00e9"], ['"']])
@pytest.mark.parametrize("claims", [None, {"role": "admin"}])
def test_so_are_scopes_that_ask_for_nothing(
    better_auth: Publisher, claims: Any, scopes: Any
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match=r"scopes: .*(requires nothing|is not a scope)"):
        auth.require(claims=claims, scopes=scopes)


@pytest.mark.parametrize("claim", ["", [], 1, {"org": "id"}])
def test_a_claim_without_a_name_is_an_error(better_auth: Publisher, claim: Any) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match="claim must be the name of a claim"):
        auth.user_from_path("user_id", claim=claim)


def test_an_empty_scope_is_granted_to_no_user() -> None:
    for scope in ("", " ", "a", "a  b", None):
        with pytest.raises(EdgeAuthError) as rejection:
            check_scopes({"scope": scope}, [""])
        assert rejection.value.code == "insufficient_scope"
