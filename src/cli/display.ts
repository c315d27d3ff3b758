/** Text on a terminal: widths, colours, bars, tables. Plain when it is piped. */

export type Paint = (text: string) => string;
export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
}

export const COLUMNS_DEFAULT = 80;

const same: Paint = (text) => text;
const sgr =
  (code: number): Paint =>
  (text) =>
    `\u001b[${code}m${text}\u001b[0m`;

export const palette = (color: boolean): Palette =>
  color
    ? { bold: sgr(1), dim: sgr(2), good: sgr(32), bad: sgr(31) }
    : { bold: same, dim: same, good: same, bad: same };

/** Whether colours are wanted here: a terminal, and nobody said NO_COLOR. */
export const hasColors = (screen: { readonly isTTY?: boolean }): boolean =>
  screen.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";

/** How wide and how colourful this output may be. */
export const styleOf = (screen: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): { readonly width: number | undefined; readonly color: boolean } => ({
  width: screen.isTTY === true ? (screen.columns ?? COLUMNS_DEFAULT) : undefined,
  color: hasColors(screen),
});

// oxlint-disable-next-line no-control-regex -- names and paths must not move the cursor
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
const ELLIPSIS = "…";

export const clean = (text: string): string => text.replace(CONTROL, " ");

/** Keeps the end, where the name of a file stands. */
export const cutStart = (text: string, width: number): string =>
  text.length <= width ? text : ELLIPSIS + text.slice(text.length - width + 1);

/** Keeps the beginning. */
export const cutEnd = (text: string, width: number): string =>
  text.length <= width ? text : text.slice(0, Math.max(0, width - 1)) + ELLIPSIS;

/** Nothing below zero, full above the whole. */
export const bar = (part: number, whole: number, width: number): string => {
  const share = whole === 0 ? 0 : Math.min(1, Math.max(0, part / whole));
  const filled = Math.floor(share * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
};

export const milliseconds = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;

export const count = (n: number): string => n.toLocaleString("en-US");

const BYTES_UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;
const BYTES_STEP = 1024;

/** `12.5 MiB`; what is below one KiB as it is. */
export const bytesText = (bytes: number): string => {
  const power = Math.floor(Math.log(Math.max(1, bytes)) / Math.log(BYTES_STEP));
  const unit = BYTES_UNITS[Math.min(power, BYTES_UNITS.length) - 1];
  if (unit === undefined) return `${count(bytes)} B`;
  return `${(bytes / BYTES_STEP ** (BYTES_UNITS.indexOf(unit) + 1)).toFixed(1)} ${unit}`;
};

export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
  /** Takes the room that is left and is cut at its start; at most one. */
  readonly elastic?: boolean;
}
export interface Cell {
  readonly text: string;
  readonly paint?: Paint;
}

const GAP = "  ";
const ELASTIC_MIN = 12;

/** Rows under their titles, at most `width` wide as far as the elastic column can give way. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, colors }: { readonly width: number; readonly colors: Palette },
): string[] => {
  const widths = columns.map(({ title }, n) =>
    Math.max(title.length, ...rows.map((row) => row[n]!.text.length)),
  );
  const elastic = columns.findIndex((column) => column.elastic);
  const total = widths.reduce((sum, one) => sum + one, GAP.length * (columns.length - 1));
  if (elastic >= 0 && total > width)
    widths[elastic] = Math.max(ELASTIC_MIN, widths[elastic]! - (total - width));
  const line = (cells: readonly Cell[]): string =>
    cells
      .map(({ text, paint }, n) => {
        const cut = cutStart(text, widths[n]!);
        const pad = " ".repeat(widths[n]! - cut.length);
        const painted = paint === undefined || cut === "" ? cut : paint(cut);
        if (columns[n]!.align === "right") return pad + painted;
        return n === columns.length - 1 ? painted : painted + pad;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(columns.map(({ title }) => ({ text: title, paint: colors.dim }))),
    ...rows.map(line),
  ];
};
