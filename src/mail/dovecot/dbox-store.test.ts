import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isImageError, memoryImage, type MemoryNodes, type RawPath } from "#image";
import {
  type DboxPlaces,
  isMailError,
  type MailAccount,
  openMailStore,
  type StoredMessages,
} from "#mail";
import {
  dboxFile,
  dboxMessage,
  guidOf,
  log,
  logFile,
  mailboxGuid,
  mailboxHeader,
  mdboxRows,
  mdboxStorage,
} from "./dbox.fixture.ts";

const inbox = "mailboxes/INBOX/dbox-Mails";

async function open(nodes: MemoryNodes, places?: DboxPlaces): Promise<MailAccount> {
  const image = memoryImage(nodes);
  const options = places === undefined ? {} : { places: { dovecot: places } };
  const { accounts, problems } = await openMailStore(image, options);
  assert.deepEqual(problems, []);
  assert.equal(accounts.length, 1, accounts.map(({ root }) => root).join(" "));
  return accounts[0] as MailAccount;
}

async function messagesOf(account: MailAccount, path = inbox): Promise<StoredMessages> {
  return await account.messages({ path: path as RawPath });
}

async function texts(account: MailAccount, path = inbox): Promise<readonly string[]> {
  const { messages } = await messagesOf(account, path);
  const all: string[] = [];
  for (const message of messages)
    all.push(Buffer.concat(await Array.fromAsync(account.read(message))).toString());
  return all;
}

const one = dboxFile(dboxMessage({ bytes: "one\n", guid: guidOf(1) }));
const two = dboxFile(dboxMessage({ bytes: "two\n", guid: guidOf(2) }));
const index = logFile([
  ...mailboxHeader("sdbox", 1),
  log.uidValidity(17),
  log.append([1, 8], [2, 0]),
]);

describe("sdbox without all that belongs to it", () => {
  test("without an index all files are messages, without flags", async () => {
    const account = await open({
      [`${inbox}/u.1`]: one,
      [`${inbox}/u.2`]: two,
      [`${inbox}/u.x`]: "",
    });
    const { messages, problems } = await messagesOf(account);
    assert.deepEqual(
      messages.map(({ uid, flags }) => ({ uid, flags })),
      [
        { uid: 1, flags: [] },
        { uid: 2, flags: [] },
      ],
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["index"],
    );
  });

  test("a file that is missing, and one that is newer than the index, are reported", async () => {
    const account = await open({
      [`${inbox}/dovecot.index.log`]: index,
      [`${inbox}/u.2`]: two,
      [`${inbox}/u.7`]: one,
    });
    const { messages, problems } = await messagesOf(account);
    assert.deepEqual(
      messages.map(({ uid }) => uid),
      [2, 7],
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["damaged", "index"],
    );
  });

  test("a message that is cut off is listed and cannot be read", async () => {
    const account = await open({
      [`${inbox}/dovecot.index.log`]: index,
      [`${inbox}/u.1`]: one.subarray(0, 48),
      [`${inbox}/u.2`]: two,
    });
    const { messages, problems } = await messagesOf(account);
    assert.deepEqual(
      messages.map(({ uid }) => uid),
      [1, 2],
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["damaged"],
    );
    const [cut] = messages;
    assert.ok(cut !== undefined);
    await assert.rejects(Array.fromAsync(account.read(cut)), (error) => {
      return isMailError(error) && error.code === "mail.damaged";
    });
  });

  test("an index that cannot be read is no empty mailbox", async () => {
    const failure = new Error("EIO: i/o error, read");
    const account = await open({ [`${inbox}/dovecot.index.log`]: { bytes: index, failure } });
    await assert.rejects(messagesOf(account), isImageError);
  });

  test("ALT storage is found by its link, and is no account of its own", async () => {
    const account = await open({
      [`u/sdbox/${inbox}/dovecot.index.log`]: index,
      [`u/sdbox/${inbox}/u.1`]: one,
      [`u/alt/${inbox}/u.2`]: two,
      "u/sdbox/dbox-alt-root": { linkTarget: "/srv/mail/u/alt" },
    });
    assert.deepEqual(await texts(account, `u/sdbox/${inbox}`), ["one\n", "two\n"]);
  });

  test("an index elsewhere is read where it is said to be", async () => {
    const account = await open(
      {
        [`sdbox/${inbox}/u.1`]: one,
        [`sdbox/${inbox}/u.2`]: two,
        "idx/mailboxes/INBOX/dovecot.index.log": index,
      },
      { index: "idx" as RawPath },
    );
    const { messages, problems } = await messagesOf(account, `sdbox/${inbox}`);
    assert.deepEqual(
      messages.map(({ flags }) => flags),
      [["\\Seen"], []],
    );
    assert.deepEqual(problems, []);
    const [mailbox] = await account.mailboxes();
    assert.ok(mailbox?.dependsOn.includes("idx/mailboxes/INBOX/dovecot.index.log" as RawPath));
  });
});

