import { describe, expect, it } from "vitest";
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { MACHINES } from "#machines/catalogue.ts";
import { transitionsOf } from "#machines/render.ts";
import type { Event } from "#runtime/logic/logic.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";
import { edgesOf, explore, nodesOf, statesIn } from "./walk.ts";

const subjects: readonly (readonly [string, Subject<Event>])[] = Object.entries(SUBJECTS);

const afterOf = (node: AnyStateNode): string[] =>
  transitionsOf(node)
    .map(({ eventType }) => eventType)
    .filter((type) => type.startsWith("xstate.after."));

/** Its own deadline, an ancestor's, or an eventless edge without a condition. */
const mayStay = (node: AnyStateNode): boolean => {
  if (node.always?.some(({ guard }) => guard === undefined)) return false;
  for (let at: AnyStateNode | undefined = node; at !== undefined; at = at.parent)
    if (afterOf(at).length > 0) return false;
  return node.type !== "final" && Object.keys(node.states).length === 0;
};

const withoutDeadline = (machine: AnyStateMachine): string[] =>
  nodesOf(machine)
    .filter(mayStay)
    .map(({ id }) => id);

it("the catalogue holds the five machines under their own names", () => {
  expect(Object.keys(MACHINES).toSorted()).toEqual(Object.keys(SUBJECTS).toSorted());
  for (const [name, machine] of Object.entries(MACHINES)) {
    expect(machine.id).toBe(name);
    expect(machine.version).toMatch(/^\d+$/);
  }
});

describe.each(subjects)("%s", (_name, { machine, inputs, events, ...subject }) => {
  const stuck: string[] = [];
  const found = explore(machine, inputs, events, subject.placesMax, (taken) => {
    const isDone = taken.snapshot.status === "done";
    if (!isDone && taken.timers.size === 0) stuck.push(statesIn(taken).join());
  });

  it("every state is reached", () => {
    expect([...found.states].filter((id) => id !== machine.id).toSorted()).toEqual(
      nodesOf(machine)
        .filter((node) => !node.always?.some(({ guard }) => guard === undefined))
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  it("every transition of the definition is taken", () => {
    expect([...found.edges].toSorted()).toEqual(edgesOf(machine).toSorted());
  });

  it("every state that is not final has a deadline edge, its own or an ancestor's", () => {
    expect(withoutDeadline(machine)).toEqual([]);
  });

  it("wherever it stands, either a timer is armed or it is done", () => {
    expect(stuck).toEqual([]);
  });

  it("it takes the events of its union and no others", () => {
    const taken = machine.events.filter((type) => !type.startsWith("xstate."));
    expect([...taken].toSorted()).toEqual([...subject.eventNames].toSorted());
  });

  it("its commands are those of its union", () => {
    const declared = Object.entries(machine.implementations.actions)
      .filter(([, body]) => typeof body === "function" && !("resolve" in body))
      .map(([type]) => type);
    expect(declared.toSorted()).toEqual([...subject.commandNames].toSorted());
  });

  it("each deadline has an id of its own, and no delay stands in two states", () => {
    const ids = nodesOf(machine).flatMap((node) => [...new Set(afterOf(node))]);
    expect(new Set(ids).size).toBe(ids.length);
    const delays = ids.map((id) => id.split(".")[2]);
    expect(new Set(delays).size).toBe(delays.length);
    const declared = Object.keys(machine.implementations.delays);
    expect(delays.toSorted()).toEqual(declared.toSorted());
  });
});

it("a state without a deadline would be found", () => {
  const machine = MACHINES["lease"]!;
  const copy = machine.provide({});
  const held = nodesOf(copy).find(({ id }) => id === "lease.held")!;
  for (const type of afterOf(held)) held.transitions.delete(type);
  expect(withoutDeadline(copy)).toEqual(["lease.held"]);
});
