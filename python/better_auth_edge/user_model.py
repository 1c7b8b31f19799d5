"""The app's own user, made of verified claims by pydantic's rules for aliases."""

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any, Generic

from fastapi import HTTPException
from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError
from typing_extensions import TypeVar

from better_auth_edge.claims import invalid
from better_auth_edge.errors import ConfigurationError
from better_auth_edge.strict_json import JsonObject
from better_auth_edge.user import User, parse_uuid

logger = logging.getLogger(__name__)

U = TypeVar("U", bound=User, default=User)

_Path = tuple[str | int, ...]
"""Where pydantic looks for a field's value, from the top level of the input."""


class UserModel(Generic[U]):
    """Makes users of one model. A further field takes the claim that pydantic reads for it: that of
    its alias, of one of its alias choices, at the end of its alias path, or of its name.
    """

    def __init__(self, model: type[U]) -> None:
        """Raises `ConfigurationError` for what is not derived from `User`, and for an alias that
        could put a claim in a field of `User`.
        """
        if not (isinstance(model, type) and issubclass(model, User)):
            raise ConfigurationError(["user_model: must be User or a class derived from it"])
        model.model_rebuild(raise_errors=False)  # aliases of a generator are there afterwards
        self._model = model
        self._own = {name: list(_paths(model, name)) for name in User.model_fields}
        further = model.model_fields.keys() - User.model_fields.keys()
        self._further = {path for name in further for path in _paths(model, name)}
        self._names = {str(path[0]) for path in self._further}
        faults = list(self._faults())
        if faults:
            raise ConfigurationError(faults)

    def read(self, user: str, claims: JsonObject) -> U:
        """The user whose user claim and claims have been verified. Raises `EdgeAuthError`
        `invalid_claim` where the model does not accept them, whatever it raises.
        """
        _check_numbers(claims)
        values = self._values(user, claims)
        try:
            return self._model.model_validate(values)
        except ValidationError as error:
            names = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
            which = f": {', '.join(sorted(names))}" if names else ""
            detail = f"the app's user needs the claims in another form{which}"
            raise invalid(detail) from None
        except HTTPException:
            raise  # the app's own answer
        except Exception as error:
            # Without the message, which may repeat a claim.
            place = "".join(traceback.format_tb(error.__traceback__))
            kind, model = type(error).__name__, self._model.__name__
            logger.error("%s raised %s while it was made of claims:\n%s", model, kind, place)
            raise invalid("the app's user cannot be made of these claims") from None

    def _values(self, user: str, claims: JsonObject) -> dict[str, Any]:
        """What pydantic reads: the claims that it asks for, and above them what is ours. `null` is
        missing.
        """
        values = {name: claims[name] for name in self._names if claims.get(name) is not None}
        ours: dict[str, Any] = {
            "id": user,
            "uuid": parse_uuid(claims.get("uuid")),
            "email": _text(claims.get("email")),
            "name": _text(claims.get("name")),
            "claims": claims,
        }
        for name, value in ours.items():
            (key, *_), *others = self._own[name]
            for other in others:
                values.pop(str(other[0]), None)
            # A further field that reads the same claim decides about a value that is not ours.
            if value is not None or key not in self._names:
                values[str(key)] = value
        return values

    def _faults(self) -> Iterator[str]:
        """A claim must never become a field of `User` by the way of an alias."""
        for name, paths in self._own.items():
            if any(len(path) > 1 for path in paths):
                yield f"user_model: the alias of {name} must be a name, not a path"
        further_texts = {path[0] for path in self._further if len(path) == 1}
        further_paths = {path[0] for path in self._further if len(path) > 1}
        for name, ((key, *_), *_others) in self._own.items():
            cure = f'read that claim by AliasPath("claims", "{key}")'
            if name == "id" and key in self._names:
                yield f"user_model: another field than id has the alias {key}; {cure}"
            if name in ("uuid", "email", "name") and key in further_paths:
                yield f"user_model: an alias path begins with {key}, which is a field; {cure}"
            if name == "claims" and key in further_texts:
                yield f"user_model: another field than claims has the alias {key}"


def _paths(model: type[BaseModel], name: str) -> Iterator[_Path]:
    """Where pydantic looks for a field's value, in its order; at least one path."""
    config, alias = model.model_config, model.model_fields[name].validation_alias
    by_alias = alias is not None and config.get("validate_by_alias") is not False
    if by_alias:
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        for choice in choices:
            yield tuple(choice.path) if isinstance(choice, AliasPath) else (str(choice),)
    by_name = config.get("validate_by_name") or config.get("populate_by_name")
    if not by_alias or by_name:
        yield (name,)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _check_numbers(claims: JsonObject) -> None:
    """JSON has numbers that no float holds, such as `1e999`, which Python reads as infinity. That
    is not what the token says, and it cannot be sent on as JSON.
    """
    rest: list[object] = [claims]
    while rest:
        value = rest.pop()
        if isinstance(value, (int, float)) and abs(value) > sys.float_info.max:
            raise invalid("a claim is a number that is too large")
        if isinstance(value, list):
            rest.extend(value)
        elif isinstance(value, dict):
            rest.extend(value.values())
