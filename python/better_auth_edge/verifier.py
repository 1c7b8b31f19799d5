"""Verifies a token: form, header, algorithm, key, signature and claims, in this order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from better_auth_edge.claims import Expectations
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.jws import Jws
from better_auth_edge.key_source import KeySource
from better_auth_edge.keys import Secret, VerifyingKey, canonical_algorithm
from better_auth_edge.strict_json import JsonObject


@dataclass(frozen=True)
class Verified:
    """A token that has passed every check."""

    user: str
    """The value of the user claim, never empty."""
    claims: JsonObject
    expires: float
    """Seconds since 1970."""


class Verifier:
    """Verifies one kind of token, with published keys or with a secret. `clock` returns seconds
    since 1970, for the times in tokens.
    """

    def __init__(
        self,
        keys: KeySource | Secret,
        algorithms: Sequence[str],
        expectations: Expectations,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._algorithms = [canonical_algorithm(name) for name in algorithms]
        self._expectations = expectations
        self._clock = clock

    async def verify(self, token: str) -> Verified:
        """Returns the content of a token. Raises `EdgeAuthError` unless the token is valid now."""
        jws = Jws.parse(token)
        self._expectations.check_type(jws.typ)
        algorithm = self._allowed(jws.algorithm)
        # Checked before the signature, for the key cache. Reported only if the signature is valid.
        try:
            accepted, rejection = self._expectations.check(jws.claims, self._clock()), None
        except EdgeAuthError as error:
            accepted, rejection = None, error
        await self._check_signature(jws, algorithm, plausible=rejection is None)
        if accepted is None:
            assert rejection is not None
            raise rejection
        # Fetching the keys may have taken several seconds.
        self._expectations.check_times(accepted, self._clock())
        return Verified(accepted.user, jws.claims, accepted.times.expires)

    def _allowed(self, name: str) -> str:
        """Returns the algorithm from the configured list. The token only selects one of them."""
        algorithm = canonical_algorithm(name)
        if algorithm not in self._algorithms:
            allowed = ", ".join(self._algorithms)
            detail = f'the token\'s "alg" is not one of those accepted here: {allowed}'
            raise EdgeAuthError("unsupported_algorithm", detail)
        return algorithm

    async def _check_signature(self, jws: Jws, algorithm: str, *, plausible: bool) -> None:
        def is_signed_by(keys: Sequence[Secret | VerifyingKey]) -> bool:
            return any(key.verifies(algorithm, jws.signing_input, jws.signature) for key in keys)

        source = self._keys
        if isinstance(source, Secret):
            if is_signed_by([source]):
                return
            raise _bad_signature()
        since = source.now() if isinstance(source, KeySource) else 0.0
        keys = await source.keys(jws.kid, algorithm, plausible=plausible)
        if is_signed_by(keys):
            return
        if isinstance(source, KeySource) and plausible:
            newer = await source.newer_keys(jws.kid, algorithm, since=since, tried=keys)
            if is_signed_by(newer):
                return
        raise _bad_signature()


def _bad_signature() -> EdgeAuthError:
    detail = "the signature does not fit the token and the key: one of them was changed"
    return EdgeAuthError("bad_signature", detail)
