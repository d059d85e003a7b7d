import type { HostLook } from "./host-look.ts";

/** A process of the host. Its arguments may hold secrets: they are looked at, and shown to nobody. */
export type FoundProcess = {
  readonly pid: number;
  readonly user: string;
  /** Name of the program, without its folder. */
  readonly program: string;
  /** As it was started: program and arguments, as far as blanks tell them apart. */
  readonly words: readonly string[];
};

const mostProcesses = 100_000;

/** All processes that this user may see. Undefined where they cannot be listed. */
export async function listProcesses(look: HostLook): Promise<readonly FoundProcess[] | undefined> {
  const answer = await look.run(["ps", "-e", "-o", "pid=", "-o", "user=", "-o", "args="]);
  if (answer?.ok === true) return parseProcesses(answer.stdout);
  const why =
    answer === undefined
      ? `There is no program "ps"`
      : `"ps" failed: ${answer.state} ${answer.complaint}`.trim();
  look.addUnseen("running programs", `${why}: whether a server runs is not known.`);
  return undefined;
}

/** Lines of "PID USER PROGRAM ARGUMENTS…". */
export function parseProcesses(text: string): readonly FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const line of text.split("\n", mostProcesses)) {
    const [, pid = "", user = "", rest = ""] = /^\s*(\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    const words = rest.split(/\s+/);
    // "master: /usr/lib/postfix" and "nginx: worker" name themselves.
    const program = (words[0] ?? "").replace(/:$/, "").split("/").at(-1) ?? "";
    if (pid !== "") found.push({ pid: Number(pid), user, program, words });
  }
  return found;
}

/** The value of an option as in "-c FILE" or "-cFILE". */
export function optionOf({ words }: FoundProcess, option: string): string | undefined {
  const at = words.findIndex((word) => word.startsWith(option));
  const word = words[at];
  if (word === undefined) return undefined;
  return word === option ? words[at + 1] : word.slice(option.length);
}
