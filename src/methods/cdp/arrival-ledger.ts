import type { RawPath } from "#image";
import type { JournalEvent, Sequence } from "#journal";
import type { ArrivedMail, ArrivedMessage } from "./arrived-mail.ts";

export const arrivalStates = [
  /** Seen in the store since. */
  "observed",
  /** The server said no. */
  "refused",
  /** Taken, and not seen while everything was: a filter discarded it, or the server changed it. */
  "filtered",
  /** Taken, and not seen; but not everything was. */
  "missing",
  /** Nobody knows what the server said. */
  "unanswered",
] as const;
export type ArrivalState = (typeof arrivalStates)[number];

/** Whether nothing that the store did with it can have gone unseen. */
export type Judge = (arrival: {
  readonly recipient: string;
  readonly sequence: Sequence;
  readonly atNs: bigint;
  readonly answeredNs: bigint;
}) => boolean;

type Arrived = Extract<JournalEvent, { type: "arrived" }> & {
  readonly sequence: Sequence;
  readonly atNs: bigint;
};
type Answer = { readonly isTaken: boolean; readonly answeredNs: bigint };
type Arrival = {
  readonly event: Arrived;
  /** Undefined where the bytes are not to be had. */
  readonly identity: string | undefined;
  /** Recipients that it was not seen of yet, by what was answered. */
  readonly open: Map<string, Answer | undefined>;
  /** Folders that it was seen in that are of none of them. */
  readonly elsewhere: Set<RawPath>;
};

/** Of deliveries that are told one by one, and folders that are remembered. */
const maxListed = 10_000;
const maxFolders = 100_000;

/** What is still looked for, by identity. Deliveries of which all is known are forgotten. */
export class ArrivalLedger {
  readonly #addressesOf: (folder: RawPath) => readonly string[];
  readonly #arrivals = new Map<string, Arrival>();
  readonly #wanted = new Map<string, Set<Arrival>>();
  /** What a folder stands for; and every address that something was seen of. */
  readonly #folders = new Map<RawPath, readonly string[]>();
  readonly #known = new Set<string>();
  #observed = 0;
  #refused = 0;
  #unreadable = 0;

  constructor(addressesOf: (folder: RawPath) => readonly string[]) {
    this.#addressesOf = addressesOf;
  }

  get isLooking(): boolean {
    return this.#wanted.size > 0;
  }

