import { closestWord, quoted } from "#errors";
import { matchesMailbox, patternProblem } from "./mailbox-pattern.ts";
import { PolicyError } from "./policy-error.ts";

/** What a command works on. */
export type Target =
  /** `folder` is as mail clients show it, with "/" between levels: "INBOX/Invoices". */
  | {
      readonly kind: "mailbox";
      readonly mailbox: string;
      readonly folder?: string;
      readonly server?: string;
    }
  | { readonly kind: "pattern"; readonly pattern: string; readonly server?: string }
  | { readonly kind: "server"; readonly server: string }
  /** An absolute folder of this machine. */
  | { readonly kind: "path"; readonly path: string };

export type ParseTargetOptions = {
  /**
   * Servers of the configuration. With them, a word that is no server is a mailbox without a domain;
   * without them (no configuration), a word without "@" is a server.
   */
  readonly servers?: readonly string[];
};

const longestTarget = 4096;

/**
 * `support@example.org`, `support@example.org/INBOX/Invoices`, `*@sales.example.org`, `mx1`,
 * `mx1/support@example.org` where a mailbox is on several servers, `/srv/mail/a`.
 */
export function parseTarget(text: string, options: ParseTargetOptions = {}): Target {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > longestTarget || /\p{Cc}/u.test(trimmed))
    throw unreadable(text);
  if (trimmed.startsWith("/"))
    return {
      kind: "path",
      path: trimmed.length > 1 ? trimmed.replace(/\/+$/, "") || "/" : trimmed,
    };
  if (
    trimmed.startsWith("./") ||
    trimmed.startsWith("../") ||
    trimmed === "." ||
    trimmed.startsWith("~")
  ) {
    throw unreadable(text, "Write the folder from the root on: /srv/mail/…");
  }
  const { server, rest } = splitServer(trimmed, options);
  const onServer = server === undefined ? {} : { server };
  if (rest === "" && server !== undefined) return { kind: "server", server };
  const slash = rest.indexOf("/");
  const name = slash < 0 ? rest : rest.slice(0, slash);
  const folder = slash < 0 ? undefined : rest.slice(slash + 1);
  if (name.startsWith("@"))
    throw new PolicyError(
      "target.pattern",
      `Cannot use the target ${quoted(text)}: it names a domain`,
      { suggestion: `*${name}` },
    );
  const problem = patternProblem(name);
  if (problem !== undefined) throw unreadable(text);
  if (folder !== undefined && (folder === "" || folder.split("/").includes(""))) {
    throw unreadable(text, "A folder follows the mailbox: support@example.org/INBOX/Invoices.");
  }
  if (!/[*?]/.test(name))
    return {
      kind: "mailbox",
      mailbox: name,
      ...(folder === undefined ? {} : { folder }),
      ...onServer,
    };
  if (folder !== undefined) {
    throw new PolicyError(
      "target.pattern",
      `Cannot use the target ${quoted(text)}: a pattern takes whole mailboxes`,
      {
        hint: "Name one mailbox to work on a folder of it, or leave the folder out.",
      },
    );
  }
  return { kind: "pattern", pattern: name, ...onServer };
}

/** Whether a mailbox is meant by the target; the folder within it is for the caller to look at. */
export function targetIncludes(
  target: Target,
  where: { readonly server: string; readonly mailbox: string },
): boolean {
  switch (target.kind) {
    case "server":
      return target.server === where.server;
    case "mailbox":
      if (target.server !== undefined && target.server !== where.server) return false;
      return target.mailbox.toLowerCase() === where.mailbox.toLowerCase();
    case "pattern":
      if (target.server !== undefined && target.server !== where.server) return false;
      return matchesMailbox(target.pattern, where.mailbox);
    case "path":
      return false;
  }
}

function splitServer(
  text: string,
  options: ParseTargetOptions,
): { readonly server?: string; readonly rest: string } {
  const slash = text.indexOf("/");
  const first = slash < 0 ? text : text.slice(0, slash);
  const rest = slash < 0 ? "" : text.slice(slash + 1);
  if (options.servers === undefined) {
    const isServer =
      /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(first) && (slash < 0 || rest.includes("@"));
    return isServer ? { server: first, rest } : { rest: text };
  }
  if (options.servers.includes(first)) return { server: first, rest };
  const meant =
    first.includes("@") || /[*?]/.test(first) ? undefined : closestWord(first, options.servers);
  if (meant !== undefined && rest.includes("@")) {
    throw new PolicyError(
      "target.unreadable",
      `Cannot use the target ${quoted(text)}: ${quoted(first)} is not a server I know`,
      {
        suggestion: `${meant}/${rest}`,
      },
    );
  }
  return { rest: text };
}

function unreadable(text: string, hint?: string): PolicyError {
  return new PolicyError(
    "target.unreadable",
    `Cannot use the target ${quoted(text)}: I do not understand it`,
    {
      hint:
        hint ??
        "Write a mailbox (support@example.org/INBOX), a pattern (*@sales.example.org), a server (mx1) or a folder (/srv/mail).",
    },
  );
}
