/** Small WebAssembly guests, put together from their sections: some behave, some do not. */

const I32 = 0x7f;
const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
const section = (id: number, content: readonly number[]): number[] => [
  id,
  content.length,
  ...content,
];

export interface Parts {
  /** Of the one exported function `main: (i32) → i32`; without its last `end`. */
  readonly code: readonly number[];
  /** Groups of local variables as they stand in the binary; the parameter is variable 0. */
  readonly locals?: readonly number[];
  /** Limits as in the binary: flags, least, most. */
  readonly memory?: readonly number[];
  readonly globals?: readonly number[];
  readonly imports?: readonly (readonly [module: string, name: string])[];
  readonly exports?: readonly (readonly [name: string, kind: number, index: number])[];
  /** Sections that are put at their place, by id. */
  readonly extra?: Readonly<Record<number, readonly number[]>>;
}

/** Imported functions are of type 1: (i32, i32) → i32. */
export const moduleOf = (parts: Parts): Uint8Array => {
  const imports = parts.imports ?? [];
  const body = [...(parts.locals ?? [0]), ...parts.code, 0x0b];
  const exported = [
    ["main", 0, imports.length] as const,
    ...(parts.memory === undefined ? [] : [["memory", 2, 0] as const]),
    ...(parts.exports ?? []),
  ];
  const sections: Record<number, readonly number[]> = {
    1: [2, 0x60, 1, I32, 1, I32, 0x60, 2, I32, I32, 1, I32],
    3: [1, 0],
    7: [
      exported.length,
      ...exported.flatMap(([name, kind, index]) => [...text(name), kind, index]),
    ],
    10: [1, body.length, ...body],
    ...(imports.length === 0
      ? {}
      : {
          2: [
            imports.length,
            ...imports.flatMap(([module, name]) => [...text(module), ...text(name), 0, 1]),
          ],
        }),
    ...(parts.memory === undefined ? {} : { 5: [1, ...parts.memory] }),
    ...(parts.globals === undefined ? {} : { 6: parts.globals }),
    ...parts.extra,
  };
  const ordered = Object.entries(sections).sort(([a], [b]) => Number(a) - Number(b));
  return new Uint8Array([
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...ordered.flatMap(([id, content]) => section(Number(id), content)),
  ]);
};

/** Adds 1 + 2 + … + n in a loop. */
export const SUM = moduleOf({
  locals: [1, 1, I32],
  code: [
    0x03,
    0x40, // loop
    0x20,
    1,
    0x20,
    0,
    0x6a,
    0x21,
    1, // sum += n
    0x20,
    0,
    0x41,
    1,
    0x6b,
    0x22,
    0, // n -= 1
    0x0d,
    0, // again unless n is 0
    0x0b,
    0x20,
    1,
  ],
});

/** Loops for ever. */
export const SPIN = moduleOf({ code: [0x03, 0x40, 0x0c, 0, 0x0b, 0x41, 0] });

/** Calls itself for ever. */
export const DEEP = moduleOf({ code: [0x20, 0, 0x10, 0, 0x41, 1, 0x6a] });

/** Asks for 10,000 pages (640 MB) more, and tells how many it had. */
export const GROW = moduleOf({ memory: [0, 1], code: [0x41, 0x90, 0xce, 0, 0x40, 0] });

/** Prints its memory for ever. */
export const SHOUT = moduleOf({
  memory: [0, 1],
  imports: [["canswarm", "write"]],
  code: [0x03, 0x40, 0x41, 0, 0x41, 0x80, 0x20, 0x10, 0, 0x1a, 0x0c, 0, 0x0b, 0x41, 0],
});

/** Reads n bytes of the input and prints them. */
export const ECHO = moduleOf({
  memory: [0, 1],
  imports: [
    ["canswarm", "read"],
    ["canswarm", "write"],
  ],
  code: [0x41, 0, 0x41, 0, 0x20, 0, 0x10, 0, 0x10, 1, 0x1a, 0x20, 0],
});
