/** One machine driven by hand: events in, commands and timers to look at. */
import type { AnyStateMachine } from "xstate";
import type { Command, Event } from "#runtime/logic/logic.ts";
import { walkerOf, type Place, type Taken } from "./walk.ts";

export const drive = <E extends Event, C extends Command>(
  machine: AnyStateMachine,
  input: unknown,
) => {
  const walker = walkerOf(machine);
  const all: C[] = [];
  let place: Place;
  const go = (taken: Taken): C[] => {
    place = taken;
    const commands = taken.commands as unknown as C[];
    all.push(...commands);
    return commands;
  };
  go(walker.start(input));
  return {
    /** All commands so far. */
    commands: all,
    place: (): Place => place,
    value: (): unknown => place.snapshot.value,
    context: <T>(): T => place.snapshot.context as T,
    isDone: (): boolean => place.snapshot.status === "done",
    delayOf: (name: string): number | undefined => timerNamed(place, name)?.[1].afterMs,
    /** Commands of the last event. */
    send: (...events: readonly E[]): C[] =>
      events.reduce<C[]>((_, event) => go(walker.send(place, event)), []),
    /** Let the timer of a delay pass. */
    pass: (name: string): C[] => {
      const timer = timerNamed(place, name);
      if (timer === undefined) throw new Error(`no timer ${name} is armed`);
      return go(walker.fire(place, timer[0]));
    },
    last: <T extends C["type"]>(type: T): Extract<C, { type: T }> | undefined =>
      all.findLast((command) => command.type === type) as Extract<C, { type: T }> | undefined,
    count: (type: C["type"]): number => all.filter((command) => command.type === type).length,
  };
};

const timerNamed = (place: Place, name: string) =>
  [...place.timers].find(([id]) => id.startsWith(`xstate.after.${name}.`));
