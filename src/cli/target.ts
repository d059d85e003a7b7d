import { resolve } from "node:path";
import type { RecoveryPoint } from "#copies";
import { type RawPath, rawPathFromText } from "#image";
import type { Config, ServerConfig, Target as PolicyTarget } from "#policy";
import { tagValue } from "#repository";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import type { Site } from "./site.ts";
import { splitMessageNumber } from "./message-number.ts";
import { safeText } from "./text.ts";

/** What a person named, as far as it is known before an Image is open. */
export type Target = {
  /** As it was typed. */
  readonly shown: string;
  /** The captured folder that it lies in, absolute. */
  readonly store: string;
  /** Below that folder; "" is all of it. A mailbox is found in the Image. */
  readonly within: RawPath;
  /** Where it may name a message, "FOLDER#17": the folder, as `within`, and the UID. */
  readonly numbered?: { readonly within: RawPath; readonly uid: number };
  /** Mailboxes by address, to be found in the Image. */
  readonly mailboxes?: WantedMailboxes;
  /** Groups of the configuration that may hold it, as tags name them. */
  readonly groups?: readonly string[];
};

export type WantedMailboxes =
  /** `folder` is as mail clients show it: "INBOX/Invoices". */
  | { readonly kind: "mailbox"; readonly mailbox: string; readonly folder?: string }
  | {
      readonly kind: "pattern";
      readonly matches: (address: string) => boolean;
      readonly folder?: undefined;
    };

export type ResolveOptions = {
  readonly context: CommandContext;
  readonly site: Site;
  /** Moments of the copy: they know which folders were captured. */
  readonly points: readonly RecoveryPoint[];
};

/** Understands a TARGET: by the configuration's grammar where there is one, else as a folder. */
export async function resolveTarget(
  typed: string,
  { context, site, points }: ResolveOptions,
): Promise<Target> {
  const { config } = site;
  const { workingFolder } = context.surroundings;
  const path = resolve(workingFolder, typed);
  if (config === undefined || /^[./~]/.test(typed))
    return pathTarget({ shown: typed, path, points });
  const servers = config.servers.map(({ name }) => name);
  // Loaded only where there is a configuration: it brings a YAML parser along.
  const { groupOfMailbox, matchesMailbox, parseTarget } = await import("#policy");
  const line = site.groups.find(({ name }) => name === typed);
  const target: PolicyTarget =
    line === undefined ? parseTarget(typed, { servers }) : { kind: "server", server: line.server };
  if (target.kind === "path") return pathTarget({ shown: typed, path: target.path, points });
  const server = serverOf(target, { config, typed });
  const ofServer = site.groups.filter((group) => group.server === server.name);
  const base = { shown: typed, store: server.path, within: "" as RawPath };
  switch (target.kind) {
    case "server":
      return { ...base, groups: (line === undefined ? ofServer : [line]).map(({ tag }) => tag) };
    case "mailbox": {
      const { mailbox, folder } = target;
      const group = groupOfMailbox(config, { server: server.name, mailbox });
      const groups = ofServer.filter(({ name }) => group === undefined || name === group.name);
      return {
        ...base,
        groups: groups.map(({ tag }) => tag),
        mailboxes: { kind: "mailbox", mailbox, ...(folder === undefined ? {} : { folder }) },
      };
    }
    case "pattern": {
      const { pattern } = target;
      return {
        ...base,
        groups: ofServer.map(({ tag }) => tag),
        mailboxes: { kind: "pattern", matches: (address) => matchesMailbox(pattern, address) },
      };
    }
  }
}

type ServerQuestion = { readonly config: Config; readonly typed: string };

function serverOf(
  target: { readonly server?: string },
  { config, typed }: ServerQuestion,
): ServerConfig {
  const [first, ...others] = config.servers;
  const server =
    config.servers.find(({ name }) => name === target.server) ??
    (others.length === 0 ? first : undefined);
  if (server !== undefined) return server;
  throw new CliError(
    "cli.usage",
    `Cannot tell which server "${safeText(typed)}" is on: there are ${config.servers.map(({ name }) => name).join(", ")}`,
    {
      hint: `Write it as ${first?.name ?? "server"}/${safeText(typed)}.`,
    },
  );
}

type PathTarget = {
  readonly shown: string;
  readonly path: string;
  readonly points: readonly RecoveryPoint[];
};

/** A folder of the source machine: the longest captured folder that it is, or lies in. */
function pathTarget({ shown, path, points }: PathTarget): Target {
  const numbered = splitMessageNumber(path);
  const store =
    longestCaptured(points, path) ??
    (numbered === undefined ? undefined : longestCaptured(points, numbered.folder));
  if (store === undefined) return { shown, store: path, within: "" as RawPath };
  const below = (of: string): RawPath =>
    rawPathFromText(of.slice(store.length).replace(/^\/+/, ""));
  return {
    shown,
    store,
    within: below(path),
    ...(numbered !== undefined && isWithin(numbered.folder, store)
      ? { numbered: { within: below(numbered.folder), uid: numbered.uid } }
      : {}),
  };
}

function longestCaptured(points: readonly RecoveryPoint[], path: string): string | undefined {
  let longest: string | undefined;
  for (const captured of new Set(points.flatMap(({ paths }) => paths))) {
    if (isWithin(path, captured) && captured.length > (longest?.length ?? -1)) longest = captured;
  }
  return longest;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The moments of a target, in their order; of one group where one is named. */
export function momentsOf(
  points: readonly RecoveryPoint[],
  { target, group }: { readonly target: Target | undefined; readonly group: string | undefined },
): readonly RecoveryPoint[] {
  return points.filter((point) => {
    if (group !== undefined && point.group !== group && point.group !== tagValue(group))
      return false;
    if (target === undefined) return true;
    if (target.groups !== undefined) return target.groups.includes(point.group);
    return point.paths.includes(target.store);
  });
}
