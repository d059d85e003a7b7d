/** Dovecots whose mail, indexes, lists and older messages lie in folders of their own: any moment is a true one. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Image, rawPathFromText, type ServerFacts, systemClockNs } from "#image";
import { type JournalRecord, openJournal } from "#journal";
import { replayedImage, surveyJournal } from "#methods";
import type { CaptureResult, Repository } from "#repository";
import { captureContinuously, liveSource } from "#sources";
import { seededRandom } from "../src/image/maildir-churn.fixture.ts";
import { churn, type RecordedState } from "./support/churn.ts";
import { lagOf } from "./support/compare-states.ts";
import { DovecotStores } from "./support/dovecot-stores.ts";
import { withoutLmtp } from "./support/lmtp-dovecot.ts";
import { group, hostname, Site } from "./support/recovery-site.ts";
import { differenceText, stateAt } from "./support/state-at.ts";

const seed = Number(process.env["RESTANTE_TEST_SEED"] ?? 1);
const operations = Number(process.env["RESTANTE_TEST_OPERATIONS"] ?? 20);
const moments = Number(process.env["RESTANTE_TEST_MOMENTS"] ?? 60);
const users = ["xd", "md"] as const;
const apart = ["index", "control", "alt"] as const;

/** Folders of the server's that are writable for it. */
function placesIn(folder: string): Record<"mail" | (typeof apart)[number], string> {
  const of = (name: string): string => join(folder, name);
  for (const name of apart) {
    mkdirSync(of(name), { recursive: true });
    if (process.getuid?.() !== 0) continue;
    chownSync(of(name), 65_534, 65_534);
    chmodSync(of(name), 0o755);
  }
  return { mail: of("home"), index: of("index"), control: of("control"), alt: of("alt") };
}

test(
  "moments of a server whose parts lie apart are each as it said shortly before",
  { skip: withoutLmtp },
  async (t) => {
    t.diagnostic(`seed ${seed}; RESTANTE_TEST_SEED chooses another`);
    using site = new Site();
    await site.init();
    const { mail, index, control, alt } = placesIn(join(site.folder, "server"));
    await using server = await DovecotStores.start(join(site.folder, "server"), {
      xd: `userdb_mail=mdbox:%h/mdbox:INDEX=${index}/xd:ALT=${alt}/xd`,
      md: `userdb_mail=maildir:%h/Maildir:INDEX=${index}/md:CONTROL=${control}/md`,
    });
    const facts: ServerFacts = {
      server: "dovecot",
      root: "/",
      places: [
        { mail: `${mail}/%n/mdbox`, index: `${index}/%n`, alt: `${alt}/%n` },
        { mail: `${mail}/%n/Maildir`, index: `${index}/%n`, control: `${control}/%n` },
      ],
    };
    const folders = [mail, index, control, alt];
    await using repository = await site.open();
    const first = await capture(repository, folders, facts);
    await using journal = await openJournal({
      folder: join(site.folder, "journal"),
      group,
      secret: { key: Buffer.alloc(64, 7) },
      clock: systemClockNs,
    });
    const told: string[] = [];
    await using following = await captureContinuously({
      group,
      folder: rawPathFromText(mail),
      beside: folders.slice(1).map(rawPathFromText),
      facts,
      journal,
      stateFolder: join(site.folder, "observed"),
      onEvent: (event) => {
        if (event.type === "held" || event.type === "problem") told.push(event.message);
        if (event.type === "gap" && event.why !== "not-running") told.push(event.message);
      },
      openBase: async () => {
        const image = await repository.image(first.snapshot);
        return { image, fromNs: image.at.fromNs };
      },
    });
    await following.ready;
    const beginsNs = systemClockNs();
    const run = async (part: number): Promise<readonly (readonly RecordedState[])[]> =>
      await Promise.all(
        users.map(
          async (user, at) =>
            await churn(server, {
              user,
              operations,
              random: seededRandom(seed * 100 + part * 10 + at),
              clock: systemClockNs,
              messages: [
                Buffer.from("Subject: short\n\nhello\n"),
                Buffer.from(`Subject: long\n\n${"All work and no play.\n".repeat(900)}`),
              ],
            }),
        ),
      );
    const [before, second] = await Promise.all([run(1), capture(repository, folders, facts)]);
    // The same messages to everybody, in other files of another folder.
    server.doveadm("altmove", "-u", "xd", "ALL");
    server.doveadm("purge", "-u", "xd");
    const after = await run(2);
    await following.settle();
    const endsNs = systemClockNs();
    await following.close();
    assert.deepEqual(told, []);

    const records = await Array.fromAsync(journal.read({ withoutData: true }));
    for (const part of folders)
      assert.ok(isRecorded(records, part), `nothing of ${part} is in the journal`);
    const { unsettled } = await surveyJournal(journal);
    const recorded = users.map((_, at) => [...(before[at] ?? []), ...(after[at] ?? []).slice(1)]);
    const random = seededRandom(seed);
    const lags: number[] = [];
    for (let moment = 0; moment < moments; moment++) {
      const useSecond = moment % 4 >= 2;
      const base = await repository.image((useSecond ? second : first).snapshot);
      const earliestNs = useSecond ? base.at.toNs : beginsNs;
      const isLast = moment >= moments - 2;
      const share = isLast ? 1 : random();
      const atNs = earliestNs + BigInt(Math.floor(share * Number(endsNs - earliestNs)));
      await using image = await replayedImage({
        base,
        journal,
        fromSequence:
          records.find((record) => record.atNs >= base.at.fromNs - 2_000_000_000n)?.sequence ?? 1,
        upTo: records.findLast((record) => record.atNs <= atNs)?.sequence ?? 0,
        unsettled,
        atNs,
      });
      const at = moment % users.length;
      const user = users[at] as string;
      const states = recorded[at] as readonly RecordedState[];
      const state = await stateAt(image, (root) => root.includes(`/home/${user}/`));
      const lag = lagOf(state, states, atNs);
      if (lag === undefined)
        assert.fail(
          `seed ${seed}, moment ${moment} of ${user}: ${differenceText(state, states, atNs)}`,
        );
      if (isLast) assert.deepEqual(state, states.at(-1)?.state, "at the end it is what it is");
      lags.push(Number(lag) / 1e6);
    }
    lags.sort((a, b) => a - b);
    t.diagnostic(`behind the server: median ${lags[lags.length >> 1]} ms, most ${lags.at(-1)} ms`);
    assert.equal(lags.length, moments);
  },
);

/** As `restante capture` does it with the folders of a configuration. */
async function capture(
  repository: Repository,
  [folder = "", ...beside]: readonly string[],
  facts: ServerFacts,
): Promise<CaptureResult> {
  const paths = [folder, ...beside].map(rawPathFromText);
  await using joined = await liveSource().stableImage({
    folder: rawPathFromText(folder),
    beside: beside.map(rawPathFromText),
    group,
  });
  const image: Image = Object.assign(joined, { serverFacts: async () => facts });
  const options = { group, hostname, now: systemClockNs, workers: 1 };
  return await repository.capture(image, { ...options, path: rawPathFromText("/"), paths });
}

function isRecorded(records: readonly JournalRecord[], folder: string): boolean {
  const prefix = `${rawPathFromText(folder).slice(1)}/`;
  return records.some(
    ({ event }) =>
      event.type !== "mark" && "path" in event && event.path?.startsWith(prefix) === true,
  );
}
