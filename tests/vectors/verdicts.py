"""Writes verdicts.jsonl: the core's result for every token that its tests make for the default
verifier. Implementations in other languages test their checks with it. Run by hand:

    mkdir recorded
    RECORD_VERDICTS=$PWD/recorded cargo test
    python verdicts.py recorded/*.jsonl > verdicts.jsonl

`../verifier/verdicts.rs` checks the file with the core, so it can lack a token but never be wrong.
"""

import fileinput
import json

MAX_LINE = 20_000

verdicts = sorted({line for line in fileinput.input() if len(line) <= MAX_LINE})
for verdict in verdicts:
    print(json.dumps(json.loads(verdict), separators=(",", ":")))
