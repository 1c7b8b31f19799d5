"""Writes verdicts.jsonl: what the core says to every token that its tests make for the default
verifier, for the languages that have the checks once more. Run by hand:

    mkdir recorded
    RECORD_VERDICTS=$PWD/recorded cargo test
    python verdicts.py recorded/*.jsonl > verdicts.jsonl

`../verifier/verdicts.rs` holds the core against the file, so that it may lack a token but never be wrong.
"""

import fileinput
import json

MAX_LINE = 20_000

verdicts = sorted({line for line in fileinput.input() if len(line) <= MAX_LINE})
for verdict in verdicts:
    print(json.dumps(json.loads(verdict), separators=(",", ":")))
