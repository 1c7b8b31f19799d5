"""Authenticates Better Auth users in FastAPI, behind better-auth-edge or without it. Start with
`EdgeAuth`; outside of FastAPI, with `Verifier`.
"""

from better_auth_edge.auth import EdgeAuth
from better_auth_edge.errors import ConfigurationError, EdgeAuthError, KeyFetchError
from better_auth_edge.expiry import closes_on_expiry
from better_auth_edge.middleware import StripIdentityHeadersMiddleware
from better_auth_edge.problems import Problem, problem_responses
from better_auth_edge.settings import EdgeAuthSettings
from better_auth_edge.user import User
from better_auth_edge.verifier import Verifier

__all__ = [
    "ConfigurationError",
    "EdgeAuth",
    "EdgeAuthError",
    "EdgeAuthSettings",
    "KeyFetchError",
    "Problem",
    "StripIdentityHeadersMiddleware",
    "User",
    "Verifier",
    "closes_on_expiry",
    "problem_responses",
]
