#!/bin/sh
# A verifier adds the numbers up in its own way and compares.
read -r call
numbers=$(printf '%s' "$call" | sed -n 's/.*"input":{"numbers":"\([0-9 ]*\)"}.*/\1/p')
claimed=$(printf '%s' "$call" | sed -n 's/.*"output":{"sum":\([0-9]*\)}.*/\1/p')
sum=$(printf '%s' "$numbers" | tr ' ' '\n' | awk '{ sum += $1 } END { print sum + 0 }')
if [ "$claimed" = "$sum" ]; then
  echo '{"verdict": "pass"}'
else
  echo "{\"verdict\": \"fail\", \"reason\": \"the sum is $sum\"}"
fi
