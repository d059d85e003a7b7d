/** People and their clients at work on a real Dovecot, and what it said of the mail after each thing they did. */
import type { DovecotStores } from "./dovecot-stores.ts";
import type { RawImap } from "./raw-imap.ts";
import { type ListedMailbox, serverListing } from "./server-listing.ts";

/** Folder → its messages, each as one line; the order is no part of it. */
export type MailState = ReadonlyMap<string, readonly string[]>;

export type RecordedState = {
  readonly did: string;
  /** When the operation that led here was begun, and when it was done; nanoseconds since 1970 UTC. */
  readonly beganNs: bigint;
  readonly doneNs: bigint;
  readonly state: MailState;
};

export type ChurnOptions = {
  readonly user: string;
  readonly operations: number;
  readonly random: () => number;
  readonly clock: () => bigint;
  /** Bytes with LF; each is told apart by a header that is added. */
  readonly messages: readonly Buffer[];
};

const flags = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "Important", "$Forwarded"];

/** One change at a time, each followed by a listing by somebody else's session: an independent record of the truth. */
export async function churn(
  server: DovecotStores,
  { user, operations, random, clock, messages }: ChurnOptions,
): Promise<readonly RecordedState[]> {
  await using client = await server.imap(user);
  await using observer = await server.imap(user);
  using lmtp = await server.lmtp();
  const recorded: RecordedState[] = [];
  // What a session has selected it lists as it last looked at it.
  const listed = async (): Promise<readonly ListedMailbox[]> => {
    await observer.command("UNSELECT").catch(() => undefined);
    return await serverListing(observer);
  };
  let listing = await listed();
  recorded.push({ did: "nothing", beganNs: 0n, doneNs: clock(), state: stateOf(listing) });
  const pick = <Value>(values: readonly Value[]): Value | undefined =>
    values[Math.floor(random() * values.length)];
  let number = 0;
  const nextMessage = (): string => {
    const message = pick(messages)?.toString("latin1") ?? "";
    return `X-Number: ${user}-${++number}\r\n${message.replaceAll(/\r?\n/g, "\r\n")}`;
  };
  for (let done = 0; done < operations; done++) {
    const operation = next({ listing, random, pick });
    const beganNs = clock();
    const did = await operation({ client, lmtp, user, nextMessage });
    const doneNs = clock();
    listing = await listed();
    recorded.push({ did, beganNs, doneNs, state: stateOf(listing) });
  }
  return recorded;
}

type Site = {
  readonly client: RawImap;
  readonly lmtp: { deliver(message: string, user: string): Promise<void> };
  readonly user: string;
  readonly nextMessage: () => string;
};
type Operation = (site: Site) => Promise<string>;
type Situation = {
  readonly listing: readonly ListedMailbox[];
  readonly random: () => number;
  readonly pick: <Value>(values: readonly Value[]) => Value | undefined;
};

function next(situation: Situation): Operation {
  const { listing, random, pick } = situation;
  const folder = pick(listing.filter(({ messages }) => messages.length > 0));
  const message = pick(folder?.messages ?? []);
  const other = pick(listing.filter(({ name }) => name !== folder?.name));
  const kind = random();
  if (listing.length < 3) return created(`Folder${listing.length}`);
  if (folder === undefined || message === undefined || kind < 0.25) return delivered;
  if (kind < 0.35) return appended(other?.name ?? "INBOX", pick(flags) ?? "");
  const at = { folder: folder.name, uid: message.uid };
  if (kind < 0.6)
    return stored({ ...at, how: random() < 0.7 ? "+" : "-", flag: pick(flags) ?? "" });
  if (kind < 0.7 && other !== undefined) return moved({ ...at, verb: "COPY", to: other.name });
  if (kind < 0.85 && other !== undefined) return moved({ ...at, verb: "MOVE", to: other.name });
  if (kind < 0.95) return expunged(at);
  const named = listing.filter(({ name }) => name !== "INBOX");
  const renamed = pick(named);
  if (renamed === undefined || named.length < 3) return created(`Folder${named.length + 1}`);
  return renamedTo(renamed.name, `Renamed${Math.floor(random() * 1e6)}`);
}

const delivered: Operation = async ({ lmtp, user, nextMessage }) => {
  await lmtp.deliver(nextMessage().replaceAll(/^\./gm, ".."), user);
  return "deliver";
};

function appended(folder: string, flag: string): Operation {
  return async ({ client, nextMessage }) => {
    await client.command(`APPEND "${folder}" (${flag}) `, Buffer.from(nextMessage(), "latin1"));
    return `append ${folder}`;
  };
}

type At = { readonly folder: string; readonly uid: number };

function stored({
  folder,
  uid,
  how,
  flag,
}: At & { readonly how: "+" | "-"; readonly flag: string }): Operation {
  return async ({ client }) => {
    await client.command(`SELECT "${folder}"`);
    await client.command(`UID STORE ${uid} ${how}FLAGS (${flag})`);
    return `store ${folder} ${uid} ${how}${flag}`;
  };
}

function moved({
  folder,
  uid,
  verb,
  to,
}: At & { readonly verb: "COPY" | "MOVE"; readonly to: string }): Operation {
  return async ({ client }) => {
    await client.command(`SELECT "${folder}"`);
    await client.command(`UID ${verb} ${uid} "${to}"`);
    return `${verb} ${folder} ${uid} to ${to}`;
  };
}

function expunged({ folder, uid }: At): Operation {
  return async ({ client }) => {
    await client.command(`SELECT "${folder}"`);
    await client.command(`UID STORE ${uid} +FLAGS (\\Deleted)`);
    await client.command(`UID EXPUNGE ${uid}`);
    return `expunge ${folder} ${uid}`;
  };
}

function created(folder: string): Operation {
  return async ({ client }) => {
    await client.command(`CREATE "${folder}"`);
    return `create ${folder}`;
  };
}

function renamedTo(from: string, to: string): Operation {
  return async ({ client }) => {
    await client.command("UNSELECT").catch(() => undefined);
    await client.command(`RENAME "${from}" "${to}"`);
    return `rename ${from} ${to}`;
  };
}

/** Deleted messages that are not expunged yet count as they are for everybody: with their flag. */
export function stateOf(listing: readonly ListedMailbox[]): MailState {
  return new Map(
    listing.map(({ name, messages }) => [
      name,
      messages
        .map(({ sha256, flags: set, keywords }) => `${sha256} ${[...set, ...keywords].join(" ")}`)
        .toSorted(),
    ]),
  );
}