describe("attachments that are stored apart", () => {
  const stored = "Subject: a\n\n--x\n\n\n--x--\n";
  const attached = Buffer.from("attached bytes, some of them");
  const base64 = attached.toString("base64").replaceAll(/.{20}(?=.)/g, "$&\n");
  const message = `Subject: a\n\n--x\n\n${base64}\n--x--\n`;
  const reference = `X17 ${base64.length} B20 ab/cd/abcd-00ff`;
  const record = Buffer.from(
    dboxMessage({ bytes: stored, guid: guidOf(1) })
      .toString("latin1")
      .replace("\nR", `\nZ${message.length.toString(16)}\n${reference}\nR`),
    "latin1",
  );
  const name = `ab/cd/abcd-00ff-${mailboxGuid.toString("hex")}-1`;
  const nodes: MemoryNodes = {
    [`u/sdbox/${inbox}/dovecot.index.log`]: logFile([
      ...mailboxHeader("sdbox", 1),
      log.append([1, 0]),
    ]),
    [`u/sdbox/${inbox}/u.1`]: dboxFile(record),
  };
  const path = `u/sdbox/${inbox}`;

  for (const folder of ["u/attachments", "attachments", "u/sdbox/sis"])
    test(`are found in ${folder} and put back as they were`, async () => {
      const account = await open({ ...nodes, [`${folder}/${name}`]: attached });
      assert.deepEqual(await texts(account, path), [message]);
    });

  test("are read where they are said to be", async () => {
    const account = await open(
      { ...nodes, [`far/away/${name}`]: attached },
      { attachments: "far/away" as RawPath },
    );
    assert.deepEqual(await texts(account, path), [message]);
  });

  test("that are missing or shorter make the message damaged", async () => {
    for (const files of [{}, { [`attachments/${name}`]: attached.subarray(1) }]) {
      const account = await open({ ...nodes, ...files });
      await assert.rejects(texts(account, path), isMailError);
    }
  });
});

describe("mdbox without all that belongs to it", () => {
  const mails = [1, 2, 3].map((number) => ({
    bytes: `message ${number}\n`,
    guid: guidOf(number),
    mailbox: number === 3 ? "Work" : "INBOX",
  }));
  const rows = (...numbers: readonly number[]): Buffer =>
    logFile([
      ...mailboxHeader("mdbox", 99),
      log.append(...numbers.map((number) => [number * 10, 8] as const)),
      ...mdboxRows(
        numbers.map((number) => ({ uid: number * 10, mapUid: number, guid: guidOf(number) })),
      ),
    ]);
  const whole: MemoryNodes = {
    ...mdboxStorage(mails),
    [`${inbox}/dovecot.index.log`]: rows(1, 2),
    "mailboxes/Work/dbox-Mails/dovecot.index.log": rows(3),
  };
  const without = (...paths: readonly string[]): MemoryNodes =>
    Object.fromEntries(Object.entries(whole).filter(([path]) => !paths.includes(path)));

  test("without its map, messages are found by their GUID, with UIDs and flags", async () => {
    const account = await open(without("storage/dovecot.map.index.log"));
    const { messages, problems } = await messagesOf(account);
    assert.deepEqual(
      messages.map(({ uid, flags }) => ({ uid, flags })),
      [
        { uid: 10, flags: ["\\Seen"] },
        { uid: 20, flags: ["\\Seen"] },
      ],
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["index"],
    );
    assert.deepEqual(await texts(account), ["message 1\n", "message 2\n"]);
  });

  test("without a mailbox's index, its messages are those that no other shows", async () => {
    const account = await open({
      ...without("mailboxes/Work/dbox-Mails/dovecot.index.log"),
      "mailboxes/Work/dbox-Mails": { type: "directory" },
    });
    assert.deepEqual(await texts(account), ["message 1\n", "message 2\n"]);
    assert.deepEqual(await texts(account, "mailboxes/Work/dbox-Mails"), ["message 3\n"]);
  });

  test("without both, messages go to the mailbox that they were first saved to", async () => {
    const account = await open({
      "storage/m.1": whole["storage/m.1"] as Buffer,
      [inbox]: { type: "directory" },
      "mailboxes/Work/dbox-Mails": { type: "directory" },
    });
    assert.deepEqual(await texts(account), ["message 1\n", "message 2\n"]);
    assert.deepEqual(await texts(account, "mailboxes/Work/dbox-Mails"), ["message 3\n"]);
  });

  test("a mailbox depends on its index and on all that is in storage", async () => {
    const [mailbox] = await (await open(whole)).mailboxes();
    assert.deepEqual(mailbox?.dependsOn, [
      `${inbox}/dovecot.index`,
      `${inbox}/dovecot.index.log`,
      `${inbox}/dovecot.index.log.2`,
      "storage",
    ]);
  });
});

test("names of mailboxes are text, whichever way they are stored", async () => {
  const names = async (...folders: readonly string[]): Promise<readonly string[]> => {
    const nodes = folders.map((folder) => [
      `mailboxes/${folder}/dbox-Mails/dovecot.index.log`,
      index,
    ]);
    return (await (await open(Object.fromEntries(nodes))).mailboxes()).map(({ name }) => name);
  };
  assert.deepEqual(await names("INBOX", "Entw&APw-rfe/a &- b"), ["INBOX", "Entwürfe/a & b"]);
  const utf8 = Buffer.from("Entwürfe").toString("latin1");
  assert.deepEqual(await names(utf8, "R&D", "INBOX"), ["INBOX", "Entwürfe", "R&D"]);
});
