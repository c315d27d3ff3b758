/** A few programming tasks of our own, each with a right solution and one with a mistake. */

import type { ProgramTask } from "./tasks.ts";

export const SAMPLE: readonly ProgramTask[] = [
  {
    id: "sample/clamp",
    prompt: "Bring a number into the range from low to high, both included.",
    declaration: "const clamp = (value, low, high) => {\n",
    right: "  return Math.min(Math.max(value, low), high);\n}\n",
    buggy: "  return Math.max(Math.min(value, low), high);\n}\n",
    entryPoint: "clamp",
    tests: `console.assert(clamp(5, 1, 9) === 5)
console.assert(clamp(-3, 1, 9) === 1)
console.assert(clamp(12, 1, 9) === 9)`,
  },
  {
    id: "sample/runs",
    prompt:
      'Shorten a text by writing each run of a character as the character and its length: "aab" is "a2b1".',
    declaration: "const runs = (text) => {\n",
    right: "  return text.replace(/(.)\\1*/gs, (run, first) => first + run.length);\n}\n",
    buggy: "  return text.replace(/(.)\\1+/gs, (run, first) => first + run.length);\n}\n",
    entryPoint: "runs",
    tests: `console.assert(runs("") === "")
console.assert(runs("aab") === "a2b1")
console.assert(runs("xyz") === "x1y1z1")`,
  },
  {
    id: "sample/median",
    prompt: "The middle number of a list by size; of two middle ones their mean.",
    declaration: "const median = (numbers) => {\n",
    right: `  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
`,
    buggy: `  const sorted = [...numbers].sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
`,
    entryPoint: "median",
    tests: `const testMedian = () => {
  console.assert(median([3, 1, 2]) === 2)
  console.assert(median([10, 9, 100, 1]) === 9.5)
}
testMedian()`,
  },
  {
    id: "sample/rotate",
    prompt: "A list with its last n elements brought to the front; n may be larger than the list.",
    declaration: "function rotate(list, n) {\n",
    right: `  if (list.length === 0) return [];
  const at = list.length - (n % list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}
`,
    buggy: `  const at = n % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
`,
    entryPoint: "rotate",
    tests: `console.assert(rotate([1, 2, 3], 1).join() === "3,1,2")
console.assert(rotate([1, 2, 3], 0).join() === "1,2,3")
console.assert(rotate([1, 2, 3], 7).join() === "3,1,2")
console.assert(rotate([], 2).length === 0)`,
  },
];
