import type { CopyLocation, SshLocation } from "./config.ts";
import type { Finding } from "./finding.ts";

const hint =
  "Write ssh://user@host/folder, with :port behind the host where it is not 22. The user logs in with a key, never with a password, and ssh must know the host's key already.";
const shortHint = "Write it like ssh://backup@vault.example.net/srv/recovery.";

const userPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
/** A name as DNS and ~/.ssh/config have it, or an IPv4 address. Never with a hyphen first: ssh would take it for an option. */
const hostPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;
const longestUrl = 4096;

/**
 * `ssh://user@host[:port]/folder`. What is not understood may hold a password, so no message quotes it.
 */
export function parseCopyUrl(text: string): SshLocation | Finding {
  const [, scheme = "", slashes, rest = ""] =
    /^([A-Za-z][A-Za-z0-9+.-]*):(\/\/)?(.*)$/su.exec(text) ?? [];
  const isUrl = slashes !== undefined;
  const other = isUrl || resticSchemes.has(scheme) ? scheme : "";
  const after = other === "" ? text : rest;
  if (/^[^@[]*:[^@]*@/su.test(after)) return passwordFinding;
  if (other === "") return noUrl(text);
  if (other.toLowerCase() !== "ssh")
    return {
      code: "config.not-available",
      message: `copies at ${other.toLowerCase().slice(0, 20)}: are not available in this version`,
      hint: "A copy lies in a folder of this machine (path), or of another one over SSH (url: ssh://user@host/folder).",
    };
  if (other !== "ssh") return unreadable("the scheme is written in small letters: ssh");
  return text.length > longestUrl ? unreadable("the url is far too long") : parseSsh(rest);
}

/** As restic writes them, without slashes. */
const resticSchemes: ReadonlySet<string> = new Set([
  "azure",
  "b2",
  "gs",
  "local",
  "rclone",
  "rest",
  "s3",
  "sftp",
  "swift",
]);

const passwordFinding: Finding = {
  code: "config.inline-secret",
  message: "a password must not stand in a url",
  hint: "Let the user log in with a key: `ssh user@host true` must succeed without a question.",
};

function parseSsh(rest: string): SshLocation | Finding {
  const [, authority = "", path = ""] = /^([^/]*)(.*)$/su.exec(rest) ?? [];
  const at = authority.indexOf("@");
  if (at < 0) return unreadable("the url lacks the user that logs in at the host");
  const user = authority.slice(0, at);
  if (!userPattern.test(user)) return unreadable("the user of the url cannot be one");
  const where = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:[\]]*))(?::([0-9]{1,5}))?$/.exec(
    authority.slice(at + 1),
  );
  const host = where?.[1] ?? where?.[2] ?? "";
  if (where === null || (where[1] === undefined && !hostPattern.test(host)))
    return unreadable("the host of the url cannot be one");
  if (where[1] !== undefined && !host.includes(":"))
    return unreadable("brackets are for the address of a host, like [2001:db8::1]");
  const port = where[3] === undefined ? undefined : Number(where[3]);
  if (port !== undefined && (port < 1 || port > 65_535))
    return unreadable("a port is a number from 1 to 65535");
  const problem = folderProblem(path);
  if (problem !== undefined) return unreadable(problem);
  const tidy = path.replace(/\/+$/, "");
  return { user, host, ...(port === undefined ? {} : { port }), path: tidy };
}

function folderProblem(path: string): string | undefined {
  if (/^\/*$/.test(path)) return "the url lacks the folder on that host";
  if (/[\p{Cc}]/u.test(path)) return "the folder of the url has a control character";
  if (/[%?#]/.test(path))
    return "the folder of the url has one of % ? #, which mean something else in a url";
  if (path.startsWith("/~")) return "the folder of the url is to be written from the root on";
  const steps = path.split("/");
  if (steps.includes("..") || steps.includes(".") || path.startsWith("//"))
    return "the folder of the url is to be written without detours";
  return undefined;
}

/** `backup@vault:/srv/recovery`, as scp takes it, can be said right. */
function noUrl(text: string): Finding {
  const [, user, host, path] =
    /^([A-Za-z0-9_.-]{1,64})@([A-Za-z0-9._-]{1,253}):(\/.{1,1000})$/su.exec(text) ?? [];
  const suggestion = user === undefined ? undefined : `ssh://${user}@${host}${path}`;
  const isOne = suggestion !== undefined && !("code" in parseCopyUrl(suggestion));
  if (isOne)
    return {
      code: "config.url",
      message: "this is a place as scp takes it, and no url",
      suggestion,
    };
  if (/^\/[^\p{Cc}]*$/u.test(text))
    return {
      code: "config.url",
      message: "this is a folder, and no url",
      hint: "Write path: instead of url: where it is a folder of this machine.",
    };
  return unreadable("this is no url");
}

function unreadable(message: string): Finding {
  return { code: "config.url", message, hint: message.includes("user") ? hint : shortHint };
}

/** Where a copy lies, as the configuration writes it: a folder, or a URL. */
export function copyLocationText(location: CopyLocation): string {
  return location.at === "this machine"
    ? location.path
    : `${sshDestination(location)}${location.path}`;
}

/** What ssh is given as its destination: `ssh://user@host:port`. */
export function sshDestination({ user, host, port }: SshLocation): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `ssh://${user}@${name}${port === undefined ? "" : `:${port}`}`;
}

/** Whether two copies lie on the same host, as far as it can be told by how it is written. */
export function isSameHost(left: CopyLocation, right: CopyLocation): boolean {
  if (left.at === "this machine" || right.at === "this machine") return left.at === right.at;
  const isSamePort = (left.port ?? 22) === (right.port ?? 22);
  return isSamePort && left.host.toLowerCase() === right.host.toLowerCase();
}
