import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RawPath } from "#image";
import { mail, noise, old, second, stateOf, Story } from "./signal-story.fixture.ts";
import type { SignalWatchOptions } from "./signal-watch.ts";

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);
const inbox = (user: string, count: number): string[] =>
  numbers(count).map((n) => `${user}/cur/17000${n}.M${n}P1.mx1:2,S`);

describe("what is an alarm", () => {
  test("a client that empties a mailbox: the moment before is the one before its burst", () => {
    const story = new Story();
    story.learn([...inbox("support", 200), ...inbox("anna", 2000)]);
    story.remove("support/cur/170000.M0P1.mx1:2,S");
    story.passes(120);
    story.put("support/new/1800.M1P1.mx1");
    const wellUntil = story.sequence;
    for (const path of inbox("support", 200).slice(1)) story.remove(path);
    story.passes(10);
    const [signal, ...more] = story.signals;
    assert.deepEqual(more, []);
    assert.equal(signal?.kind, "mass-removal");
    assert.equal(signal.path, "support");
    assert.deepEqual([signal.count, signal.of, signal.before.sequence], [200, 201, wellUntil]);
    assert.match(signal.message, /^200 of 201 messages of "support" disappeared \(100%\)$/);
  });

  test("an attack that is told of where it is plain began where it struck first", () => {
    const story = new Story();
    story.learn([...inbox("anna", 100), ...inbox("bert", 100)]);
    for (const [number, path] of inbox("anna", 9).entries()) story.put(path, noise(number), old);
    story.passes(1);
    for (const [number, path] of inbox("bert", 100).entries()) story.put(path, noise(number), old);
    story.passes(5);
    // The bytes of the first message that was scrambled are event 1.
    assert.deepEqual(new Set(story.signals.map(({ before }) => before.sequence)), new Set([1]));
    assert.ok(story.signals.some(({ path }) => path === "bert"));
  });

  test("what was put back meanwhile sets no moment back", () => {
    const story = new Story();
    story.learn([...inbox("support", 200), ...inbox("anna", 2000)]);
    for (const path of inbox("support", 200)) story.remove(path);
    story.passes(3);
    for (const path of inbox("support", 200)) story.put(path, mail, old);
    const wellUntil = story.sequence;
    for (const path of inbox("support", 200)) story.remove(path);
    story.passes(5);
    assert.deepEqual(
      story.signals.map(({ path, before, episode }) => [path, before.sequence, episode]),
      [
        ["support", 0, 1],
        ["support", wellUntil, 2],
      ],
    );
  });

  test("one that was said is not said again; later accounts belong to the same episode", () => {
    const story = new Story();
    story.learn([...inbox("a", 100), ...inbox("b", 100), ...inbox("c", 5000)]);
    for (const path of inbox("a", 100)) story.remove(path);
    story.passes(5);
    for (const path of inbox("b", 100)) story.remove(path);
    story.passes(5);
    assert.deepEqual(
      story.signals.map(({ path, episode }) => [path, episode]),
      [
        ["a", 1],
        ["b", 1],
      ],
    );
  });

  test("a folder that goes as a whole takes its messages along", () => {
    const story = new Story();
    story.learn(inbox("support", 100));
    story.happens({ type: "rmdir", path: "support" as RawPath });
    assert.deepEqual(story.kinds(), ["mass-removal support", "mass-removal "]);
  });

  test("throwing away and emptying within the window is a removal", () => {
    const story = new Story();
    story.learn([...inbox("anna", 100), ...inbox("ben", 5000)]);
    for (const path of inbox("anna", 100))
      story.rename(path, path.replace("anna/", "anna/.Trash/").replace("2,S", "2,ST"));
    assert.deepEqual(story.kinds(), []);
    for (const path of inbox("anna", 100))
      story.remove(path.replace("anna/", "anna/.Trash/").replace("2,S", "2,ST"));
    assert.deepEqual(story.kinds(), ["mass-removal anna"]);
  });

  test("messages written anew in place, with noise or without", () => {
    for (const [bytes, expected] of [
      [mail, ["mass-rewrite anna"]],
      [noise(1), ["mass-rewrite anna", "scrambled-content anna", "scrambled-content "]],
    ] as const) {
      const story = new Story();
      story.learn([...inbox("anna", 100), ...inbox("ben", 5000)]);
      for (const path of inbox("anna", 60)) story.put(path, Buffer.from(bytes));
      assert.deepEqual(story.kinds().toSorted(), [...expected].toSorted());
    }
  });

  test("names with an unknown extension, whether renamed or written beside", () => {
    const renamed = new Story();
    renamed.learn([...inbox("anna", 100), ...inbox("ben", 5000)]);
    for (const path of inbox("anna", 60)) renamed.rename(path, `${path}.locked`);
    assert.deepEqual(renamed.kinds(), ["mass-rewrite anna"]);
    const beside = new Story();
    beside.learn([...inbox("anna", 100), ...inbox("ben", 5000)]);
    for (const [n, path] of inbox("anna", 60).entries()) {
      beside.put(`${path}.locked`, noise(n));
      beside.remove(path);
    }
    assert.deepEqual(beside.kinds().toSorted(), [
      "mass-removal anna",
      "scrambled-content ",
      "scrambled-content anna",
    ]);
    assert.ok(beside.signals.every(({ before }) => before.sequence <= 1));
  });

  test("one dbox file of many messages that becomes noise", () => {
    const story = new Story();
    story.learn(["carl/storage/m.1", "carl/storage/m.2"]);
    story.put("carl/storage/m.1", noise(1));
    const [kind] = story.kinds();
    assert.equal(kind, "scrambled-content carl");
    assert.equal(story.signals[0]?.unit, "files");
  });

  test("an mbox that shrinks, in KiB", () => {
    const story = new Story();
    const file = { sizeBytes: 1024 * 1024, isMbox: true };
    story.watch.learn({ path: "mail/anna" as RawPath, ...file });
    const content = [{ data: 1, offset: 0, lengthBytes: 1 }];
    const sizeBytes = 256 * 1024;
    story.happens({
      type: "put",
      path: "mail/anna" as RawPath,
      state: stateOf(old),
      sizeBytes,
      content,
    });
    assert.deepEqual(story.kinds(), ["mass-removal mail/anna"]);
    assert.match(story.signals[0]?.message ?? "", /^768 of 1,024 KiB of "mail\/anna" disappeared/);
  });

  test("the rule decides from what share on, within what time, and of what", () => {
    const few = inbox("anna", 30);
    const removed = (options: SignalWatchOptions, pauseSeconds = 0): readonly string[] => {
      const story = new Story(options);
      story.learn([...inbox("anna", 100), ...inbox("ben", 1000)]);
      for (const path of few) {
        story.remove(path);
        story.passes(pauseSeconds);
      }
      return story.kinds();
    };
    assert.deepEqual(removed({ percent: 29 }), ["mass-removal anna"]);
    assert.deepEqual(removed({ percent: 30 }), []);
    assert.deepEqual(removed({ percent: 20, withinMs: 60_000 }, 4), []);
    assert.deepEqual(removed({ percent: 20, of: "group" }), []);
    assert.deepEqual(removed({ percent: 2, of: "group" }), ["mass-removal "]);
  });
});

