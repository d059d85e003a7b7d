import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arrivalBefore, chooseFolder, chooseFlags, chooseRecipients } from "./choices.ts";
import { DemoError } from "./demo-error.ts";
import { writeDeliveryTraces } from "./delivery-trace.ts";
import { MaildirFolder } from "./maildir-folder.ts";
import { createRandom, type Random } from "./random.ts";
import { openSampleMail, type SampleMail } from "./sample-mail.ts";

export type SampleFolder = {
  /** As on disk: "" is the INBOX, others start with a dot, in modified UTF-7 (RFC 3501 §5.1.3). */
  readonly name: string;
  readonly path: string;
};

export type SampleMailbox = {
  readonly user: string;
  readonly address: string;
  /** The Maildir. */
  readonly path: string;
  readonly folders: readonly SampleFolder[];
  /** Messages laid out here, over all folders. */
  readonly messages: number;
};

export type SampleServer = {
  readonly root: string;
  readonly domain: string;
  readonly source: SampleMail["source"];
  readonly mailboxes: readonly SampleMailbox[];
  /** Message files laid out: one per message and recipient. */
  readonly messages: number;
  /** Different messages among them; 6,046 when the mail is real. */
  readonly distinctMessages: number;
  /** Arrivals are spread over so many days before `now`. */
  readonly days: number;
  readonly mail: SampleMail;
  /** Which mailboxes (one bit each, in their order) ever got a message (by its index in `mail`). */
  readonly recipientBits: Uint16Array;
};

export type LayOutOptions = {
  /** The moment of the newest arrival, at the latest. */
  readonly now: Date;
  readonly seed: number;
  /** Made-up mail even where the real corpus is installed. */
  readonly synthetic?: boolean;
  /** Of the sample at most so many messages. Default: all. */
  readonly messages?: number;
};

export const SAMPLE_HOST = "mx1.example.org";
export const SAMPLE_DOMAIN = "example.org";
const DAYS = 30;
/** `Накладные` (waybills) in modified UTF-7. */
const WAYBILLS = ".&BB0EMAQ6BDsEMAQ0BD0ESwQ1-";
/** `Entwürfe` (drafts). */
const DRAFTS = ".Entw&APw-rfe";
const COMMON_FOLDERS = ["", ".Sent", ".Archive.2026", ".Junk"];

const USERS = [
  { user: "support", extra: [".Projects.Alpha"], keywords: true },
  { user: "sales", extra: [".Projects.Alpha"], keywords: true },
  { user: "info", extra: [], keywords: false },
  { user: "billing", extra: [".Receipts"], keywords: true },
  { user: "alice", extra: [], keywords: false },
  { user: "bob", extra: [], keywords: false },
  { user: "carol", extra: [".Receipts"], keywords: false },
  { user: "dmitri", extra: [WAYBILLS], keywords: true },
  { user: "erika", extra: [DRAFTS], keywords: false },
  { user: "fatima", extra: [], keywords: false },
  { user: "hiroshi", extra: [], keywords: false },
  { user: "postmaster", extra: [], keywords: false },
] as const;

type OpenMailbox = {
  readonly mailbox: Omit<SampleMailbox, "messages">;
  readonly folders: ReadonlyMap<string, MaildirFolder>;
  readonly keywords: boolean;
  messages: number;
};

type PlannedArrival = { readonly index: number; readonly timeMs: number };

/**
 * Lays out a mail server of 12 mailboxes under `root`, as Dovecot 2.3 keeps Maildir++:
 * `<root>/example.org/<user>/Maildir`. The same seed, moment and mail give the same bytes, names and
 * times. Needs no network and opens no connection. `root` must be absent or empty.
 */
export function layOutSampleServer(root: string, options: LayOutOptions): SampleServer {
  refuseUsedFolder(root);
  const { seed, now } = options;
  const random = createRandom(seed);
  const { synthetic = false, messages } = options;
  const mail = openSampleMail({ seed, synthetic, ...(messages === undefined ? {} : { messages }) });
  const mailboxes = USERS.map((_, index) => createMailbox(root, { index, random, now }));
  const recipientBits = new Uint16Array(mail.count);
  for (const arrival of planArrivals(mail.count, { now, random })) {
    const spam = mail.isSpam(arrival.index);
    const recipients = chooseRecipients(random, mailboxes.length);
    for (const chosen of recipients) {
      recipientBits[arrival.index] = (recipientBits[arrival.index] ?? 0) | (1 << chosen);
    }
    const targets = recipients.flatMap((chosen) => mailboxes[chosen] ?? []);
    deliver(targets, { mail, arrival, random, spam, now });
  }
  for (const { folders } of mailboxes) for (const folder of folders.values()) folder.commit();
  return {
    root,
    domain: SAMPLE_DOMAIN,
    source: mail.source,
    mailboxes: mailboxes.map(({ mailbox, messages }) => ({ ...mailbox, messages })),
    messages: mailboxes.reduce((sum, { messages }) => sum + messages, 0),
    distinctMessages: mail.count,
    days: DAYS,
    mail,
    recipientBits,
  };
}

