/** Captures of a store in use: labelled fuzzy, and no message that was there throughout is lost or doubled. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readAll, rootPath, walkImage } from "#image";
import type { CaptureResult, Repository } from "#repository";
// A program that changes a Maildir without pause, the same way for the same seed.
import { makeChurnStore, seededRandom } from "../src/image/maildir-churn.fixture.ts";
import { assertSound } from "./support/assert-sound.ts";
import { Dovecot, withoutDovecot } from "./support/dovecot.ts";
import { captureStore, Site } from "./support/recovery-site.ts";

const seedGiven = process.env["RESTANTE_TEST_SEED"];
const firstSeed = seedGiven === undefined ? 1 : Number(seedGiven);

/** Where each message of a moment is, by its bytes. */
async function placesByBody(
  repository: Repository,
  { snapshot }: CaptureResult,
): Promise<Map<string, string[]>> {
  const image = await repository.image(snapshot);
  const places = new Map<string, string[]>();
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type !== "file" || !/(?:^|\/)(?:cur|new)\//.test(path)) continue;
    const text = Buffer.from(await readAll(image, path)).toString("latin1");
    const body = text.slice(text.lastIndexOf("\n", text.length - 2) + 1).trim();
    places.set(body, [...(places.get(body) ?? []), path]);
  }
  return places;
}

function assertKept(
  places: ReadonlyMap<string, readonly string[]>,
  kept: readonly string[],
  name: string,
): void {
  const wrong = kept
    .filter((body) => places.get(body)?.length !== 1)
    .map((body) => `${body}: ${JSON.stringify(places.get(body) ?? [])}`);
  assert.deepEqual(wrong, [], name);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

for (const seed of [firstSeed, firstSeed + 1, firstSeed + 2]) {
  test(`captures of a Maildir under heavy churn hold every lasting message once, seed ${seed}`, async (t) => {
    t.diagnostic(`seed ${seed}; RESTANTE_TEST_SEED chooses another`);
    using site = new Site();
    await site.init();
    const kept = makeChurnStore(site.store, 400);
    const program = join(import.meta.dirname, "..", "src", "image", "maildir-churn.fixture.ts");
    const churn = spawn(process.execPath, [program, site.store, String(seed), "1000000"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(churn.stdout, "data");
    let stillRan: boolean;
    const results: CaptureResult[] = [];
    await using repository = await site.open();
    try {
      for (let round = 0; round < 4; round++)
        results.push(
          await captureStore(repository, site.store, { workers: round % 2 === 0 ? 0 : 2 }),
        );
    } finally {
      stillRan = churn.exitCode === null && churn.signalCode === null;
      await stop(churn);
    }
    assert.ok(stillRan, "the churn ended before the captures");
    for (const [round, result] of results.entries()) {
      assert.equal(result.consistency, "fuzzy");
      assert.ok(result.snapshot.tags.includes("consistency:fuzzy"));
      assertKept(
        await placesByBody(repository, result),
        kept,
        `seed ${seed}, capture ${round}: ${report(result)}`,
      );
      assert.equal(result.partial, false, report(result));
    }
    const still = await captureStore(repository, site.store);
    assert.deepEqual(still.problems, []);
    assertKept(await placesByBody(repository, still), kept, "at rest");
    assertSound(site);
  });
}

function report({ problems }: CaptureResult): string {
  return JSON.stringify(problems.slice(0, 10));
}

test(
  "captures while Dovecot moves, flags, copies and expunges hold every lasting message once",
  { skip: withoutDovecot },
  async (t) => {
    await dovecotChurn(t, firstSeed);
  },
);

async function dovecotChurn(t: TestContext, seed: number): Promise<void> {
  t.diagnostic(`seed ${seed}`);
  using site = new Site();
  await site.init();
  await using server = await Dovecot.start(join(site.folder, "dovecot"));
  const kept = Array.from({ length: 120 }, (_, number) => `keep-${number}`);
  for (const folder of ["Archive", "Sent", "Trash"])
    server.doveadm("mailbox", "create", "-u", "md", folder);
  for (const [number, body] of kept.entries()) {
    const message = `From: a@example.test\r\nSubject: ${body}\r\nX-Number: n${number}\r\n\r\n${"padding ".repeat(200)}\r\n${body}\r\n`;
    server.deliver(`1700000000.M${number}P1.mx1`, message);
  }
  mkdirSync(join(site.folder, "mail"));
  const passing = join(site.folder, "mail", "passing");
  writeFileSync(passing, "From: b@example.test\nSubject: passing\nX-Number: passing\n\npassing\n");
  const script = server.script(["while :; do", ...commands(seed, kept.length, passing), "done"]);
  await once(script.stdout as NonNullable<ChildProcess["stdout"]>, "data");
  await using repository = await site.open();
  const results: CaptureResult[] = [];
  try {
    for (let round = 0; round < 6; round++)
      results.push(await captureStore(repository, server.store, { workers: 0 }));
  } finally {
    await stop(script);
  }
  for (const result of results) {
    assert.equal(result.consistency, "fuzzy");
    assert.equal(result.partial, false, report(result));
    assertKept(await placesByBody(repository, result), kept, report(result));
  }
  const moved = new Set<string>();
  for (const result of results) {
    for (const [body, places] of await placesByBody(repository, result))
      moved.add(`${body} ${places.join(" ")}`);
  }
  assert.ok(moved.size > kept.length, "the server changed nothing meanwhile");
  const still = await captureStore(repository, server.store);
  assert.deepEqual([still.problems, still.partial], [[], false]);
  assertSound(site);
}

/** Commands of doveadm that move and flag what stays, and save, copy and expunge what passes. */
function commands(seed: number, messages: number, passing: string): string[] {
  const random = seededRandom(seed);
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  const folders = ["INBOX", "Archive", "Sent", "Trash"];
  return Array.from({ length: 200 }, () => {
    const number = Math.floor(random() * messages);
    const [from, to] = [pick(folders), pick(folders)];
    return pick([
      `d move -u md ${to} mailbox ${from} header x-number n${number % 10}`,
      `d move -u md ${to} mailbox ${from} header x-number n${number}`,
      `d flags add -u md '\\Seen \\Flagged' mailbox ${from} all`,
      `d flags remove -u md '\\Seen' mailbox ${from} all`,
      `d save -u md -m ${to} ${passing}`,
      `d copy -u md ${to} mailbox ${from} header x-number passing`,
      `d expunge -u md mailbox ${from} header x-number passing`,
    ]);
  });
}
