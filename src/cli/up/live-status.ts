/** A running supervisor at a glance, as GET /v1/status and GET /v1/agents tell it. */

import { clean, count, milliseconds, palette, table, type Palette } from "../display.ts";
import { grouped, labelled, WIDTH_PIPED, type TextStyle } from "../summary-text.ts";

export interface LiveStatus {
  readonly swarm: string;
  readonly needs: Readonly<
    Record<"open" | "openMax" | "accepted" | "refused" | "turnedAway" | "ended", number>
  >;
  readonly agents: { readonly registered: number; readonly here: number };
  readonly reconciled?: {
    readonly at: string;
    readonly needs: number;
    readonly holds: number;
    readonly findings: readonly string[];
    readonly findingsCount: number;
    readonly failure?: string;
  };
  readonly credits?: {
    readonly minted: string;
    readonly burned: string;
    readonly escrows: string;
    readonly bonds: string;
    readonly conserved: boolean;
  };
}

export interface LiveAgent {
  readonly did: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly capabilities: readonly string[];
  readonly isHere: boolean;
  /** Of one that joined over HTTP: since its last sign of life. */
  readonly quietMs?: number;
}

const hereText = ({ isHere, quietMs }: LiveAgent): string => {
  if (!isHere) return "away";
  return quietMs === undefined ? "here, hired" : `here, heard ${milliseconds(quietMs)} ago`;
};

export const renderLive = (
  { swarm, needs, credits, reconciled }: LiveStatus,
  agents: readonly LiveAgent[],
  style: TextStyle,
): string => {
  const colors = palette(style.color);
  const rows = agents
    .filter(({ roles }) => roles.some((role) => role !== "requester"))
    .map((agent) => [
      { text: clean(agent.name) },
      { text: agent.roles.join(", ") },
      { text: clean(agent.capabilities.join(", ")) },
      { text: hereText(agent) },
    ]);
  const conserved =
    credits?.conserved === true ? colors.good("conserved") : colors.bad("NOT CONSERVED");
  return [
    ...table(
      [
        { title: "agent", align: "left" },
        { title: "roles", align: "left" },
        { title: "capabilities", align: "left", elastic: true },
        { title: "", align: "left" },
      ],
      rows,
      { width: style.width ?? WIDTH_PIPED, colors },
    ),
    "",
    labelled("swarm", swarm),
    labelled("needs", `${count(needs.open)} open of ${count(needs.openMax)} that may be`),
    labelled(
      "",
      `since the start ${count(needs.accepted)} taken, ${count(needs.ended)} ended, ` +
        `${count(needs.refused)} refused, ${count(needs.turnedAway)} told to come later`,
    ),
    ...(credits === undefined
      ? []
      : [
          labelled("credits", `${conserved}: ${grouped(credits.minted)} minted`),
          labelled("", `${grouped(credits.escrows)} in escrow, ${grouped(credits.bonds)} in bonds`),
        ]),
    ...reconciledLines(reconciled, colors),
    "",
  ].join("\n");
};

const reconciledLines = (last: LiveStatus["reconciled"], colors: Palette): readonly string[] => {
  if (last === undefined) return [];
  const { at, needs, holds, findings, findingsCount, failure } = last;
  const what = `${count(needs)} open needs and ${count(holds)} holds at ${clean(at)}`;
  if (failure !== undefined) return [labelled("compared", colors.bad(`not: ${clean(failure)}`))];
  const verdict =
    findingsCount === 0 ? "nothing found" : colors.bad(`${count(findingsCount)} found`);
  return [
    labelled("compared", `${what}: ${verdict}`),
    ...findings.map((finding) => labelled("", clean(finding))),
  ];
};
