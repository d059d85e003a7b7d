import { parseDuration } from "#time";
import { tidyPath } from "./checked-values.ts";
import {
  type AlsoProtect,
  type ConfiguredPlaces,
  protectedWords,
  type ServerConfig,
  type TimedCommandLine,
} from "./config.ts";
import { readDeliveryStage } from "./delivery-stage-schema.ts";
import { readHints } from "./hints-schema.ts";
import { readImap } from "./imap-schema.ts";
import type { WrittenPlaces, WrittenServer } from "./server-schema.ts";

const defaultStopTimeLimitMs = 60_000;
const defaultRepeat = 5;
const defaultValidateTimeLimitMs = 600_000;

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
    stopTimeLimitMs: limitOf(server.stop_time_limit, defaultStopTimeLimitMs),
    mailboxList: server.mailboxes ?? "from the store",
    alsoProtect: readAlsoProtect(server.also_protect ?? []),
    volumes: (server.volumes ?? []).map(({ path, role }) => ({ path: tidyPath(path), role })),
    places: (server.places ?? []).map(readPlaces),
    ...(server.imap === undefined ? {} : { imap: readImap(server.imap) }),
    ...(server.hints === undefined ? {} : { hints: readHints(server.hints) }),
    ...(server.delivery_stage === undefined
      ? {}
      : { deliveryStage: readDeliveryStage(server.delivery_stage) }),
    ...(dataSource === "hot split snapshot" ? { hotSplit: readHotSplit(server) } : {}),
  };
}

function readPlaces({
  directory_name: directoryName,
  ...written
}: WrittenPlaces): ConfiguredPlaces {
  const templates = Object.entries(written).flatMap(([key, text]) =>
    text === undefined ? [] : [[key, tidyPath(text)]],
  );
  return {
    ...(Object.fromEntries(templates) as Omit<ConfiguredPlaces, "directoryName">),
    ...(directoryName === undefined ? {} : { directoryName }),
  };
}

function readHotSplit(server: WrittenServer): Required<ServerConfig>["hotSplit"] {
  const { type, snapshots, validate, repeat, quiesce, resume, quiesce_time_limit } = server;
  const timeLimitMs = limitOf(quiesce_time_limit, defaultStopTimeLimitMs);
  const timed = (command: string | readonly string[]): TimedCommandLine => ({
    words: commandLine(command),
    timeLimitMs,
  });
  return {
    ...(snapshots === undefined ? {} : { snapshots }),
    validate: readValidate(validate, server) ?? (type === "dovecot" ? "dovecot" : "reader"),
    ...(quiesce === undefined ? {} : { quiesce: timed(quiesce) }),
    ...(resume === undefined ? {} : { resume: timed(resume) }),
    repeat: repeat ?? defaultRepeat,
  };
}

function readValidate(
  validate: WrittenServer["validate"],
  { validate_time_limit }: WrittenServer,
): Required<ServerConfig>["hotSplit"]["validate"] | undefined {
  if (validate === undefined || typeof validate === "string") return validate;
  const timeLimitMs = limitOf(validate_time_limit, defaultValidateTimeLimitMs);
  return { words: validate, timeLimitMs };
}

function readAlsoProtect(written: readonly string[]): AlsoProtect {
  return {
    kinds: protectedWords.filter((word) => written.includes(word)),
    folders: [...new Set(written.filter((text) => text.startsWith("/")).map(tidyPath))],
  };
}

function limitOf(written: string | undefined, defaultMs: number): number {
  return written === undefined ? defaultMs : parseDuration(written);
}

function commandLine(command: string | readonly string[]): readonly string[] {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : command;
}
