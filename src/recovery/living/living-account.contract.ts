import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LivingAccount, LivingBytes, MailboxState } from "./living-account.ts";
import { isLivingError } from "./living-error.ts";
import { livingIdentityOf, withCrlf } from "./living-identity.ts";

export type LivingAccountContractOptions = {
  /** An account that nobody has used yet. */
  readonly open: () => Promise<LivingAccount>;
  /** The server's separator between levels, where a level cannot hold it. */
  readonly separator: string;
  /** Names that a server need not take. Default: those that Dovecot takes. */
  readonly oddNames?: readonly string[];
  readonly skip?: string | false;
};

const message = (text: string): Buffer => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
const plain = { flags: [], keywords: [] };

/** What every way to a living account does. */
export function livingAccountContract(
  name: string,
  {
    open,
    separator,
    oddNames = ['q"uo\\te', "per%cent"],
    skip = false,
  }: LivingAccountContractOptions,
): void {
  describe(`${name} keeps the LivingAccount contract`, { skip }, () => {
    test("what is appended is there with its bytes, flags, keywords and date", async () => {
      await using account = await open();
      const before = await account.messages("INBOX");
      const bytes = message("Message-ID: <1@x>\nSubject: \xe4\x80\n\nzw\xf6lf\n\t.\n.\n");
      const told = await account.append("INBOX", {
        bytes,
        flags: ["\\Seen", "\\Answered"],
        keywords: ["Wichtig", "$Forwarded"],
        internalDateSeconds: 1_234_567_890,
      });
      const { messages, uidValidity, uidNext } = await account.messages("INBOX");
      assert.equal(uidValidity, before.uidValidity);
      assert.equal(messages.length, before.messages.length + 1);
      const last = messages.at(-1);
      assert.ok(last !== undefined && last.uid >= before.uidNext && last.uid < uidNext);
      assert.deepEqual(last, {
        uid: last.uid,
        flags: ["\\Answered", "\\Seen"],
        keywords: ["$Forwarded", "Wichtig"],
        internalDateSeconds: 1_234_567_890,
        sizeBytes: bytes.length,
      });
      if (told.uid !== undefined) assert.deepEqual(told, { uid: last.uid, uidValidity });
      const [read] = await readAll(account, { name: "INBOX", uidValidity }, [last.uid]);
      assert.ok(bytes.equals(read?.bytes ?? Buffer.alloc(0)));
    });

    test("UIDs that are gone are left out of every answer", async () => {
      await using account = await open();
      await account.append("INBOX", { ...plain, bytes: message("Message-ID: <2@x>\n\n2\n") });
      const { messages, ...inbox } = await account.messages("INBOX");
      const uid = messages.at(-1)?.uid as number;
      await account.remove(inbox, [uid, uid + 1000]);
      assert.deepEqual(await readAll(account, inbox, [uid]), []);
      assert.equal((await account.messageIds(inbox, [uid])).size, 0);
      await account.changeFlags(inbox, { uid, add: ["\\Seen"], remove: [] });
      assert.ok(!(await account.messages("INBOX")).messages.some((one) => one.uid === uid));
    });

    test("Message-IDs are equal however they are folded, and empty where there are none", async () => {
      await using account = await open();
      const bodies = ["Message-ID:\n <3@x>\n\n3\n", "message-id: <3@x>\nX: y\n\n3\n", "X: y\n\n\n"];
      for (const body of bodies) await account.append("INBOX", { ...plain, bytes: message(body) });
      const { messages, ...inbox } = await account.messages("INBOX");
      const uids = messages.slice(-3).map(({ uid }) => uid);
      const found = await account.messageIds(inbox, uids);
      assert.deepEqual(
        uids.map((uid) => found.get(uid)),
        ["<3@x>", "<3@x>", ""],
      );
    });

    test("flags and keywords are changed one by one, others stay", async () => {
      await using account = await open();
      await account.append("INBOX", {
        bytes: message("X: y\n\n4\n"),
        flags: ["\\Flagged", "\\Seen"],
        keywords: ["old"],
      });
      const { messages, ...inbox } = await account.messages("INBOX");
      const uid = messages.at(-1)?.uid as number;
      await account.changeFlags(inbox, {
        uid,
        add: ["\\Draft", "new"],
        remove: ["\\Seen", "old"],
      });
      const changed = (await account.messages("INBOX")).messages.at(-1);
      assert.deepEqual(changed?.flags, ["\\Draft", "\\Flagged"]);
      assert.deepEqual(changed?.keywords, ["new"]);
    });

    test("removing takes exactly the messages that are named", async () => {
      await using account = await open();
      for (const text of ["a", "b", "c"]) {
        await account.append("INBOX", {
          bytes: message(`X: ${text}\n\n\n`),
          flags: ["\\Deleted"],
          keywords: [],
        });
      }
      const { messages, ...inbox } = await account.messages("INBOX");
      const [a, b, c] = messages.slice(-3).map(({ uid }) => uid) as [number, number, number];
      await account.remove(inbox, [b]);
      const left = (await account.messages("INBOX")).messages.map(({ uid }) => uid);
      assert.deepEqual(left.slice(-2), [a, c]);
    });

    test("mailboxes of every name are made once, hold mail, and go when they are empty", async () => {
      await using account = await open();
      const names = ["Entwürfe/日本", "a & b", `x${separator}y`, ...oddNames];
      for (const wanted of names) {
        const made = account.nameHere(wanted);
        assert.deepEqual(await account.create(made, { subscribe: true }), { isNew: true });
        assert.deepEqual(await account.create(made, { subscribe: true }), { isNew: false });
        const listed = (await account.mailboxes()).map((mailbox) => mailbox.name);
        assert.ok(listed.includes(made), `${made} is not among ${listed.join(", ")}`);
        await account.append(made, { ...plain, bytes: message("X: y\n\n5\n") });
        assert.equal(await account.removeEmpty(made), false);
        const { messages, ...box } = await account.messages(made);
        assert.equal(messages.length, 1);
        await account.remove(
          box,
          messages.map(({ uid }) => uid),
        );
        assert.equal(await account.removeEmpty(made), true);
        assert.ok(!(await account.mailboxes()).some((mailbox) => mailbox.name === made));
      }
      assert.equal(account.nameHere("inbox"), "INBOX");
    });

    test("a mailbox above another is not removed", async () => {
      await using account = await open();
      await account.create("Above/Below", { subscribe: false });
      await account.create("Above", { subscribe: false });
      assert.equal(await account.removeEmpty("Above"), false);
      assert.equal(await account.removeEmpty("Above/Below"), true);
    });

    test("another UIDVALIDITY and a mailbox that is not there are errors", async () => {
      await using account = await open();
      const { messages: _, uidNext: __, ...inbox } = await account.messages("INBOX");
      const other = { ...inbox, uidValidity: inbox.uidValidity + 1 };
      const isOther = (error: unknown): boolean => isLivingError(error, "living.uid-validity");
      await assert.rejects(readAll(account, other, [1]), isOther);
      await assert.rejects(account.messageIds(other, [1]), isOther);
      await assert.rejects(account.changeFlags(other, { uid: 1, add: ["x"], remove: [] }), isOther);
      await assert.rejects(account.remove(other, [1]), isOther);
      const isMissing = (error: unknown): boolean => isLivingError(error, "living.no-mailbox");
      await assert.rejects(account.messages("Nowhere"), isMissing);
      const bytes = message("X: y\n\n6\n");
      await assert.rejects(account.append("Nowhere", { ...plain, bytes }), isMissing);
    });

    test("a message with bytes of every value keeps its identity", async () => {
      await using account = await open();
      const body = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
      const bytes = Buffer.concat([message("X: y\n\n"), body, message("\n")]);
      await account.append("INBOX", { ...plain, bytes: withCrlf(bytes) });
      const { messages, ...inbox } = await account.messages("INBOX");
      const [read] = await readAll(account, inbox, [messages.at(-1)?.uid as number]);
      assert.equal(livingIdentityOf(read?.bytes ?? Buffer.alloc(0)), livingIdentityOf(bytes));
    });
  });
}

async function readAll(
  account: LivingAccount,
  mailbox: MailboxState,
  uids: readonly number[],
): Promise<readonly LivingBytes[]> {
  return await Array.fromAsync(account.read(mailbox, uids));
}