describe("what is no alarm", () => {
  const quiet: readonly (readonly [string, (story: Story) => void])[] = [
    [
      "emptying what was thrown away earlier, flagged as deleted first",
      (story) => {
        for (const path of inbox("anna/.Trash", 90)) {
          story.rename(path, `${path}T`);
          story.remove(`${path}T`);
        }
      },
    ],
    [
      "moving by link and removal, in either order, and by a copy with its old time",
      (story) => {
        for (const path of inbox("anna", 30)) story.link(path, path.replace("anna/", "anna/.A/"));
        for (const path of inbox("anna", 30)) story.remove(path);
        for (const path of inbox("anna", 60).slice(30)) story.remove(path);
        for (const path of inbox("anna", 60).slice(30))
          story.put(path.replace("anna/cur/17", "anna/.B/cur/19"), mail, old);
      },
    ],
    [
      "flags, as renames and as removal and arrival",
      (story) => {
        for (const path of inbox("anna", 50)) story.rename(path, `${path}T`);
        for (const path of inbox("anna", 100).slice(50)) {
          story.remove(path);
          story.put(`${path}T`);
        }
      },
    ],
    [
      "an mbox of what was thrown away that is emptied",
      (story) => {
        const path = "mail/anna/Trash" as RawPath;
        story.watch.learn({ path, sizeBytes: 1024 * 1024, isMbox: true });
        story.happens({ type: "truncate", path, sizeBytes: 0, state: stateOf(old) });
      },
    ],
    ["a folder that is renamed", (story) => story.rename("anna/.Projects", "anna/.Archive")],
    [
      "indexes and logs written anew, and temporary files",
      (story) => {
        for (const n of numbers(200)) {
          story.put("anna/dovecot.index.cache", noise(n));
          story.put(`anna/tmp/${n}`, noise(n));
          story.remove(`anna/tmp/${n}`);
        }
      },
    ],
    [
      "mail that arrives, compressed and encrypted by the server as well",
      (story) => {
        const compressed = Buffer.concat([Buffer.from([0x1f, 0x8b]), noise(3)]);
        for (const n of numbers(300)) {
          story.put(`anna/tmp/${n}`, compressed);
          story.rename(`anna/tmp/${n}`, `anna/new/18000${n}.M1P1.mx1`);
          story.put(`anna/new/19000${n}.M1P1.mx1`, compressed);
        }
      },
    ],
    [
      "a few messages less, also many times a day",
      (story) => {
        for (const path of inbox("anna", 60)) {
          story.remove(path);
          story.passes(60);
        }
      },
    ],
    [
      "a message that is written to its end after it was seen",
      (story) => {
        for (const n of numbers(100)) {
          story.put(`anna/new/18000${n}.M1P1.mx1`);
          story.put(`anna/new/18000${n}.M1P1.mx1`);
        }
      },
    ],
    [
      "dbox files that grow, and a purge that leaves whole files behind",
      (story) => {
        story.watch.learn({ path: "carl/storage/m.1" as RawPath });
        story.put("carl/storage/m.2", Buffer.from(`2 M1e C00000000\n${"x".repeat(900)}`));
        const data = story.happens({ type: "data", bytes: mail });
        const content = [{ data, offset: 0, lengthBytes: mail.length }];
        const event = { type: "write", offset: 0, content, sizeBytes: 9999 } as const;
        story.happens({ ...event, path: "carl/storage/m.2" as RawPath, state: stateOf(old) });
        story.remove("carl/storage/m.1");
      },
    ],
  ];
  for (const [name, happens] of quiet)
    test(name, () => {
      const story = new Story();
      story.learn([
        ...inbox("anna", 200),
        ...inbox("anna/.Trash", 100),
        ...inbox("anna/.Projects", 150),
      ]);
      happens(story);
      assert.deepEqual(story.kinds(), []);
    });
});

