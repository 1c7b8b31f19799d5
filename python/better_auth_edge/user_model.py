"""Builds the app's user model from verified claims, by pydantic's rules for aliases."""

import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Generic

from fastapi import HTTPException
from pydantic import AliasChoices, AliasPath, BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypeVar

from better_auth_edge._core import Verified, has_too_large_number
from better_auth_edge.claims import invalid
from better_auth_edge.credential_kind import CredentialKind, KindOf
from better_auth_edge.errors import ConfigurationError
from better_auth_edge.uuids import parse_uuid

logger = logging.getLogger(__name__)

JsonObject = dict[str, Any]

M = TypeVar("M", bound=BaseModel)

_Path = tuple[str | int, ...]
"""Where pydantic looks for a field's value, from the top level of the input."""


class UserModel(Generic[M]):
    """Builds users of one model. The base is `User`, whose fields this package sets. Every other
    field gets the claim that pydantic reads for it: by its alias, one of its alias choices, its
    alias path, or its name.
    """

    def __init__(self, model: type[M], base: type[BaseModel]) -> None:
        """Raises `ConfigurationError` if the model is not the base or a subclass, or if an alias
        could put a claim into a field of the base.
        """
        if not (isinstance(model, type) and issubclass(model, base)):
            error = f"user_model: must be {base.__name__} or a class derived from it"
            raise ConfigurationError([error])
        model.model_rebuild(raise_errors=False)  # resolves the aliases of an alias generator
        self._model = model
        self._is_base = model is base
        self._base = {name: list(_paths(model, name)) for name in base.model_fields}
        added = model.model_fields.keys() - base.model_fields.keys()
        self._added = {path for name in added for path in _paths(model, name)}
        self._names = {str(path[0]) for path in self._added}
        # Where pydantic looks first for each field of the base, and where it also looks.
        self._keys = {name: str(paths[0][0]) for name, paths in self._base.items()}
        self._others = {str(path[0]) for paths in self._base.values() for path in paths[1:]}
        self._validate: Callable[[object], M] = TypeAdapter(model).validator.validate_python
        errors = list(self._alias_errors())
        if errors:
            raise ConfigurationError(errors)

    def read(
        self,
        user: str,
        claims: JsonObject,
        impersonator: str | None,
        credential: CredentialKind | None,
    ) -> M:
        """Builds the user from a verified user claim, verified claims, the id of the user who acts
        as this one, and the kind of the credential. Raises `EdgeAuthError` `invalid_claim` if the
        model does not accept them, whichever exception it raises.
        """
        # Python reads `1e999` as infinity, which differs from the token, and is not JSON.
        if has_too_large_number(claims):
            raise invalid("a claim is a number that is too large")
        values = self._values(user, claims, impersonator, credential)
        try:
            return self._validate(values)
        except ValidationError as error:
            names = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
            which = f": {', '.join(sorted(names))}" if names else ""
            raise invalid(f"the app's user model does not accept the claims{which}") from None
        except HTTPException:
            raise  # the app's own response
        except Exception as error:
            # Without the message, which may repeat a claim.
            place = "".join(traceback.format_tb(error.__traceback__))
            kind, model = type(error).__name__, self._model.__name__
            logger.error("%s raised %s while it was built from claims:\n%s", model, kind, place)
            raise invalid("the app's user cannot be built from these claims") from None

    def of(self, verified: Verified, claims: JsonObject, kind_of: KindOf) -> M:
        """Builds the user of a verified token from the claims about the user. `kind_of` reads the
        kind of the credential from the claims of the token itself. The base has no rules of the
        app, so the fields of the token's last user serve again, with claims of their own.
        """
        known: M | None = verified.cached if self._is_base else None
        if known is not None:
            return _with_claims(known, claims)
        kind = kind_of(verified.claims)
        user = self.read(verified.user, claims, verified.impersonator, kind)
        if self._is_base and verified.was_cached:
            verified.cached = _with_claims(user, {})
        return user

    def _values(
        self,
        user: str,
        claims: JsonObject,
        impersonator: str | None,
        credential: CredentialKind | None,
    ) -> dict[str, Any]:
        """Returns the input for pydantic: the claims that the model reads, overridden by the values
        of the base fields. A `null` claim is missing.
        """
        get, keys = claims.get, self._keys
        values = {name: claims[name] for name in self._names if get(name) is not None}
        for other in self._others:
            values.pop(other, None)
        email, name = get("email"), get("name")
        base = (
            (keys["id"], user),
            (keys["uuid"], parse_uuid(get("uuid"))),
            (keys["email"], email if isinstance(email, str) else None),
            (keys["name"], name if isinstance(name, str) else None),
            (keys["impersonated_by"], impersonator),
            (keys["credential"], credential),
            (keys["claims"], claims),
        )
        for key, value in base:
            # If the base has no value, an added field may read the claim of the same name.
            if value is not None or key not in self._names:
                values[key] = value
        return values

    def _alias_errors(self) -> Iterator[str]:
        """An alias must never put a claim into a field of the base."""
        for name, paths in self._base.items():
            if any(len(path) > 1 for path in paths):
                yield f"user_model: the alias of {name} must be a name, not a path"
        added_names = {path[0] for path in self._added if len(path) == 1}
        added_paths = {path[0] for path in self._added if len(path) > 1}
        heads = [(name, str(path[0])) for name, paths in self._base.items() for path in paths]
        for name, head in heads:
            others = [other for other, theirs in heads if theirs == head and other != name]
            if others:
                yield f"user_model: {name} and {others[0]} have the alias {head}"
        for name, ((key, *_), *_others) in self._base.items():
            hint = f'read that claim by AliasPath("claims", "{key}")'
            if name in ("id", "impersonated_by", "credential") and key in self._names:
                yield f"user_model: another field than {name} has the alias {key}; {hint}"
            if name in ("uuid", "email", "name") and key in added_paths:
                yield f"user_model: an alias path begins with {key}, which is a field; {hint}"
            if name == "claims" and key in added_names:
                yield f"user_model: another field than claims has the alias {key}"


def _with_claims(user: M, claims: JsonObject) -> M:
    """Returns a copy of a user with other claims. Like pydantic's `__copy__`, which is slower."""
    copy = _new(type(user))
    _set_fields(copy, {**user.__dict__, "claims": claims})
    _set_field_names(copy, user.__pydantic_fields_set__.copy())
    _set_extra(copy, None)
    _set_private(copy, None)
    return copy


_new = object.__new__
# of the slots, because a frozen model allows no assignment
_set_fields, _set_field_names, _set_extra, _set_private = (
    BaseModel.__dict__[name].__set__
    for name in (
        "__dict__",
        "__pydantic_fields_set__",
        "__pydantic_extra__",
        "__pydantic_private__",
    )
)


def _paths(model: type[BaseModel], name: str) -> Iterator[_Path]:
    """Yields the paths where pydantic looks for a field's value, in its order. At least one."""
    config, alias = model.model_config, model.model_fields[name].validation_alias
    by_alias = alias is not None and config.get("validate_by_alias") is not False
    if by_alias:
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        for choice in choices:
            yield tuple(choice.path) if isinstance(choice, AliasPath) else (str(choice),)
    by_name = config.get("validate_by_name") or config.get("populate_by_name")
    if not by_alias or by_name:
        yield (name,)
