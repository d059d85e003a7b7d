import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type OptionSpec, parseArguments } from "./arguments.ts";
import { CliError } from "./cli-error.ts";

const options: readonly OptionSpec[] = [
  { name: "at", value: "T", about: "" },
  { name: "tag", value: "TAG", multiple: true, about: "" },
  { name: "dry-run", short: "n", about: "" },
  { name: "workers", value: "N", about: "" },
];
const parse = (...argv: string[]): ReturnType<typeof parseArguments> =>
  parseArguments(argv, { options, help: "restante help x" });

const refused = (
  argv: readonly string[],
  expected: { readonly code: string; readonly text: RegExp },
): void => {
  assert.throws(
    () => parse(...argv),
    (error) =>
      error instanceof CliError &&
      error.code === expected.code &&
      expected.text.test(`${error.message} ${error.hint}`),
  );
};

test("parseArguments() takes a value that begins with a dash", () => {
  assert.equal(parse("--at", "-2h").text("at"), "-2h");
  assert.equal(parse("--at=-2h").text("at"), "-2h");
});

test("parseArguments() takes switches, short names, repeated options and what stands after --", () => {
  const typed = parse("folder", "-n", "--tag", "a", "--tag", "b", "--", "--at");
  assert.equal(typed.has("dry-run"), true);
  assert.deepEqual(typed.texts("tag"), ["a", "b"]);
  assert.deepEqual(typed.positionals, ["folder", "--at"]);
  assert.equal(typed.has("at"), false);
});

test("parseArguments() suggests the option that was probably meant", () => {
  refused(["--dry-rnu"], { code: "cli.unknown-option", text: /Did you mean --dry-run\?/ });
  refused(["--zzzzzzzzz"], { code: "cli.unknown-option", text: /See `restante help x`/ });
  refused(["-x"], { code: "cli.unknown-option", text: /"-x"/ });
  refused(["--__proto__"], { code: "cli.unknown-option", text: /__proto__/ });
});

test("parseArguments() refuses a forgotten value, a value for a switch and an option given twice", () => {
  refused(["--at"], { code: "cli.usage", text: /--at without its value T/ });
  refused(["--at", "--dry-run"], { code: "cli.usage", text: /--at without its value T/ });
  refused(["--at="], { code: "cli.usage", text: /without its value/ });
  refused(["--dry-run=yes"], { code: "cli.usage", text: /switch/ });
  refused(["--at", "1", "--at", "2"], { code: "cli.usage", text: /twice/ });
});

test("Arguments.number() takes whole numbers within its bounds only", () => {
  assert.equal(parse("--workers", "0").number("workers", { least: 0, most: 64 }), 0);
  assert.equal(parse().number("workers", { least: 0, most: 64 }), undefined);
  for (const text of ["65", "-1", "1.5", "1e3", "two", "999999999999999999999"]) {
    assert.throws(
      () => parse("--workers", text).number("workers", { least: 0, most: 64 }),
      CliError,
    );
  }
});

test("parseArguments() ends in arguments or in a CliError, whatever is typed", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string(),
          fc.constantFrom("--at", "-n", "--", "--tag=x", "-", "--no-at", "-nn"),
        ),
      ),
      (argv) => {
        try {
          parse(...argv);
        } catch (error) {
          assert.ok(error instanceof CliError, String(error));
        }
      },
    ),
  );
});