test("a renamed folder's messages are counted where they are now", () => {
  const story = new Story();
  story.learn([...inbox("anna/.Projects", 100), ...inbox("anna", 10)]);
  story.rename("anna/.Projects", "anna/.Archive");
  for (const path of inbox("anna/.Archive", 100)) story.remove(path);
  assert.deepEqual(story.kinds(), ["mass-removal anna", "mass-removal "]);
  assert.equal(story.watch.messages, 10);
});

test("a clock that goes back empties no window, and hostile names harm nothing", () => {
  const story = new Story();
  story.learn([...inbox("anna", 100), ...inbox("ben", 1000)]);
  for (const [n, path] of inbox("anna", 50).entries()) {
    if (n === 25) story.now -= 3600n * second;
    story.remove(path);
  }
  story.now += 3600n * second;
  for (const path of ["", "/", "cur/", "../cur/x", "cur/cur/:2,\u0000", "storage/m.", "1."]) {
    story.remove(path);
    story.rename(path, `${path}x`);
    story.put(path);
  }
  assert.deepEqual(story.kinds(), ["mass-removal anna"]);
});

test("older messages that a server puts into another folder of the account do not disappear", () => {
  const tell = (options: SignalWatchOptions): readonly string[] => {
    const story = new Story(options);
    const names = numbers(100).map((n) => `ann/sdbox/mailboxes/INBOX/dbox-Mails/u.${n + 1}`);
    story.learn([...names, ...inbox("ben", 2000)]);
    // doveadm altmove keeps the time of the file.
    for (const name of names.slice(20)) {
      story.put(`alt/${name}`, mail, old);
      story.remove(name);
    }
    return story.kinds();
  };
  const accountOf = (path: RawPath): RawPath => path.replace(/^alt\//, "") as RawPath;
  assert.deepEqual(tell({ accountOf }), []);
  assert.deepEqual(tell({}), ["mass-removal ann/sdbox"], "where nobody says so");
});
