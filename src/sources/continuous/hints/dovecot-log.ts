/** Hints from the file that Dovecot's mail_log plugin logs into: its own, or that of the system's log. */
import { displayPath, rawPathFromText } from "#image";
import { type OpenHintsRequest, placesOf } from "./change-hints.ts";
import { DovecotFolders } from "./dovecot-folders.ts";
import { type MailLogLine, parseMailLogLine } from "./dovecot-log-line.ts";
import { LogFollower } from "./log-follower.ts";
import type { LogHints, LogSource } from "./log-source.ts";

export class DovecotLog implements LogSource {
  readonly title: string;
  readonly #follower: LogFollower;
  readonly #folders: DovecotFolders;

  constructor(
    path: string,
    { steadyMs, ...request }: OpenHintsRequest & { readonly steadyMs: () => number },
  ) {
    this.title = `Dovecot's log "${displayPath(rawPathFromText(path))}"`;
    this.#follower = new LogFollower(path, { steadyMs });
    this.#folders = new DovecotFolders({ ...request, places: () => placesOf(request), steadyMs });
  }

  get trouble(): string | undefined {
    const { trouble } = this.#follower;
    if (trouble !== undefined) return `${this.title} cannot be read: ${trouble}`;
    const [first] = this.#folders.unknown;
    if (first === undefined) return undefined;
    const { size } = this.#folders.unknown;
    const whose = `"${displayPath(rawPathFromText(first))}"${size > 1 ? ` and ${size - 1} more` : ""}`;
    return `${this.title} tells of ${whose}, whose mail is not found in the store by name`;
  }

  poll(): LogHints {
    const { lines, ...rest } = this.#follower.poll();
    // Of a hundred deliveries to one mailbox one look is enough.
    const changes = new Map<string, MailLogLine>();
    for (const line of lines) {
      const change = parseMailLogLine(line);
      if (change !== undefined) changes.set(JSON.stringify(change), change);
    }
    return { hints: [...changes.values()].flatMap((one) => this.#folders.hintsOf(one)), ...rest };
  }

  [Symbol.dispose](): void {
    this.#follower[Symbol.dispose]();
  }
}
