import { isRecoveryError } from "#errors";
import type { RawPath } from "#image";
import type { Journal } from "#journal";
import { logPlaceOf, type MailThere, type Signal, SignalWatch } from "#signals";
import type { DaemonGroup } from "./daemon-group.ts";
import type { DaemonRecords } from "./daemon-records.ts";
import { endOfFollowing, KnownMail, type KnownMailOptions } from "./known-mail.ts";

type Waiting = { readonly signal: Signal; readonly atNs: bigint };

/** Looks at everything that a group's journal records, and raises alarms. */
export class AlarmWatch implements Disposable {
  readonly #group: DaemonGroup;
  readonly #journal: Journal;
  readonly #records: DaemonRecords;
  readonly #watch: SignalWatch;
  readonly #subscription: Disposable;
  /** IDs by the signals' episodes. */
  readonly #raised = new Map<number, string>();
  readonly #waiting: Waiting[] = [];

  private constructor(
    group: DaemonGroup,
    { journal, records, watch }: { journal: Journal; records: DaemonRecords; watch: SignalWatch },
  ) {
    this.#group = group;
    this.#journal = journal;
    this.#records = records;
    this.#watch = watch;
    this.#subscription = journal.subscribe((record) => watch.observe(record));
  }

  /** Counts what is there first. Until `follow`, what is recorded may have been there already. */
  static async begin(
    group: DaemonGroup,
    options: {
      readonly journal: Journal;
      readonly records: DaemonRecords;
      readonly signal: AbortSignal;
      readonly onNote: (text: string, isBad: boolean) => void;
    },
  ): Promise<AlarmWatch> {
    const watch = new SignalWatch(group.signals);
    const end = await endOfFollowing(options.journal, options.signal);
    if (end !== undefined) watch.learnLast(end);
    // Files of many messages stay when messages go: what they said before is what the first scan differs from.
    const tellers: MailThere[] = [];
    for await (const there of group.mailThere(options.signal))
      if (there.mtimeNs === undefined) watch.learn(there);
      else tellers.push(there);
    for await (const before of asBefore(tellers, group, { ...options, end })) watch.learn(before);
    watch.isCatchingUp = true;
    return new AlarmWatch(group, { ...options, watch });
  }

  follow(): void {
    this.#watch.isCatchingUp = false;
  }

  /** IDs of the alarms that were raised, oldest first. */
  get alarms(): readonly string[] {
    return [...new Set(this.#raised.values())];
  }

  /** Returns what is to be told. An alarm that cannot be written now is tried again the next time. */
  async look(nowNs: bigint): Promise<readonly string[]> {
    this.#waiting.push(...this.#watch.check(nowNs).map((signal) => ({ signal, atNs: nowNs })));
    const told: string[] = [];
    while (this.#waiting[0] !== undefined) {
      try {
        const text = await this.#raise(this.#waiting[0]);
        if (text !== undefined) told.push(text);
      } catch (error) {
        if (!isRecoveryError(error)) throw error;
        return [...told, `an alarm cannot be put on record: ${error.message}`];
      }
      this.#waiting.shift();
    }
    return told;
  }

  async #raise({ signal, atNs }: Waiting): Promise<string | undefined> {
    const known = this.#raised.get(signal.episode);
    if (known !== undefined) {
      await this.#records.extend(known, signal);
      return undefined;
    }
    const group = this.#group.name;
    const id = await this.#records.raise({ group, journal: this.#journal.id, signal, atNs });
    this.#raised.set(signal.episode, id);
    const { message, before } = signal;
    // The record is what counts; the mark shows it on the line of time.
    const mark = { type: "mark", name: "alarm", id, fromNs: before.atNs, message } as const;
    this.#journal.append(mark, atNs).durable.catch(() => undefined);
    return `${id}: ${message}; what precedes it is held`;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}

/** What tells of many messages, as it was when following ended; as it is where that cannot be had. */
async function* asBefore(
  tellers: readonly MailThere[],
  group: DaemonGroup,
  options: KnownMailOptions & { readonly onNote: (text: string, isBad: boolean) => void },
): AsyncGenerator<MailThere> {
  const { signal, onNote } = options;
  if (tellers.length === 0) return;
  let known: KnownMail | undefined;
  try {
    known = await KnownMail.open(group, options);
  } catch (error) {
    signal.throwIfAborted();
    const why = isRecoveryError(error) ? error.message : String(error);
    onNote(`what went inside files that stayed while nothing ran raises no alarm: ${why}`, true);
  }
  if (known === undefined) return yield* tellers;
  await using _known = known;
  const [accounts, paths] = [new Set<RawPath>(), new Set<RawPath>()];
  for (const there of tellers) {
    paths.add(there.path);
    const place = there.index === undefined ? undefined : logPlaceOf(there.path);
    if (place !== undefined) accounts.add(place.account);
    yield await known.before(there);
  }
  yield* known.gone(accounts, paths);
}
