#!/bin/sh
# A cheaper worker that forgets the last number. The verifiers notice.
read -r call
numbers=$(printf '%s' "$call" | sed -n 's/.*"input":{"numbers":"\([0-9 ]*\) [0-9]*"}.*/\1/p')
sum=0
for number in $numbers; do sum=$((sum + number)); done
echo "{\"output\": {\"sum\": $sum}}"