  arrived(event: Arrived, identity: string | undefined): void {
    if (this.#arrivals.has(event.delivery)) return;
    if (identity === undefined) this.#unreadable++;
    const open = new Map(event.recipients.map((recipient) => [recipient, undefined]));
    const arrival: Arrival = { event, identity, open, elsewhere: new Set() };
    this.#arrivals.set(event.delivery, arrival);
    if (identity === undefined) return;
    const wanted = this.#wanted.get(identity);
    if (wanted === undefined) this.#wanted.set(identity, new Set([arrival]));
    else wanted.add(arrival);
  }

  answered(
    { delivery, recipient, reply: { code } }: Extract<JournalEvent, { type: "outcome" }>,
    answeredNs: bigint,
  ): void {
    const arrival = this.#arrivals.get(delivery);
    if (arrival?.open.has(recipient) !== true) return;
    const isTaken = code >= 200 && code < 300;
    // One that was given the message twice has it when it took it once.
    if (arrival.open.get(recipient)?.isTaken === true) return;
    arrival.open.set(recipient, { isTaken, answeredNs });
    if (isTaken || [...arrival.open.values()].some((answer) => answer?.isTaken !== false)) return;
    this.#refused += arrival.open.size;
    this.#forget(arrival);
  }

  /** Something happened in a folder: its owner is one of this store. */
  visited(folder: RawPath): void {
    if (this.#folders.has(folder)) return;
    const addresses = this.#addressesOf(folder).map((address) => address.toLowerCase());
    if (this.#folders.size < maxFolders) this.#folders.set(folder, addresses);
    if (this.#known.size < maxFolders) for (const address of addresses) this.#known.add(address);
  }

  observed(identity: string, folder: RawPath, sequence: Sequence): void {
    const wanted = this.#wanted.get(identity);
    if (wanted === undefined) return;
    for (const arrival of wanted)
      if (arrival.event.sequence < sequence) this.#claim(arrival, folder);
  }

  result(isSeenWhole: Judge): ArrivedMail {
    const counts = { observed: this.#observed, refused: this.#refused, filtered: 0 };
    const missing: ArrivedMessage[] = [];
    const unanswered: ArrivedMessage[] = [];
    let [missingCount, unansweredCount] = [0, 0];
    for (const arrival of this.#arrivals.values()) {
      this.#claimElsewhere(arrival);
      const { event, identity } = arrival;
      for (const [recipient, answer] of arrival.open) {
        const { sequence, atNs } = event;
        if (answer?.isTaken === false) counts.refused++;
        else if (answer !== undefined && isSeenWhole({ recipient, sequence, atNs, ...answer }))
          counts.filtered++;
        else {
          const list = answer === undefined ? unanswered : missing;
          if (answer === undefined) unansweredCount++;
          else missingCount++;
          if (identity !== undefined && list.length < maxListed)
            list.push(messageOf(event, { recipient, identity }));
        }
      }
    }
    counts.observed = this.#observed;
    return {
      counts: { ...counts, missing: missingCount, unanswered: unansweredCount },
      missing,
      unanswered,
      omitted: missingCount + unansweredCount - missing.length - unanswered.length,
      unreadable: this.#unreadable,
    };
  }

  #claim(arrival: Arrival, folder: RawPath): void {
    const { event, open } = arrival;
    this.visited(folder);
    const addresses = this.#folders.get(folder) ?? this.#addressesOf(folder);
    for (const address of addresses) {
      const meant = event.recipients.filter((one) => isOf(one, address));
      if (meant.length === 0) continue;
      for (const recipient of meant) this.#seen(arrival, recipient);
      return;
    }
    if (open.size > 0 && arrival.elsewhere.size < event.recipients.length)
      arrival.elsewhere.add(folder);
  }

  /** Of recipients that have no folder of their name here, an alias: one folder of another's name stands for one. */
  #claimElsewhere(arrival: Arrival): void {
    let left = arrival.elsewhere.size;
    for (const recipient of arrival.open.keys()) {
      if (left === 0) return;
      if (accountNames(recipient).some((name) => this.#known.has(name))) continue;
      left--;
      this.#seen(arrival, recipient);
    }
  }

  #seen(arrival: Arrival, recipient: string): void {
    const { open } = arrival;
    const answer = open.get(recipient);
    // What was refused stays so, whatever else brought the same message.
    if (answer?.isTaken === false || !open.delete(recipient)) return;
    this.#observed++;
    if (open.size === 0) this.#forget(arrival);
  }

  #forget(arrival: Arrival): void {
    const { identity = "", event } = arrival;
    const wanted = this.#wanted.get(identity);
    wanted?.delete(arrival);
    if (wanted?.size === 0) this.#wanted.delete(identity);
    this.#arrivals.delete(event.delivery);
  }
}

/** Whether mail for a recipient goes to the account of an address; one without a domain is any domain's. */
function isOf(recipient: string, address: string): boolean {
  return accountNames(recipient).includes(address);
}

/** "Support+Orders@Example.org" → itself, "support@example.org", "support"; in lower case. */
export function accountNames(recipient: string): readonly string[] {
  const whole = recipient.toLowerCase();
  const at = whole.lastIndexOf("@");
  const [local, domain] = at < 0 ? [whole, ""] : [whole.slice(0, at), whole.slice(at)];
  const user = local.split("+")[0] ?? local;
  return [...new Set([whole, `${user}${domain}`, user])];
}

function messageOf(
  { delivery, sequence, atNs, sender, sizeBytes, content }: Arrived,
  more: Pick<ArrivedMessage, "recipient" | "identity">,
): ArrivedMessage {
  return { delivery, sequence, atNs, sender, sizeBytes, content, ...more };
}
