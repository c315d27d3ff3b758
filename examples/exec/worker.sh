#!/bin/sh
# A worker in plain shell: one JSON object on standard input, one on standard output, then it ends.
# It adds up the numbers of {"numbers": "3 4 5"}; sed is enough to read an input of this form.
read -r call
numbers=$(printf '%s' "$call" | sed -n 's/.*"input":{"numbers":"\([0-9 ]*\)"}.*/\1/p')
if [ -z "$numbers" ]; then
  echo '{"error": "the input is not {\"numbers\": \"1 2 3\"}"}'
  exit 0
fi
sum=0
for number in $numbers; do sum=$((sum + number)); done
echo "{\"output\": {\"sum\": $sum}}"
