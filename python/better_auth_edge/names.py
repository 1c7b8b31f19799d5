"""Which known name was meant where another one was written: the core's rule, `src/similar.rs`.

A misspelt setting must not open a door, so a variable whose name is nearly one of ours is a fault.
"""

from collections.abc import Callable, Collection, Iterable, Sequence


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
    found = {}
    for name in sorted(names):
        if name.upper() in known or name.upper() in OTHERS or name in ignored:
            continue
        near = SYNONYMS.get(name.upper()) or meant(name, known) or _with_affix(name, known)
        if near is not None:
            found[name] = near
    return found


OTHERS = {
    *("BETTER_AUTH_SECRETS", "BETTER_AUTH_TRUSTED_ORIGINS", "ISSUERS", "EDGE_SIGNING_KEY"),
    *("EDGE_BIND_REQUEST", "EDGE_SIGNING_KEY_NEXT"),
}
"""Variables of Better Auth and of the Worker that are nearly ours, and mean something else."""

SYNONYMS = {"BETTER_AUTH_BASE_URL": "BETTER_AUTH_URL"}

AFFIXES = {
    *("X", "MY", "THE", "OUR", "STAGING", "PRODUCTION", "PROD", "DEVELOPMENT", "DEV", "PREVIEW"),
    *("TEST", "LOCAL", "DEFAULT", "NEW", "OLD", "LIST", "JSON", "VAR"),
}


def _with_affix(name: str, known: Iterable[str]) -> str | None:
    """A setting of ours alone with a word before or behind it."""
    words = name.replace("-", "_").upper().split("_")
    parts = ((words[0], words[1:]), (words[-1], words[:-1]))
    rests = [rest for word, rest in parts if is_affix(word)]
    own = [known for known in known if known.startswith(("EDGE_", "BETTER_AUTH_"))]
    return next((name for name in own if name.split("_") in rests), None)


def is_affix(word: str) -> bool:
    return word in AFFIXES or (word.isascii() and word.isdigit()) or not word


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
