import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { recoveryPointOf } from "#copies";
import {
  captureNodes,
  damageBlob,
  duplicateScene,
  reopen,
  startNs,
} from "../../repository/duplicate.fixture.ts";
import { type MadeOffsite, offsiteContract } from "../offsite.contract.ts";
import { duplicateCopy } from "./duplicate-copy.ts";
import { duplicateOffsite } from "./duplicate-offsite.ts";

async function makeDuplicate(verify: "index" | "data"): Promise<MadeOffsite> {
  const { fromStorage, toStorage, from, to } = await duplicateScene();
  let ticks = 0;
  const name = "the vault";
  const option = duplicateOffsite({
    from,
    to,
    name,
    verify,
    now: () => startNs,
    clockMs: () => ticks++,
  });
  return {
    option,
    here: duplicateCopy(from, { name: "here" }),
    addMoment: async (nodes, options) => recoveryPointOf(await captureNodes(from, nodes, options)),
    removeMoment: async ({ id }) => await from.removeSnapshots([id]),
    loseFirstSite: async () => {
      for (const type of ["snapshot", "index", "data", "key", "config"] as const) {
        const names: string[] = [];
        for await (const file of fromStorage.list(type)) names.push(file.name);
        for (const file of names) await fromStorage.remove({ type, name: file });
      }
      return duplicateCopy(await reopen(toStorage), { name });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

offsiteContract("duplicateOffsite()", () => makeDuplicate("index"));
offsiteContract("duplicateOffsite() with verify data", () => makeDuplicate("data"));

test("a moment that is damaged here is refused with its files, in the words of the port", async () => {
  const { fromStorage, from, to } = await duplicateScene();
  const snapshot = await captureNodes(from, { "cur/1": "a message" });
  await damageBlob(fromStorage, {
    id: createHash("sha256").update("a message").digest(),
    type: "data",
  });
  const clocks = { now: () => startNs, clockMs: () => 0 };
  const option = duplicateOffsite({ from, to, name: "vault", ...clocks });
  const { refused, verified } = await option.send([recoveryPointOf(snapshot)]);
  assert.equal(refused[0]?.point.id, snapshot.id);
  assert.deepEqual(
    refused[0].losses.map(({ path }) => path),
    ["/mail/cur/1"],
  );
  assert.match(verified, /index/);
  assert.deepEqual([option.name, option.section], ["duplicate backup copies to offsite", "2.2.2"]);
  assert.deepEqual([option.copy.method, option.copy.reach], ["duplicate backup copy", "near"]);
});
