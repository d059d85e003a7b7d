import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Copy, RecoveryPoint } from "#copies";
import { openDirectoryImage, rawPathFromText } from "#image";
import type { Surroundings } from "../terminal.ts";
import { isWholeOutcome } from "./lose-site.ts";
import { readMessageFiles } from "./message-files.ts";
import { demoPlaces } from "./places.ts";
import { listFolder, rehearse } from "./rehearse.ts";
import type { RehearsedEvent } from "./site-event.ts";

const signal = new AbortController().signal;
let ticksMs = 0;
const surroundings = {
  signal,
  now: () => 1_795_000_000_000_000_000n,
  clockMs: () => ticksMs++,
} as Surroundings;

/** Rehearses a copy of a small server that `spoil` did something to. */
async function rehearseSpoiled(spoil: (mailbox: string) => void): Promise<RehearsedEvent> {
  const folder = mkdtempSync(join(tmpdir(), "restante-rehearse-test-"));
  try {
    const places = await demoPlaces(folder);
    const path = join(places.mail, "ann", "Maildir");
    for (const part of ["cur", "new", "tmp"]) mkdirSync(join(path, part), { recursive: true });
    for (const number of [1, 2, 3])
      writeFileSync(join(path, "cur", `${number}.a.mx1:2,S`), `Subject: ${number}\n\nbody\n`);
    // Whole seconds, which survive any way of copying.
    for (const name of ["", ...readdirSync(places.mail, { recursive: true, encoding: "utf8" })])
      utimesSync(join(places.mail, name), 1_795_000_000, 1_795_000_000);
    mkdirSync(places.trial);
    const held = join(folder, "held");
    cpSync(places.mail, held, { recursive: true, preserveTimestamps: true });
    spoil(join(held, "ann", "Maildir"));
    const point = { id: "1", group: places.mail, atNs: 0n } as RecoveryPoint;
    const copy: Copy = {
      name: "held",
      method: "backup to disk",
      reach: "at-hand",
      moments: async () => [point],
      open: async () => await openDirectoryImage(rawPathFromText(held)),
    };
    const kept = { kind: "kept", method: copy.method, section: "3.2", point, notes: [] } as const;
    return await rehearse(
      {
        kept: { ...kept, points: [point], storedBytes: 1, mailBytes: 1, elapsedMs: 1 },
        open: async () => ({ copy, [Symbol.asyncDispose]: async () => undefined }),
      },
      {
        places,
        surroundings,
        mailbox: { user: "ann", address: "ann@example.org", path, folders: [], messages: 3 },
        before: await readMessageFiles(places.mail, signal),
        listing: await listFolder(places.mail, signal),
      },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a copy that is as the server was is found whole, with its mailbox and its times", async () => {
  const event = await rehearseSpoiled(() => undefined);
  assert.equal(isWholeOutcome(event), true);
  assert.deepEqual([event.comparison.same, event.mailbox.messages], [3, 3]);
  assert.deepEqual(
    event.phases.map(({ name }) => name),
    ["open", "plan", "write and read back", "compare"],
  );
});

test("a copy that has lost a message is not found whole", async () => {
  const event = await rehearseSpoiled((mailbox) => rmSync(join(mailbox, "cur", "2.a.mx1:2,S")));
  assert.equal(isWholeOutcome(event), false);
  assert.deepEqual([event.comparison.missing, event.comparison.lostMessages], [1, 1]);
  assert.ok(event.listedDifferently > 0);
});

test("a copy with other bytes under the same name and size is not found whole", async () => {
  const event = await rehearseSpoiled((mailbox) =>
    writeFileSync(join(mailbox, "cur", "2.a.mx1:2,S"), "Subject: 2\n\nbodY\n"),
  );
  assert.equal(isWholeOutcome(event), false);
  assert.equal(event.comparison.different, 1);
});

test("a copy with a message that the server never had is not found whole", async () => {
  const event = await rehearseSpoiled((mailbox) =>
    writeFileSync(join(mailbox, "new", "9.a.mx1"), "Subject: 9\n\nbody\n"),
  );
  assert.equal(isWholeOutcome(event), false);
  assert.equal(event.comparison.doubledMessages, 1);
});
