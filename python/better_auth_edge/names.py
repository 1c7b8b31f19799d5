"""Which known name was meant where another one was written: the core's rule, `src/similar.rs`.

A misspelt setting must not open a door, so a variable whose name is nearly one of ours is a fault.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence


def meant(written: str, known: Iterable[str]) -> str | None:
    """The known name that a written one very likely stands for. Letter case and separators do not
    count. Beyond that one slip makes a name a near one, two in names of nine characters and more,
    none in names of up to four.
    """
    return _nearest(written, known, lambda length: 0 if length <= 4 else 1 if length <= 8 else 2)


def suggestion(written: str, known: Iterable[str]) -> str | None:
    """The known name that a written one may stand for, where it is a mistake anyway."""
    return _nearest(written, known, lambda length: (length + 2) // 4 + 1)


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A question to be put behind the fault of an unknown name; empty where nothing is near."""
    name = suggestion(written, known)
    return "" if name is None else f" (did you mean {name}?)"


def misspelt(
    names: Iterable[str], known: Collection[str], ignored: Collection[str]
) -> dict[str, str]:
    """The variables of an environment that are nearly called as a setting, and the settings that
    they stand for. `known` are in capitals; the case of variables does not count.
    """
    free = {*known, *OTHERS, *(name.upper() for name in ignored)}
    near = {name: _setting_meant(name, known) for name in sorted(names) if name.upper() not in free}
    return {name: setting for name, setting in near.items() if setting is not None}


def _is_reordered(name: str, known: str) -> bool:
    """Whether a name has the words of a setting, which are several: one may be anything."""
    return "_" in known and have_same_words(name, known)


OTHERS = {
    *("BETTER_AUTH_SECRETS", "BETTER_AUTH_TRUSTED_ORIGINS", "BETTER_AUTH_API_KEY"),
    *("BETTER_AUTH_API_URL", "BETTER_AUTH_DB_URL", "BETTER_AUTH_KV_URL", "BETTER_AUTH_UI_URL"),
    *("EDGE_SIGNING_KEY", "EDGE_SIGNING_KEY_NEXT", "EDGE_BIND_REQUEST", "ISSUERS"),
    *("ISSUES", "PROFILES", "PROFILER"),
}
"""Variables of Better Auth, of the Worker and of others that are nearly ours, and mean something
else.
"""

SYNONYMS = {"BETTER_AUTH_BASE_URL": "BETTER_AUTH_URL"}

PREFIXES = ("EDGE_", "BETTER_AUTH_")

TOO_COMMON = {"URL", "SECRET"}
"""What is left of a setting without its prefix, and is called so in many an environment."""

STAGES = {
    *("STAGING", "STAGE", "PRODUCTION", "PROD", "DEVELOPMENT", "DEV", "PREVIEW", "TEST", "LOCAL"),
}
"""Words that tell deployments apart."""

AFFIXES = {
    *("X", "MY", "THE", "OUR", "DEFAULT", "NEW", "OLD", "LIST", "JSON", "VAR"),
    *("LIVE", "QA", "UAT", "CI", "DEMO", "SANDBOX", "BETA", "CANARY", "EU", "US"),
    *STAGES,
}

DISTINCT_WORDS = {"ISSUER", "AUDIENCE", "ALGORITHMS"}
"""Settings of one word that others hardly call a variable, but for the deployment in its name."""


def _setting_meant(name: str, known: Collection[str]) -> str | None:
    written = name.upper()
    near = SYNONYMS.get(written) or _with_another_prefix(written, known)
    if near is None and not _has_a_word_more(written, known):
        near = meant(name, known)
    if near is None:
        near = next((other for other in known if _is_reordered(name, other)), None)
    near = near or _with_affix(written, known) or _with_affixes(name, known)
    return near or _near_without_prefix(written, known)


def _with_another_prefix(written: str, known: Collection[str]) -> str | None:
    """A setting that has the prefix of another, one too many, or none."""
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
    return meant(rest, known) if rest != written and len(_letters(rest)) >= 9 else None


def _without_prefixes(written: str) -> Iterator[str]:
    """The name itself, and what is left of it as our prefixes are taken off one by one."""
    rest: str | None = written
    while rest is not None:
        yield rest
        rest = next((rest.removeprefix(p) for p in PREFIXES if rest.startswith(p)), None)


def _has_a_word_more(written: str, known: Iterable[str]) -> bool:
    """Whether a name is a setting of two words or more with another word within, or one of one word
    with another before or behind it: such a name is no slip.
    """
    parts = words(written)
    for place, word in enumerate(parts):
        rest = parts[:place] + parts[place + 1 :]
        is_within = 0 < place < len(parts) - 1
        if len(word) > 1 and (is_within or len(rest) == 1) and "_".join(rest) in known:
            return True
    return False


def _with_affix(written: str, known: Collection[str]) -> str | None:
    """A setting of ours alone with a word before or behind it."""
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
    """A setting of ours alone with words before or behind it that tell deployments apart."""
    own = [known for known in known if known.startswith(("EDGE_", "BETTER_AUTH_"))]
    own += [synonym for synonym in SYNONYMS if synonym not in own]
    said = words(name)
    starts = [at for at in range(len(said)) if all(map(is_affix, said[:at]))]
    ends = [at for at in range(1, len(said) + 1) if all(map(is_affix, said[at:]))]
    rests = ["_".join(said[start:end]) for start in starts for end in ends if start < end]
    found = next((one for rest in rests for one in own if have_same_words(rest, one)), None)
    return None if found is None else SYNONYMS.get(found, found)


def have_same_words(name: str, other: str) -> bool:
    """Whether two names have the same words, in whatever order, singular or plural."""
    one, another = (
        sorted(word.removesuffix("S") for word in words(name)) for name in (name, other)
    )
    return one == another


def words(name: str) -> list[str]:
    """The words of a name, in capitals: `trustedOrigins` and `TRUSTED-ORIGINS` have two."""
    apart = re.sub("(?<=[a-z])(?=[A-Z])", "_", name)
    return [word.upper() for word in re.split("[-_. ]", apart) if word]


def is_affix(word: str) -> bool:
    number = word.removeprefix("V")
    return word in AFFIXES or (number.isascii() and number.isdigit())


def _nearest(written: str, known: Iterable[str], limit: Callable[[int], int]) -> str | None:
    letters = _letters(written)
    best: tuple[int, str] | None = None
    for name in known:
        other = _letters(name)
        most = min(limit(len(other)), len(other) // 2)
        if abs(len(letters) - len(other)) > most:
            continue
        slips = _distance(letters, other)
        if slips <= most and (best is None or slips < best[0]):
            best = slips, name
    return None if best is None else best[1]


def _letters(name: str) -> str:
    return "".join(character for character in name if character not in "_-. ").upper()


def _distance(a: Sequence[str], b: Sequence[str]) -> int:
    """How many slips make one of the other: characters too many, too few, wrong, or swapped with
    their neighbours.
    """
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            wrong = a[i - 1] != b[j - 1]
            least = min(last[j - 1] + wrong, last[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]
