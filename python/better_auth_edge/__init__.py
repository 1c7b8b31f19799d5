"""Proving who is calling, for FastAPI origins behind better-auth-edge and for those that stand
alone. Start with `EdgeAuth`.
"""

from better_auth_edge.auth import EdgeAuth
from better_auth_edge.errors import ConfigurationError, EdgeAuthError, KeyFetchError
from better_auth_edge.expiry import closes_on_expiry
from better_auth_edge.middleware import OnlyTheAssertion
from better_auth_edge.problems import Problem, problem_responses
from better_auth_edge.settings import EdgeAuthSettings
from better_auth_edge.user import User

__all__ = [
    "ConfigurationError",
    "EdgeAuth",
    "EdgeAuthError",
    "EdgeAuthSettings",
    "KeyFetchError",
    "OnlyTheAssertion",
    "Problem",
    "User",
    "closes_on_expiry",
    "problem_responses",
]
