"""Proving who is calling, for FastAPI origins behind better-auth-edge and for those that stand
alone. Start with `EdgeAuth`.
"""

from better_auth_edge.auth import EdgeAuth
from better_auth_edge.errors import ConfigurationError, EdgeAuthError
from better_auth_edge.middleware import OnlyTheAssertion
from better_auth_edge.problems import Problem, problem_responses
from better_auth_edge.settings import EdgeAuthSettings
from better_auth_edge.user import User

__all__ = [
    "ConfigurationError",
    "EdgeAuth",
    "EdgeAuthError",
    "EdgeAuthSettings",
    "OnlyTheAssertion",
    "Problem",
    "User",
    "problem_responses",
]
