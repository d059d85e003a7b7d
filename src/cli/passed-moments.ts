import type { RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import type { RawPath } from "#image";
import type { ContentPiece, JournalReader } from "#journal";
import { beginningOf, type ContinuousCopy, type ContinuousMoment } from "#methods";
import { type PassedMail, PassingMail } from "#signals";

/** Moments at which mail was there that came after one moment of a copy and went before the next. */
export type PassedMoments = {
  /** Ascending. */
  readonly moments: readonly ContinuousMoment[];
  /** Mail may have been there at so many more, older ones, which are not told. */
  readonly left: number;
};

/** Each is replayed for one answer; the newest are worth most. */
const mostMoments = 40;
/** More than a log of Dovecot's grows to before it begins a new one. */
const mostContentBytes = 8 * 1024 * 1024;

/**
 * The fewest moments of a journal at which all was there that it saw come and go between the moments that
 * are searched anyway: of mail that went at once, the one just before.
 */
export async function passedMoments(
  continuous: ContinuousCopy,
  {
    journal,
    searched,
    isWanted,
    signal,
  }: {
    readonly journal: JournalReader;
    /** Moments of the same group that are searched, ascending. */
    readonly searched: readonly RecoveryPoint[];
    /** Whether it matters what lies at a path of the group's. */
    readonly isWanted: (path: RawPath) => boolean;
    readonly signal: AbortSignal;
  },
): Promise<PassedMoments> {
  const survey = await continuous.survey(signal);
  const taken = searched.map((point) => ({
    fromNs: beginningOf(point, survey),
    atNs: point.atNs,
  }));
  const [first] = taken;
  if (first === undefined) return { moments: [], left: 0 };
  const passed = await passedMail(journal, { taken, signal });
  const instants = fewestInstants(passed.filter(({ path }) => isWanted(path)));
  const moments: ContinuousMoment[] = [];
  for (const { atNs, mail } of instants.slice(-mostMoments)) {
    const moment = await continuous.momentAt(atNs, signal);
    // Where no copy was there yet to begin with, or the clock was set, it is another moment or none.
    if ("point" in moment && mail.some((one) => isThere(one, moment.sequence)))
      moments.push(moment);
  }
  return { moments, left: Math.max(0, instants.length - mostMoments) };
}

type Taken = { readonly fromNs: bigint; readonly atNs: bigint };

/** What came and went, without what one of these moments has for sure. */
async function passedMail(
  journal: JournalReader,
  { taken, signal }: { readonly taken: readonly Taken[]; readonly signal: AbortSignal },
): Promise<readonly PassedMail[]> {
  const passed: PassedMail[] = [];
  const passing = new PassingMail((mail) => {
    if (mail.came.atNs < mail.went.atNs) passed.push(mail);
  });
  const waiting = [...taken];
  for await (const record of journal.read({ withoutData: true, signal })) {
    while (waiting[0] !== undefined && waiting[0].atNs < record.atNs)
      passing.forgetBefore((waiting.shift() as Taken).fromNs);
    const wanted = PassingMail.wanted(record.event);
    passing.observe(
      record,
      wanted === undefined ? undefined : await contentOf(journal, wanted, signal),
    );
  }
  return passed;
}

async function contentOf(
  journal: JournalReader,
  content: readonly ContentPiece[],
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (content.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0) > mostContentBytes)
    return undefined;
  const parts: Uint8Array[] = [];
  try {
    for await (const part of journal.content(content, signal)) parts.push(part);
  } catch (error) {
    signal.throwIfAborted();
    // It was thinned out, or is damaged: what it said is not known.
    if (!isRecoveryError(error) || error.retryable) throw error;
    return undefined;
  }
  return Buffer.concat(parts);
}

type Instant = { readonly atNs: bigint; readonly mail: readonly PassedMail[] };

/** The fewest instants that all of it was there at, one each: the last of what went first, and so on. */
function fewestInstants(passed: readonly PassedMail[]): readonly Instant[] {
  const instants: { atNs: bigint; mail: PassedMail[] }[] = [];
  const byEnd = passed.toSorted((a, b) =>
    a.went.atNs < b.went.atNs ? -1 : a.went.atNs > b.went.atNs ? 1 : 0,
  );
  for (const mail of byEnd) {
    const last = instants.at(-1);
    if (last !== undefined && mail.came.atNs <= last.atNs) last.mail.push(mail);
    else instants.push({ atNs: mail.went.atNs - 1n, mail: [mail] });
  }
  return instants;
}

function isThere({ came, went }: PassedMail, sequence: number): boolean {
  return came.sequence <= sequence && sequence < went.sequence;
}
