import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COPYING } from "#cli/programs/copying.ts";

const { pack, unpack } = new Function(`${COPYING} return { pack, unpack };`)() as {
  readonly pack: (value: unknown) => string;
  readonly unpack: (text: string) => unknown;
};

describe("a value passed as text", () => {
  it("is what it was, whatever value it is", () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
    });
    fc.assert(fc.property(value, (one) => void expect(unpack(pack(one))).toEqual(one)));
  });

  it.each([
    undefined,
    NaN,
    Infinity,
    -Infinity,
    -0,
    0,
    2n ** 80n,
    "",
    null,
    [undefined],
    { a: NaN },
  ])("keeps %o", (value) => {
    expect(unpack(pack(value))).toStrictEqual(value);
  });

  it.each([() => 1, Symbol("a"), [() => 1]])("cannot be what is no value: %o", (value) => {
    expect(() => pack(value)).toThrow("is no value that can be passed");
  });

  it("cannot be a circle", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => pack(circle)).toThrow("round in a circle");
  });
});

describe("a text of the other side", () => {
  it("becomes a plain value or throws, and touches nothing else", () => {
    const tag = fc.constantFrom(
      "undefined",
      "number",
      "bigint",
      "date",
      "map",
      "set",
      "object",
      "x",
    );
    const any = fc.jsonValue();
    const text = fc.record({ t: tag, v: any }).map((one) => JSON.stringify(one));
    fc.assert(
      fc.property(text, (one) => {
        try {
          expect(typeof unpack(one)).not.toBe("function");
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });

  it("gives no object another prototype", () => {
    const value = unpack('{"t":"object","v":[["__proto__",[1]]]}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value, "__proto__")).toBe(true);
  });
});
