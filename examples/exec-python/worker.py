"""A worker: one JSON object on standard input, one on standard output, then it ends."""

import json
import sys

call = json.load(sys.stdin)
words = call["input"]["text"].lower().split()
counts = {word: words.count(word) for word in sorted(set(words))}
print(json.dumps({"output": {"words": len(words), "counts": counts}}))
