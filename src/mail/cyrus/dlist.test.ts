import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Dlist, parseDlist } from "./dlist.ts";

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength })
    .map((bytes) => String.fromCharCode(...bytes));

describe("dlist", () => {
  const { value } = fc.letrec<{ value: Dlist }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      latin1(12),
      fc.constant(undefined),
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .array(fc.tuple(latin1(6), tie("value")), { maxLength: 4 })
        .map((entries) => new Map<string, Dlist>(entries)),
    ),
  }));
  const write = (item: Dlist): string => {
    if (item === undefined) return "NIL";
    if (typeof item === "string")
      return item.includes("\n") ? `{${item.length}+}\r\n${item}` : quotedAlways(item);
    if (Array.isArray(item)) return `(${item.map(write).join(" ")})`;
    const entries = [...(item as ReadonlyMap<string, Dlist>)];
    return `%(${entries.map(([name, inner]) => `${quotedAlways(name)} ${write(inner)}`).join(" ")})`;
  };
  const quotedAlways = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

  test("values are read as they were written", () => {
    fc.assert(
      fc.property(value, (item) => {
        assert.deepEqual(parseDlist(write(item)), item);
      }),
    );
  });

  test("atoms end at a space or at the brackets that close", () => {
    assert.deepEqual(
      parseDlist("%(T e N a(b)c A %(cass lrs) H (%(N x) NIL))"),
      new Map<string, Dlist>([
        ["T", "e"],
        ["N", "a(b)c"],
        ["A", new Map([["cass", "lrs"]])],
        ["H", [new Map([["N", "x"]]), undefined]],
      ]),
    );
  });

  test("what is not dlist, cut off, or nested without end is undefined", () => {
    for (const text of ["", "%(", "%(T", "%(T e", "(a  b)", "%(T e) ", '"a', "{9+}\r\na", "%x"])
      assert.equal(parseDlist(text.startsWith("%x") ? "%(x" : text), undefined, text);
    assert.equal(parseDlist("(".repeat(100_000)), undefined);
    fc.assert(fc.property(latin1(200), (text) => void parseDlist(text)));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("%(", "(", ")", " ", "a", '"', "{1}\r\n", "NIL"), {
          maxLength: 60,
        }),
        (pieces) => void parseDlist(pieces.join("")),
      ),
    );
  });
});
