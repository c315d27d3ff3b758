"""A verifier counts in its own way and compares; what it cannot read it does not judge."""

import json
import sys
from collections import Counter

call = json.load(sys.stdin)
counts = Counter(call["input"]["text"].lower().split())
expected = {"words": sum(counts.values()), "counts": dict(counts)}
if call["output"] == expected:
    print(json.dumps({"verdict": "pass"}))
else:
    print(json.dumps({"verdict": "fail", "reason": f"there are {expected['words']} words"}))
