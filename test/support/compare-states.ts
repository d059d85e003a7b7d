/** Whether a mailbox, as it was opened, is one that was true, and how long before. */
import type { MailState, RecordedState } from "./churn.ts";

/**
 * The least time, in nanoseconds, by which the state is behind the instant; undefined where it was never true up to
 * then. While an operation is under way each folder may be as before or as after it, and a message of a folder that
 * changes too.
 */
export function lagOf(
  state: MailState,
  recorded: readonly RecordedState[],
  atNs: bigint,
): bigint | undefined {
  for (let index = recorded.length - 1; index >= 0; index--) {
    const now = recorded[index];
    if (now === undefined || now.beganNs > atNs) continue;
    const next = recorded[index + 1];
    const behind = (sinceNs: bigint | undefined): bigint =>
      sinceNs === undefined || sinceNs > atNs ? 0n : atNs - sinceNs;
    if (isEqual(state, now.state)) return behind(next?.beganNs);
    const before = recorded[index - 1];
    if (before !== undefined && isBetween(state, before.state, now.state))
      return behind(now.doneNs);
  }
  return undefined;
}

function isEqual(a: MailState, b: MailState): boolean {
  return a.size === b.size && [...a].every(([name, lines]) => sameLines(lines, b.get(name)));
}

function isBetween(state: MailState, before: MailState, after: MailState): boolean {
  const names = new Set([...state.keys(), ...before.keys(), ...after.keys()]);
  return [...names].every((name) => {
    const lines = state.get(name);
    return (
      sameLines(lines, before.get(name)) ||
      sameLines(lines, after.get(name)) ||
      isHalfway(lines, before.get(name), after.get(name)) ||
      isArriving(lines, before.get(name), after.get(name))
    );
  });
}

/** STORE \Deleted and EXPUNGE are two steps of one operation: in between the message is there, with that flag. */
function isHalfway(
  lines: readonly string[] | undefined,
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): boolean {
  if (lines === undefined || before === undefined || after === undefined) return false;
  const plain = (all: readonly string[]): string[] =>
    all.map((line) => line.replace(" \\Deleted", "").trim()).toSorted();
  return after.length < before.length && sameLines(plain(lines), plain(before));
}

/** A server writes a message that it copies, and then its flags and keywords. */
function isArriving(
  lines: readonly string[] | undefined,
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): boolean {
  const [has, ...more] = beyond(lines ?? [], before ?? []);
  const [gets, ...others] = beyond(after ?? [], before ?? []);
  if (has === undefined || gets === undefined || more.length > 0 || others.length > 0) return false;
  const [digest, ...flags] = has.split(" ");
  const [whole, ...all] = gets.split(" ");
  return digest === whole && flags.every((flag) => flag === "" || all.includes(flag));
}

/** Lines of one that the other does not have, each as often as it is there. */
function beyond(lines: readonly string[], known: readonly string[]): readonly string[] {
  const rest = [...known];
  return lines.filter((line) => {
    const at = rest.indexOf(line);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

function sameLines(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
