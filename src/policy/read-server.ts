import { parseDuration } from "#time";
import { tidyPath } from "./checked-values.ts";
import type { ServerConfig } from "./config.ts";
import { readImap } from "./imap-schema.ts";
import type { WrittenServer } from "./server-schema.ts";

const defaultStopTimeLimitMs = 60_000;
const defaultRepeat = 5;

/** A server of the file, with what was left out filled in. It was checked before. */
export function readServer([name, server]: [string, WrittenServer]): ServerConfig {
  const dataSource = server.data_source ?? "live application";
  return {
    name,
    type: server.type,
    path: tidyPath(server.path),
    dataSource,
    ...(server.stop === undefined ? {} : { stop: commandLine(server.stop) }),
    ...(server.start === undefined ? {} : { start: commandLine(server.start) }),
    stopTimeLimitMs:
      server.stop_time_limit === undefined
        ? defaultStopTimeLimitMs
        : parseDuration(server.stop_time_limit),
    ...(server.imap === undefined ? {} : { imap: readImap(server.imap) }),
    ...(dataSource === "hot split snapshot" ? { hotSplit: readHotSplit(server) } : {}),
  };
}

function readHotSplit({
  type,
  snapshots,
  validate,
  repeat,
}: WrittenServer): Required<ServerConfig>["hotSplit"] {
  return {
    ...(snapshots === undefined ? {} : { snapshots }),
    validate: validate ?? (type === "dovecot" ? "dovecot" : "reader"),
    repeat: repeat ?? defaultRepeat,
  };
}

function commandLine(command: string | readonly string[]): readonly string[] {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : command;
}
