import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "#policy";
import { serverRecipes } from "./server-recipes.ts";

for (const recipe of serverRecipes) {
  test(`the recipe for ${recipe.name} has a configuration that parses, and says that it is untried`, () => {
    const text = `version: 1
servers:
${recipe.configuration}copies: {here: {layer: operational, path: /srv/recovery, key: "credential:here"}}
tiers: {gold: {operational: {method: backup to disk, copy: here, keep: [last 9]}}}
lines_of_business: {everyone: {mailboxes: ["*"], tier: gold}}
`;
    const { config, problems } = parseConfig(text, { fileName: "config.yaml" });
    assert.deepEqual(problems, []);
    assert.equal(config?.servers[0]?.name, recipe.name);
    assert.equal(recipe.isTried, false);
    // What it calls that is no program of the system is among its files.
    for (const name of recipe.configuration.match(/(?<=sbin\/)[a-z-]+/g) ?? [])
      assert.ok(
        recipe.files.some((file) => file.name === name),
        name,
      );
    assert.ok(recipe.validation.length > 0 && recipe.putBack.length > 0);
  });
}
