/** Plots as SVG that stands in the page itself. Pure. */

import { significant } from "./statistics.ts";

export const escaped = (text: string): string =>
  text.replace(
    /[&<>"]/g,
    (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign] ?? sign,
  );

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Shown when the pointer rests on it. */
  readonly title: string;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly PlotPoint[];
  /** Joined by a line; else each stands alone. */
  readonly isJoined: boolean;
}

export interface Plot {
  readonly title: string;
  readonly xName: string;
  readonly yName: string;
  readonly curves: readonly Curve[];
  /** Where the x axis ends; else at a round number above all points. */
  readonly xMax?: number;
}

const WIDTH = 520;
const HEIGHT = 260;
const LEFT = 70;
const RIGHT = 16;
const TOP = 30;
const BOTTOM = 44;
/** Lines of the grid, and numbers at each axis. */
export const TICKS = 4;
const COLOURS = ["#1d6fb8", "#c2541b", "#3b8640", "#7a4da3"];

const shortNumber = (value: number): string => {
  const told = significant(value, 3);
  return Math.abs(told) >= 10_000 ? `${significant(told / 1_000, 3)}k` : String(told);
};

/** The least of 1, 2, 2.5, 5 and 10 times a power of ten that `value` does not exceed; 1 for nothing. */
export const roundUp = (value: number): number => {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
};

/** Both axes begin at 0, so that a change looks as large as it is. */
export const plotSvg = ({ title, xName, yName, curves, ...given }: Plot): string => {
  const points = curves.flatMap((curve) => curve.points);
  const xMax = given.xMax ?? roundUp(Math.max(0, ...points.map(({ x }) => x)));
  const yMax = roundUp(Math.max(0, ...points.map(({ y }) => y)));
  const xAt = (x: number): number =>
    Math.round((LEFT + (x / xMax) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
  const yAt = (y: number): number =>
    Math.round((HEIGHT - BOTTOM - (y / yMax) * (HEIGHT - TOP - BOTTOM)) * 10) / 10;
  const ticks = Array.from({ length: TICKS + 1 }, (_, at) => at / TICKS);
  const grid = ticks.flatMap((part) => [
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${yAt(part * yMax)}" y2="${yAt(part * yMax)}"/>`,
    `<text class="tick" text-anchor="end" x="${LEFT - 6}" y="${yAt(part * yMax) + 4}">` +
      `${shortNumber(part * yMax)}</text>`,
    `<text class="tick" text-anchor="middle" x="${xAt(part * xMax)}" y="${HEIGHT - BOTTOM + 16}">` +
      `${shortNumber(part * xMax)}</text>`,
  ]);
  const drawn = curves.flatMap(({ name, points: own, isJoined }, at) => {
    const colour = COLOURS[at % COLOURS.length] ?? "";
    const line = own.map(({ x, y }) => `${xAt(x)},${yAt(y)}`).join(" ");
    return [
      ...(isJoined
        ? [`<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${line}"/>`]
        : []),
      ...own.map(
        (point) =>
          `<circle cx="${xAt(point.x)}" cy="${yAt(point.y)}" r="3.5" fill="${colour}">` +
          `<title>${escaped(point.title)}</title></circle>`,
      ),
      ...(curves.length > 1
        ? [
            `<text class="tick" fill="${colour}" style="fill:${colour}" text-anchor="end" ` +
              `x="${WIDTH - RIGHT}" y="${TOP + 12 + 14 * at}">${escaped(name)}</text>`,
          ]
        : []),
    ];
  });
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<text class="name" x="${LEFT}" y="18">${escaped(title)}</text>`,
    ...grid,
    `<text class="tick" text-anchor="middle" x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 8}">` +
      `${escaped(xName)}</text>`,
    `<text class="tick" text-anchor="middle" transform="rotate(-90)" x="${-HEIGHT / 2}" y="14">` +
      `${escaped(yName)}</text>`,
    ...drawn,
    "</svg>",
  ].join("\n");
};
