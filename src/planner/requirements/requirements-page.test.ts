/** docs/guide/requirements.md has every key of the file, and says of each number what holds where nobody says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { quantityText } from "../answers/index.ts";
import { mailServers } from "../figure-1/index.ts";
import { parameterNames, parameters, todaysParameters } from "../parameters.ts";
import { assumptionExample } from "./assumptions.ts";
import { equipmentNames, parseRequirements, requirementsJsonSchema } from "./index.ts";

const root = join(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/guide/requirements.md"), "utf8");
const rows = [...page.matchAll(/^\| `([^`]+)` .*\|$/gm)].map(([row, key = ""]) => ({
  key,
  cells: row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim()),
}));

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
};

function keysOf({ properties = {}, additionalProperties, anyOf = [] }: Schema): readonly string[] {
  const named = typeof additionalProperties === "object" ? [additionalProperties] : [];
  return [
    ...Object.keys(properties),
    ...[...Object.values(properties), ...named, ...anyOf].flatMap(keysOf),
  ];
}

test("every key of a requirements file has its row, and every row is a key", () => {
  // Licences are by method and option: those are values elsewhere, and listed there.
  const { properties = {}, ...rest } = requirementsJsonSchema() as Schema;
  const { licences: _, ...others } = properties;
  const keys = new Set([...keysOf({ ...rest, properties: others }), "licences"]);
  const documented = new Set(rows.map(({ key }) => key));
  assert.deepEqual(
    [...keys].filter((key) => !documented.has(key)),
    [],
    "not in the page",
  );
  assert.deepEqual(
    [...documented].filter((key) => !keys.has(key)),
    [],
    "in the page alone",
  );
});

test("every number of the model stands there with its meaning, its form and what is assumed", () => {
  const today = todaysParameters();
  for (const name of parameterNames) {
    const expected = [
      `\`${name}\``,
      parameters[name].about,
      `\`${assumptionExample(name)}\``,
      quantityText(today[name]),
    ];
    const found = rows.filter(({ key, cells }) => key === name && cells[3] === expected[3]);
    assert.ok(
      found.some(({ cells }) => cells.join() === expected.join()),
      `the row should be | ${expected.join(" | ")} |`,
    );
  }
});

test("every mail server, and everything that a site can have, is listed there", () => {
  for (const word of [...Object.keys(mailServers), ...equipmentNames])
    assert.ok(page.includes(`\`${word}\``), word);
});

test("the file that the page shows is one, without problems", () => {
  const [, text = ""] = /```yaml\n(version: 1[\s\S]*?)```/.exec(page) ?? [];
  const { requirements, problems } = parseRequirements(text, { fileName: "the page" });
  assert.deepEqual(problems, []);
  assert.equal(requirements?.linesOfBusiness[0]?.tier, "silver");
});
