import type { RetentionHold } from "#policy";
import { type Alarm, alarmsIn, holdsIn } from "#records";
import type { Signal } from "#signals";

/** Puts alarms and what they hold on record, and says what is held. */
export interface DaemonRecords {
  /** In force. Throws `records.damaged` where one cannot be read: then nothing may be dropped. */
  holds(): Promise<readonly RetentionHold[]>;
  /** Returns the alarm's ID. */
  raise(alarm: RaisedAlarm): Promise<string>;
  /** One more account belongs to an alarm. It may have begun there, and been seen later. */
  extend(id: string, signal: Signal): Promise<void>;
}

export type RaisedAlarm = {
  readonly group: string;
  /** The journal's ID. */
  readonly journal: string;
  readonly signal: Signal;
  readonly atNs: bigint;
};

/** What was changed: IDs, names and counts. */
export type AuditFacts = Readonly<Record<string, string | number | undefined>>;

/** More accounts than this are not named one by one. */
const mostPaths = 1000;

/**
 * In the state folder. The hold comes first: an alarm without one would be seen, and what precedes it would
 * go all the same. `audit` writes the line that says so.
 */
export function recordsIn(
  stateFolder: string,
  audit: (verb: string, facts: AuditFacts) => Promise<void>,
): DaemonRecords {
  const [alarms, holds] = [alarmsIn(stateFolder), holdsIn(stateFolder)];
  return {
    holds: async () => (await holds.list()).filter(({ released }) => released === undefined),
    raise: async ({ group, journal, signal, atNs }) => {
      const { kind, path, before, count, of, unit, message } = signal;
      const untilNs = before.atNs;
      const held = { group, untilNs, by: "daemon", sinceNs: atNs, reason: message };
      const hold = await holds.add(held);
      const facts: Alarm = {
        group,
        kind,
        paths: [path],
        journal,
        before,
        atNs,
        count,
        of,
        unit,
        message,
        hold,
      };
      const id = await alarms.add(facts);
      await holds.replace(hold, { ...held, alarm: id, reason: `${id}: ${message}` });
      await audit("alarm", { alarm: id, hold, group, kind, message });
      return id;
    },
    extend: async (id, { path, before }) => {
      const alarm = await alarms.get(id);
      const isKnown = alarm.paths.includes(path) || alarm.paths.length >= mostPaths;
      const isEarlier = before.sequence < alarm.before.sequence;
      if (isKnown && !isEarlier) return;
      await alarms.replace(id, {
        ...alarm,
        paths: isKnown ? alarm.paths : [...alarm.paths, path],
        before: isEarlier ? before : alarm.before,
      });
    },
  };
}
