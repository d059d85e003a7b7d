import { writeDeliveryTraces } from "./delivery-trace.ts";
import { flagsOf, MaildirFolder } from "./maildir-folder.ts";
import { createRandom, type Random } from "./random.ts";
import { SAMPLE_HOST, type SampleServer } from "./sample-server.ts";

export type DeliverMoreOptions = {
  /** The arrival of what is delivered. */
  readonly now: Date;
  /** Give each step a seed of its own; the same seed on the same server does the same. */
  readonly seed: number;
  /** Default 3. */
  readonly deliveries?: number;
  /** Messages of the INBOXes that are read, answered or flagged. Default 5. */
  readonly flagChanges?: number;
  /** Messages moved from an INBOX to the archive. Default 2. */
  readonly moves?: number;
};

export type LifeGoneOn = {
  readonly delivered: number;
  readonly flagged: number;
  readonly moved: number;
};

type Step = {
  readonly random: Random;
  readonly now: Date;
  readonly folders: OpenFolders;
};

const TRIES_PER_CHANGE = 64;
const ARCHIVE = ".Archive.2026";

/**
 * Lets life go on at a sample server: some new mail, some flags changed, some messages filed.
 *
 * New mail is mail of the same corpus that reaches one more mailbox, with a delivery trace of its
 * own; so no mailbox gets the same message twice. Works on what is on disk, whatever happened to it
 * since it was laid out, and says what it did: less than asked for where folders are empty or gone.
 */
export function deliverMore(server: SampleServer, options: DeliverMoreOptions): LifeGoneOn {
  const step: Step = {
    random: createRandom(options.seed),
    now: options.now,
    folders: new OpenFolders(),
  };
  const delivered = repeat(options.deliveries ?? 3, () => deliverOne(server, step));
  const flagged = repeat(options.flagChanges ?? 5, () => flagOne(server, step));
  const moved = repeat(options.moves ?? 2, () => moveOne(server, step));
  step.folders.commit();
  return { delivered, flagged, moved };
}

/** How many of `wanted` came off; each is tried a bounded number of times with other choices. */
function repeat(wanted: number, change: () => boolean): number {
  let done = 0;
  for (let left = wanted * TRIES_PER_CHANGE; left > 0 && done < wanted; left -= 1) {
    if (change()) done += 1;
  }
  return done;
}

function deliverOne(server: SampleServer, { random, now, folders }: Step): boolean {
  const chosen = random.integer(server.mailboxes.length);
  const index = random.integer(server.mail.count);
  const bits = server.recipientBits[index] ?? 0;
  const mailbox = server.mailboxes[chosen];
  if (mailbox === undefined || (bits & (1 << chosen)) !== 0) return false;
  const inbox = folders.find(mailbox.path);
  if (inbox === undefined) return false;
  const message = server.mail.read(index);
  const traces = writeDeliveryTraces(random, {
    sender: server.mail.sender(message),
    recipients: [mailbox.address],
    timeMs: now.getTime(),
    host: SAMPLE_HOST,
  });
  inbox.store([...traces, message], {
    arrival: {
      timeMs: now.getTime(),
      microseconds: random.integer(1000),
      processId: 1000 + random.integer(30_000),
      host: SAMPLE_HOST,
    },
    flags: "new",
  });
  server.recipientBits[index] = bits | (1 << chosen);
  return true;
}

function flagOne(server: SampleServer, { random, folders }: Step): boolean {
  const inbox = folders.find(random.pick(server.mailboxes).path);
  if (inbox === undefined || inbox.count === 0) return false;
  const name = random.pick(inbox.names);
  const letters = flagsOf(name);
  const added = ["S", "R", "F"].find((letter) => !letters.includes(letter));
  if (added === undefined) return false;
  inbox.setFlags(name, letters + added);
  return true;
}

function moveOne(server: SampleServer, { random, folders }: Step): boolean {
  const mailbox = random.pick(server.mailboxes);
  const archivePath = mailbox.folders.find((folder) => folder.name === ARCHIVE)?.path;
  if (archivePath === undefined) return false;
  const inbox = folders.find(mailbox.path);
  const archive = folders.find(archivePath);
  if (inbox === undefined || archive === undefined || inbox.count === 0) return false;
  inbox.moveTo(archive, random.pick(inbox.names));
  return true;
}

/** Each folder is read once and its dovecot-uidlist written once per step. */
class OpenFolders {
  readonly #open = new Map<string, MaildirFolder | undefined>();

  find(path: string): MaildirFolder | undefined {
    if (!this.#open.has(path)) this.#open.set(path, MaildirFolder.openIfThere(path));
    return this.#open.get(path);
  }

  commit(): void {
    for (const folder of this.#open.values()) folder?.commit();
  }
}