function refuseUsedFolder(root: string): void {
  mkdirSync(root, { recursive: true });
  if (readdirSync(root).length === 0) return;
  throw new DemoError(
    "demo.folder-not-empty",
    `Cannot lay out the sample server in "${root}": the folder is not empty`,
    { hint: "Name a folder that does not exist yet." },
  );
}

/** Oldest first, so that UIDs ascend with the arrival. */
function planArrivals(
  count: number,
  { now, random }: { readonly now: Date; readonly random: Random },
): readonly PlannedArrival[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    timeMs: arrivalBefore(now, { days: DAYS, random }),
  })).sort((left, right) => left.timeMs - right.timeMs);
}

type Delivery = {
  readonly mail: SampleMail;
  readonly arrival: PlannedArrival;
  readonly random: Random;
  readonly spam: boolean;
  readonly now: Date;
};

function deliver(targets: readonly OpenMailbox[], delivery: Delivery): void {
  const { mail, arrival, random, spam, now } = delivery;
  const { timeMs } = arrival;
  const message = mail.read(arrival.index);
  const traces = writeDeliveryTraces(random, {
    sender: mail.sender(message),
    recipients: targets.map(({ mailbox }) => mailbox.address),
    timeMs,
    host: SAMPLE_HOST,
  });
  const ageDays = (now.getTime() - timeMs) / 86_400_000;
  for (const [index, target] of targets.entries()) {
    const extra = target.mailbox.folders.slice(COMMON_FOLDERS.length);
    const alone = targets.length === 1;
    const name = chooseFolder(random, { spam, alone, ageDays, extra: extra.map((at) => at.name) });
    // What a client saved in Sent by APPEND was never delivered, so it has no trace.
    const trace = name === ".Sent" ? undefined : traces[index];
    target.folders.get(name)?.store(trace === undefined ? [message] : [trace, message], {
      arrival: {
        timeMs: timeMs + index,
        microseconds: random.integer(1000),
        processId: 1000 + random.integer(30_000),
        host: SAMPLE_HOST,
      },
      flags: chooseFlags(random, { ageDays, folder: name, keywords: target.keywords }),
    });
    target.messages += 1;
  }
}

function createMailbox(
  root: string,
  { index, random, now }: { readonly index: number; readonly random: Random; readonly now: Date },
): OpenMailbox {
  const { user, extra, keywords } = USERS[index] ?? USERS[0];
  const path = join(root, SAMPLE_DOMAIN, user, "Maildir");
  const folders = new Map<string, MaildirFolder>();
  const firstUidValidity = Math.floor(now.getTime() / 1000) - DAYS * 86_400 + index * 16;
  for (const name of [...COMMON_FOLDERS, ...extra]) {
    const place = name === "" ? path : join(path, name);
    const head = { uidValidity: firstUidValidity + folders.size, guid: random.hex(32) };
    folders.set(name, MaildirFolder.create(place, head));
    if (name !== "") writeFileSync(join(place, "maildirfolder"), "");
  }
  if (keywords) writeFileSync(join(path, "dovecot-keywords"), "0 $Forwarded\n1 Invoice\n");
  writeSubscriptions(path, [...folders.keys()]);
  writeLastUidValidity(path, firstUidValidity + folders.size - 1);
  return {
    mailbox: {
      user,
      address: `${user}@${SAMPLE_DOMAIN}`,
      path,
      folders: [...folders].map(([name, folder]) => ({ name, path: folder.path })),
    },
    folders,
    keywords,
    messages: 0,
  };
}

/** Dovecot's version 2: a header, an empty line, names with a tab between the levels. */
function writeSubscriptions(path: string, names: readonly string[]): void {
  const lines = names
    .filter((name) => name !== "")
    .map((name) => `${name.slice(1).replaceAll(".", "\t")}\n`);
  writeFileSync(join(path, "subscriptions"), `V\t2\n\n${lines.join("")}`);
}

/** The last UIDVALIDITY given out, so that a folder made later gets a higher one: Dovecot keeps it in a file's name. */
function writeLastUidValidity(path: string, uidValidity: number): void {
  const digits = uidValidity.toString(16).padStart(8, "0");
  writeFileSync(join(path, "dovecot-uidvalidity"), `${digits}\n`);
  writeFileSync(join(path, `dovecot-uidvalidity.${digits}`), "");
}
