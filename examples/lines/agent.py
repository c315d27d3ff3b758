"""A persistent agent: one JSON object a line in, one a line out, with the same id.

    python3 agent.py worker     factors n of {"n": 91}
    python3 agent.py verifier   multiplies the factors again and tests each for being prime

`{"ping": 3}` is answered by `{"pong": 3}`: without such a sign of life the lease ends.
"""

import json
import sys


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))


def factors(n):
    found, divisor = [], 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            found.append(divisor)
            n //= divisor
        divisor += 1
    return found + [n] if n > 1 else found


def work(call):
    n = call["input"].get("n")
    if not isinstance(n, int) or n < 2:
        return {"error": "n must be a whole number above 1"}
    return {"output": {"factors": factors(n)}}


def judge(call):
    n, claimed = call["input"]["n"], call["output"].get("factors")
    if not isinstance(claimed, list) or not all(isinstance(f, int) for f in claimed):
        return {"verdict": "fail", "reason": "the factors are no list of whole numbers"}
    product = 1
    for factor in claimed:
        if not is_prime(factor):
            return {"verdict": "fail", "reason": f"{factor} is not prime"}
        product *= factor
    if product != n:
        return {"verdict": "fail", "reason": f"they multiply to {product}"}
    return {"verdict": "pass"}


answer = {"worker": work, "verifier": judge}[sys.argv[1]]
for line in sys.stdin:
    call = json.loads(line)
    reply = {"pong": call["ping"]} if "ping" in call else {"id": call["id"], **answer(call)}
    print(json.dumps(reply), flush=True)
