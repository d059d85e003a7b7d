import { displayPath, type RawPath } from "#image";
import { HostError } from "./host-error.ts";

/** PATH_MAX of Linux. */
const longestPathBytes = 4096;

/** Throws `host.bad-path` unless the path is absolute and has no step that leads elsewhere than it says. */
export function checkAbsolute(path: RawPath): RawPath {
  const state = whatIsWrong(path);
  if (state === undefined) return path;
  throw new HostError("host.bad-path", `Cannot use the path "${displayPath(path)}": ${state}`, {
    hint: "Give an absolute path of that host, as /srv/recovery.",
  });
}

function whatIsWrong(path: RawPath): string | undefined {
  if (!path.startsWith("/")) return "it is not absolute";
  if (path.includes("\0")) return "it holds a zero byte";
  if (path.length >= longestPathBytes) return `it is longer than ${longestPathBytes} bytes`;
  if (/\/\.{1,2}(?:\/|$)/.test(path)) return 'it has a step "." or ".."';
  // oxlint-disable-next-line no-control-regex
  if (!/^[\x00-\xff]*$/.test(path)) return "it is not bytes";
  return undefined;
}

/** The path as the text that Node makes the same bytes of. Throws `host.bad-path` where there is none. */
export function pathAsText(path: RawPath): string {
  const bytes = Buffer.from(path, "latin1");
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  throw new HostError(
    "host.bad-path",
    `Cannot keep a repository in "${displayPath(path)}": its name is not UTF-8`,
    { hint: "Give the folder another name; only the mail in it may have any." },
  );
}
