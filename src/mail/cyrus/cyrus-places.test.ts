import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Image, memoryImage, type RawPath } from "#image";
import { openAccountsAround, openMailStore } from "#mail";
import { cyrusNodes, type FixtureNodes, mailboxNodes, oldHeaderFile } from "./cyrus.fixture.ts";
import {
  all,
  inbox,
  moved,
  sent,
  shared,
  summaryOf,
  whole,
  without,
} from "./cyrus-summary.fixture.ts";
import { twoskipFile } from "./twoskip.fixture.ts";

describe("the places of a Cyrus", () => {
  test("each owner is an account, and what is shared is one without an owner", async () => {
    assert.deepEqual(await summaryOf(cyrusNodes(all)), { summary: whole, problems: [] });
    const { accounts } = await openMailStore(memoryImage(cyrusNodes(all)));
    assert.deepEqual(
      accounts.map(({ root, owner }) => [root, owner]),
      [
        ["spool", undefined],
        ["spool", "cass"],
        ["spool", "john.doe@example.org"],
      ],
    );
  });

  test("configuration and spool may lie far apart, in any order", async () => {
    for (const [config, spool] of [
      ["var/lib/cyrus", "var/spool/cyrus/mail"],
      ["z/meta", "a/mail"],
      ["cyrus", "cyrus/mail"],
    ] as const) {
      const nodes = moved(cyrusNodes(all), (path) =>
        path.startsWith("spool") ? spool + path.slice(5) : config + path.slice(6),
      );
      assert.deepEqual((await summaryOf(nodes)).summary, whole, `${config} and ${spool}`);
    }
  });

  test("below a partition alone, the configuration is looked for where it usually lies", async () => {
    const named = { name: "user.cass.Renamed", uniqueId: "b2sent", uidValidity: 18, messages: [] };
    for (const [config, spool] of [
      ["var/lib/cyrus", "var/spool/cyrus/mail"],
      ["srv/var/imap", "srv/var/spool/imap"],
      ["config", "spool"],
    ] as const) {
      const files = {
        ...cyrusNodes([inbox, named]),
        ...mailboxNodes("spool/uuid/b/2/b2sent", sent),
      };
      const nodes = moved(files, (path) =>
        path.startsWith("spool") ? spool + path.slice(5) : config + path.slice(6),
      );
      const { summary, problems } = await summaryOf(nodes, { root: spool as RawPath });
      assert.deepEqual(Object.keys(summary["cass"] ?? {}), ["INBOX", "Renamed"]);
      assert.deepEqual(problems, []);
    }
  });

  test("places that are named are taken as they are named", async () => {
    const nodes = moved(cyrusNodes(all), (path) => path.replace("config/", "x/y/"));
    const places = { cyrus: { config: "x/y" as RawPath, spools: ["spool" as RawPath] } };
    assert.deepEqual(await summaryOf(nodes, { places }), { summary: whole, problems: [] });
  });

  test("around a mailbox, its account alone is opened; around the spool, all are", async () => {
    const owners = async (path: string): Promise<readonly (string | undefined)[]> => {
      const accounts = await openAccountsAround(memoryImage(cyrusNodes(all)), path as RawPath);
      return accounts.map(({ owner }) => owner);
    };
    for (const path of ["spool/uuid/b/2/b2sent", "spool/uuid/b/2/b2sent/7."])
      assert.deepEqual(await owners(path), ["cass"]);
    assert.deepEqual(await owners("spool/uuid/d/4/d4news"), [undefined]);
    for (const path of ["spool", "spool/uuid/b"])
      assert.deepEqual(await owners(path), [undefined, "cass", "john.doe@example.org"]);
  });

  test("to open one mailbox, the others of the spool are not read", async () => {
    const many = Array.from({ length: 40 }, (_, number) => ({
      ...sent,
      name: `user.u${number}.Sent`,
      uniqueId: `${String.fromCharCode(97 + (number % 26))}${number % 10}mailbox${number}`,
    }));
    const image = memoryImage(cyrusNodes(many));
    const read: string[] = [];
    const counting: Image = {
      ...image,
      at: image.at,
      problems: [],
      list: (path, signal) => image.list(path, signal),
      extendedAttributes: (path) => image.extendedAttributes(path),
      fingerprint: (path) => image.fingerprint(path),
      read: (path, options) => {
        read.push(path);
        return image.read(path, options);
      },
      [Symbol.asyncDispose]: () => image[Symbol.asyncDispose](),
    };
    const path = "spool/uuid/h/3/h3mailbox33/7." as RawPath;
    const [account] = await openAccountsAround(counting, path);
    assert.equal(account?.owner, "u33");
    assert.equal((await account.mailboxes()).length, 1);
    const mailboxes = new Set(
      read.filter((one) => one.includes("mailbox")).map((one) => one.split("/").at(-2)),
    );
    assert.ok(mailboxes.size < 10, [...mailboxes].join());
  });

  test("each of two servers keeps its own partitions", async () => {
    const nodes = {
      ...moved(cyrusNodes([inbox]), (path) => `one/${path}`),
      ...moved(cyrusNodes([shared]), (path) => `two/${path}`),
    };
    const { accounts, problems } = await openMailStore(memoryImage(nodes));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      accounts.map(({ root, owner }) => [root, owner]),
      [
        ["one/spool", "cass"],
        ["two/spool", undefined],
      ],
    );
  });

  test("a mailbox may lie in any partition, its metadata and archive in others", async () => {
    const nodes = moved(cyrusNodes(all), (path) => {
      if (path.includes("b2sent")) return path.replace("spool", "fast");
      if (path.endsWith("d4news/5.")) return path.replace("spool", "archive");
      if (path.includes("d4news/cyrus.")) return path.replace("spool", "meta");
      return path;
    });
    assert.deepEqual(await summaryOf(nodes), { summary: whole, problems: [] });
    const { accounts } = await openMailStore(memoryImage(nodes));
    assert.deepEqual(new Set(accounts.map(({ root }) => root)), new Set([""]));
    const [news] = (await accounts[0]?.mailboxes()) ?? [];
    const folder = "uuid/d/4/d4news";
    assert.deepEqual(news?.dependsOn, [
      `meta/${folder}`,
      `archive/${folder}`,
      `fast/${folder}`,
      `spool/${folder}`,
    ]);
  });

  test("spools of before 3.6 lie by name, hashed or not, with a list of that time", async () => {
    for (const hash of [
      { plain: "" },
      { cass: "c/", "example.org": "e/", "john.doe": "j/", public: "n/" },
      { cass: "O/", "example.org": "O/", "john.doe": "K/", public: "E/" },
    ] as readonly Record<string, string>[]) {
      const of = (name: string): string => hash[name] ?? "";
      const place: Readonly<Record<string, string>> = {
        a1inbox: `${of("cass")}user/cass`,
        b2sent: `${of("cass")}user/cass/Sent`,
        c3john: `domain/${of("example.org")}example.org/${of("john.doe")}user/john^doe`,
        d4news: `${of("public")}public/news`,
      };
      const nodes: FixtureNodes = {
        "config/mailboxes.db": twoskipFile(
          all.map(({ name, uniqueId, uidValidity }) => ({
            put: name,
            value: `%(T e I ${uniqueId} P default V ${uidValidity} A %(cass lrs))`,
          })),
        ),
      };
      for (const mailbox of all) {
        const folder = `spool/${place[mailbox.uniqueId]}`;
        Object.assign(nodes, mailboxNodes(folder, mailbox, oldHeaderFile(mailbox)));
      }
      assert.deepEqual(await summaryOf(nodes), { summary: whole, problems: [] });
      // And without the list, from the folders' names alone.
      const { summary, problems } = await summaryOf(without(nodes, "config/mailboxes.db"));
      assert.deepEqual([summary, problems.length], [whole, 1]);
    }
  });

  test("the folder of one mailbox by itself is read", async () => {
    const { summary } = await summaryOf(mailboxNodes("rest", sent));
    assert.deepEqual(summary, { cass: { Sent: ["7"] } });
  });

  test("Maildirs beside a Cyrus are found too", async () => {
    const nodes = {
      ...cyrusNodes([inbox]),
      "home/cur/1.a:2,S": "Subject: 1\n\n",
      "home/new": { type: "directory" },
    } as const;
    const { accounts } = await openMailStore(memoryImage(nodes));
    assert.deepEqual(
      accounts.map(({ layout }) => layout),
      ["maildir", "cyrus"],
    );
  });
});
