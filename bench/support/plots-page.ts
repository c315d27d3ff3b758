/** A history as one page: arrivals as load against goodput and latency, all else over its runs. Pure. */

import type { HistoryLine, Point } from "./history.ts";
import { escaped, plotSvg, TICKS, type Plot, type PlotPoint } from "./plot.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #222; --weak: #777; --line: #ddd; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --weak: #9a9a9a; --line: #3a3a3a; --page: #161616; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 1120px; margin: 2rem auto; padding: 0 1rem; }
p { color: var(--weak); max-width: 46rem; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
svg { max-width: 100%; height: auto; }
svg .name { font-weight: 600; font-size: 13px; fill: var(--ink); }
svg .tick { font-size: 11px; fill: var(--weak); }
svg .grid { stroke: var(--line); }
`;

const runText = ({ date, revision, machine }: HistoryLine): string =>
  `${date.slice(0, 16).replace("T", " ")}, ${revision ?? "no revision"}, ` +
  `load ${String(machine["loadBefore"] ?? "not told")}`;

/** Offered load of each step, what came of it, and what it would be if all came through. */
const arrivalsPlots = (run: HistoryLine, series: readonly Point[]): readonly Plot[] => {
  const { figures } = run;
  const overload =
    figures["overload.offeredPerSecond"] === undefined
      ? []
      : [
          {
            offeredPerSecond: figures["overload.offeredPerSecond"],
            goodputPerSecond: figures["overload.goodputPerSecond"] ?? 0,
            p99Ms: figures["overload.p99Ms"] ?? 0,
          },
        ];
  const of = (points: readonly Point[], name: string): readonly PlotPoint[] =>
    [...points]
      .map((point) => ({ x: point["offeredPerSecond"] ?? 0, y: point[name] ?? 0 }))
      .sort((a, b) => a.x - b.x)
      .map(({ x, y }) => ({ x, y, title: `offered ${x}/s: ${y}` }));
  const plot = (name: string, title: string, yName: string, more: Plot["curves"]): Plot => ({
    title: `${title} (${runText(run)})`,
    xName: "offered needs a second",
    yName,
    curves: [
      { name: yName, points: of(series, name), isJoined: true },
      { name: "twice the sustainable", points: of(overload, name), isJoined: false },
      ...more,
    ],
  });
  const most = Math.max(...series.map((point) => point["offeredPerSecond"] ?? 0));
  const all = [0, most].map((x) => ({ x, y: x, title: "all that is offered" }));
  return [
    plot("goodputPerSecond", "Goodput", "finalized a second", [
      { name: "all that is offered", points: all, isJoined: true },
    ]),
    plot("p99Ms", "Latency", "p99, ms from when it was due", []),
  ];
};

const runsPlots = (runs: readonly HistoryLine[]): readonly Plot[] => {
  const names = [...new Set(runs.flatMap(({ figures }) => Object.keys(figures)))];
  return names.map((name) => ({
    title: name,
    xName: "run",
    // So that every tick is a whole run.
    xMax: Math.ceil(runs.length / TICKS) * TICKS,
    yName: "",
    curves: [
      {
        name,
        isJoined: true,
        points: runs.flatMap((run, at) => {
          const y = run.figures[name];
          return y === undefined ? [] : [{ x: at + 1, y, title: `${y} (${runText(run)})` }];
        }),
      },
    ],
  }));
};

const section = (title: string, plots: readonly Plot[]): string =>
  `<h2>${escaped(title)}</h2>\n<div class="plots">\n${plots.map(plotSvg).join("\n")}\n</div>`;

export const plotsPage = (history: readonly HistoryLine[]): string => {
  const benches = [...new Set(history.map(({ bench }) => bench))];
  const sections = benches.flatMap((bench) => {
    const runs = history.filter((run) => run.bench === bench);
    const last = runs.findLast(({ series }) => series !== undefined);
    return [
      ...(last?.series === undefined
        ? []
        : [section(`${bench}: the last run`, arrivalsPlots(last, last.series))]),
      section(`${bench}: ${runs.length} ${runs.length === 1 ? "run" : "runs"}`, runsPlots(runs)),
    ];
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>canswarm benches</title><style>${STYLE}</style></head>
<body>
<h1>canswarm benches</h1>
<p>Every point is one run; rest the pointer on it for its date, revision and the load that the machine had
before. Runs of different machines do not compare. All axes begin at 0.</p>
${sections.join("\n")}
</body>
</html>
`;
};
