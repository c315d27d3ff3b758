/**
 * Small changes of a file, each of which a good probe sees: an operator for another, a constant for another,
 * a statement less. Where one goes unnoticed, so might a lie of that size, and no verdict is given.
 */

const SWAPPED: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "==": "!=",
  "!=": "==",
  "&&": "||",
  "||": "&&",
  "??": "||",
  "<=": ">=",
  ">=": "<=",
  "<": ">",
  ">": "<",
  "++": "--",
  "--": "++",
  "+": "-",
  "-": "+",
  "*": "/",
  "%": "*",
  true: "false",
  false: "true",
};

/** Texts are matched first, so that nothing inside them counts as an operator. */
const TOKEN = new RegExp(
  [
    String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`,
    String.raw`=>|===|!==|==|!=|&&|\|\||\?\?|<=|>=|\+\+|--|[<>+\-*%]`,
    String.raw`\btrue\b|\bfalse\b|\b\d+\b`,
  ].join("|"),
  "g",
);

const instead = (token: string): string | undefined => {
  if (/^["']/.test(token))
    return /^["']use strict["']$/.test(token) ? undefined : `${token.slice(0, -1)}~${token[0]}`;
  if (/^\d/.test(token)) return String(Number(token) + 1);
  return SWAPPED[token];
};

/** `printed`: one statement a line, without comments. */
export const changesOf = (printed: string): string[] => {
  const changed: string[] = [];
  for (const match of printed.matchAll(TOKEN)) {
    const other = instead(match[0]);
    if (other === undefined) continue;
    const { index } = match;
    changed.push(printed.slice(0, index) + other + printed.slice(index + match[0].length));
  }
  const lines = printed.split("\n");
  lines.forEach((line, n) => {
    if (line.endsWith(";") && !/^["']use strict["'];$/.test(line))
      changed.push([...lines.slice(0, n), ...lines.slice(n + 1)].join("\n"));
  });
  return changed;
};
