"""Finds misspelled settings. The core decides which names resemble each other.

An ignored setting can weaken a check, so a variable whose name is close to a setting is an error.
"""

from collections.abc import Collection, Iterable, Iterator

from better_auth_edge import _core
from better_auth_edge._core import has_same_words, near_miss, words


def suggestion(written: str, known: Iterable[str]) -> str | None:
    """Returns the known name to suggest for a name that is already known to be wrong, or None."""
    return _core.suggestion(written, list(known))


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """Returns a question to append to the error for an unknown name. Empty without a suggestion."""
    return _core.did_you_mean(written, list(known))


def near_misses(
    names: Iterable[str], known: Collection[str], ignored: Collection[str]
) -> dict[str, str]:
    """Returns the variables that are near misses of settings, with those settings. `known` names
    are in capitals. The case of variables is ignored.
    """
    allowed = {*known, *UNRELATED, *(name.upper() for name in ignored)}
    near = {
        name: _near_setting(name, known) for name in sorted(names) if name.upper() not in allowed
    }
    return {name: setting for name, setting in near.items() if setting is not None}


def _is_reordered(name: str, known: str) -> bool:
    """Whether a name has the words of a setting in another order. One word is too common."""
    return "_" in known and has_same_words(name, known)


UNRELATED = {
    *("BETTER_AUTH_SECRETS", "BETTER_AUTH_TRUSTED_ORIGINS", "BETTER_AUTH_API_KEY"),
    *("BETTER_AUTH_API_URL", "BETTER_AUTH_DB_URL", "BETTER_AUTH_KV_URL", "BETTER_AUTH_UI_URL"),
    *("EDGE_SIGNING_KEY", "EDGE_SIGNING_KEY_NEXT", "EDGE_BIND_REQUEST", "ISSUERS"),
    *("ISSUES", "PROFILES", "PROFILER", "REVOCATIONS_URL", "REVOCATIONS_TOKEN"),
}
"""Variables of Better Auth, the Worker and other programs that are close to a setting."""

SYNONYMS = {"BETTER_AUTH_BASE_URL": "BETTER_AUTH_URL"}

PREFIXES = ("EDGE_", "BETTER_AUTH_")

TOO_COMMON = {"URL", "SECRET"}
"""Settings without their prefix that many environments define."""

STAGES = {
    *("STAGING", "STAGE", "PRODUCTION", "PROD", "DEVELOPMENT", "DEV", "PREVIEW", "TEST", "LOCAL"),
}
"""Words for deployments."""

AFFIXES = {
    *("X", "MY", "THE", "OUR", "DEFAULT", "NEW", "OLD", "LIST", "JSON", "VAR"),
    *("LIVE", "QA", "UAT", "CI", "DEMO", "SANDBOX", "BETA", "CANARY", "EU", "US"),
    *STAGES,
}

DISTINCT_WORDS = {"ISSUER", "AUDIENCE", "ALGORITHMS"}
"""Settings of one word that are near misses together with a word for a deployment."""


_SEPARATORS = dict.fromkeys(map(ord, "_-. "))


def _near_setting(name: str, known: Collection[str]) -> str | None:
    written = name.upper()
    near = SYNONYMS.get(written) or _with_another_prefix(written, known)
    if near is None and not _has_extra_word(written, known):
        near = near_miss(name, list(known))
    if near is None:
        near = next((other for other in known if _is_reordered(name, other)), None)
    near = near or _with_affix(written, known) or _with_affixes(name, known)
    return near or _near_without_prefix(written, known)


def _with_another_prefix(written: str, known: Collection[str]) -> str | None:
    """Returns a setting that the name equals after removing, adding or changing a prefix."""
    if written in TOO_COMMON:
        return None
    for rest in _without_prefixes(written):
        prefixes = () if rest in TOO_COMMON else PREFIXES
        for name in (rest, *(prefix + rest for prefix in prefixes)):
            if name in known and name != written:
                return name
    return None


def _near_without_prefix(written: str, known: Collection[str]) -> str | None:
    *_, rest = _without_prefixes(written)
    is_long = len(rest.translate(_SEPARATORS)) >= 9
    return near_miss(rest, list(known)) if rest != written and is_long else None


def _without_prefixes(written: str) -> Iterator[str]:
    """Yields the name, and the name with one more prefix removed each time."""
    rest: str | None = written
    while rest is not None:
        yield rest
        rest = next((rest.removeprefix(p) for p in PREFIXES if rest.startswith(p)), None)


def _has_extra_word(written: str, known: Iterable[str]) -> bool:
    """Whether a name is a setting of several words with an extra word inside, or a setting of one
    word with a word before or after it. Such a name is not a typing error.
    """
    parts = words(written)
    for place, word in enumerate(parts):
        rest = parts[:place] + parts[place + 1 :]
        is_within = 0 < place < len(parts) - 1
        if len(word) > 1 and (is_within or len(rest) == 1) and "_".join(rest) in known:
            return True
    return False


def _with_affix(written: str, known: Collection[str]) -> str | None:
    """Returns the setting that the name equals without its first or last word."""
    parts = words(written)
    for word, rest in ((parts[0], parts[1:]), (parts[-1], parts[:-1])) if parts else ():
        name = "_".join(rest)
        setting = name if name in known else _with_another_prefix(name, known)
        if setting is None or len(rest) < 1:
            continue
        if is_affix(word) if len(rest) > 1 else name in DISTINCT_WORDS and word in STAGES:
            return setting
    return None


def _with_affixes(name: str, known: Iterable[str]) -> str | None:
    """Returns the prefixed setting that the name equals without affixes at both ends."""
    candidates = [setting for setting in known if setting.startswith(PREFIXES)]
    candidates += [synonym for synonym in SYNONYMS if synonym not in candidates]
    parts = words(name)
    starts = [at for at in range(len(parts)) if all(map(is_affix, parts[:at]))]
    ends = [at for at in range(1, len(parts) + 1) if all(map(is_affix, parts[at:]))]
    rests = ["_".join(parts[start:end]) for start in starts for end in ends if start < end]
    found = next((one for rest in rests for one in candidates if has_same_words(rest, one)), None)
    return None if found is None else SYNONYMS.get(found, found)


def is_affix(word: str) -> bool:
    """Whether a word may precede or follow a setting: one of `AFFIXES`, or a number like `V2`."""
    number = word.removeprefix("V")
    return word in AFFIXES or (number.isascii() and number.isdigit())
