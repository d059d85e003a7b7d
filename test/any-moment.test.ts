/** Any moment of a Dovecot in use, replayed from its journal, is one that was true shortly before. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { rawPathFromText, systemClockNs } from "#image";
import { type JournalRecord, openJournal } from "#journal";
import { replayedImage, surveyJournal } from "#methods";
import { captureContinuously } from "#sources";
import { seededRandom } from "../src/image/maildir-churn.fixture.ts";
import { churn, type RecordedState } from "./support/churn.ts";
import { lagOf } from "./support/compare-states.ts";
import { DovecotStores } from "./support/dovecot-stores.ts";
import { withoutLmtp } from "./support/lmtp-dovecot.ts";
import { captureStore, Site } from "./support/recovery-site.ts";
import { differenceText, stateAt } from "./support/state-at.ts";

const users = {
  maildir: "userdb_mail=maildir:~/Maildir",
  sdbox: "userdb_mail=sdbox:~/sdbox",
  mdbox: "userdb_mail=mdbox:~/mdbox",
} as const;

const seed = Number(process.env["RESTANTE_TEST_SEED"] ?? 1);
const operations = Number(process.env["RESTANTE_TEST_OPERATIONS"] ?? 45);
const moments = Number(process.env["RESTANTE_TEST_MOMENTS"] ?? 200);

test(
  "200 random moments of three kinds of store are each as the server said shortly before",
  { skip: withoutLmtp },
  async (t) => {
    t.diagnostic(`seed ${seed}; RESTANTE_TEST_SEED chooses another`);
    using site = new Site();
    await site.init();
    await using server = await DovecotStores.start(join(site.folder, "server"), users);
    const store = join(site.folder, "server", "home");
    await using repository = await site.open();
    const first = await captureStore(repository, store);
    await using journal = await openJournal({
      folder: join(site.folder, "journal"),
      group: "mx1",
      secret: { key: Buffer.alloc(64, 7) },
      clock: systemClockNs,
    });
    const told: string[] = [];
    await using capture = await captureContinuously({
      group: "mx1",
      folder: rawPathFromText(store),
      journal,
      stateFolder: join(site.folder, "observed"),
      onEvent: (event) => {
        if (event.type === "gap" || event.type === "held" || event.type === "problem")
          told.push(event.type === "gap" ? `${event.why}: ${event.message}` : event.message);
      },
      openBase: async () => {
        const image = await repository.image(first.snapshot);
        return { image, fromNs: image.at.fromNs };
      },
    });
    await capture.ready;
    const beginsNs = systemClockNs();
    const all = Object.keys(users) as (keyof typeof users)[];
    const run = async (part: number): Promise<readonly (readonly RecordedState[])[]> =>
      await Promise.all(
        all.map(
          async (user, index) =>
            await churn(server, {
              user,
              operations,
              random: seededRandom(seed * 100 + part * 10 + index),
              clock: systemClockNs,
              messages: [
                Buffer.from("Subject: short\n\nhello\n"),
                Buffer.from(`Subject: long\n\n${"All work and no play.\n".repeat(900)}`),
              ],
            }),
        ),
      );
    const [before, second] = await Promise.all([run(1), captureStore(repository, store)]);
    const after = await run(2);
    await capture.settle();
    const endsNs = systemClockNs();
    await capture.close();
    assert.deepEqual(
      told.filter((line) => !line.startsWith("not-running")),
      [],
    );

    const records: JournalRecord[] = [];
    for await (const record of journal.read({ withoutData: true })) records.push(record);
    const { unsettled } = await surveyJournal(journal);
    const recorded = all.map((_, index) => [
      ...(before[index] ?? []),
      ...(after[index] ?? []).slice(1),
    ]);
    const random = seededRandom(seed);
    const lags: number[] = [];
    for (let moment = 0; moment < moments; moment++) {
      const useSecond = moment % 2 === 1;
      const base = await repository.image((useSecond ? second : first).snapshot);
      const earliestNs = useSecond ? base.at.toNs : beginsNs;
      const atNs = earliestNs + BigInt(Math.floor(random() * Number(endsNs - earliestNs)));
      const user = Math.floor(random() * all.length);
      const upTo = records.findLast((record) => record.atNs <= atNs)?.sequence ?? 0;
      const fromSequence =
        records.find((record) => record.atNs >= base.at.fromNs - 2_000_000_000n)?.sequence ?? 1;
      await using image = await replayedImage({
        base,
        journal,
        fromSequence,
        upTo,
        unsettled,
        atNs,
      });
      const name = all[user] as string;
      const states = recorded[user] as readonly RecordedState[];
      const state = await stateAt(image, (root) => root.split("/")[0] === name);
      const lag = lagOf(state, states, atNs);
      if (lag === undefined)
        assert.fail(
          `seed ${seed}, moment ${moment} of ${name}: ${differenceText(state, states, atNs)}`,
        );
      lags.push(Number(lag) / 1e6);
    }
    lags.sort((a, b) => a - b);
    t.diagnostic(
      `behind the server: median ${lags[lags.length >> 1]} ms, p99 ${lags[Math.floor(lags.length * 0.99)]} ms, most ${lags.at(-1)} ms`,
    );
    assert.equal(lags.length, moments);
  },
);
