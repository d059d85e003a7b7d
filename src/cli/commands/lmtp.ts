import { describeError } from "#errors";
import { openJournal, type Journal } from "#journal";
import {
  defaultBounds,
  deliveryLine,
  type DeliveryStage,
  endpointText,
  type JournalPolicy,
  journalPolicies,
  parseEndpoint,
  type StageBounds,
  type StageLimits,
  startDeliveryStage,
  type StageStatus,
  systemStageClock,
} from "#lmtp";
import { formatBytes, parseBytes, parseDuration } from "#time";
import { hostname } from "node:os";
import { basename, resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { boundOptions, limitOptions } from "../lmtp-command.ts";
import { lmtpTls } from "../lmtp-tls.ts";
import { GatheredLines } from "../gathered-lines.ts";
import { safeText } from "../text.ts";

/** The delivery stage in the foreground, until somebody tells it to end. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, surroundings } = context;
  const listen = typed.texts("listen").map(parseEndpoint);
  if (listen.length === 0) throw missing("--listen", "--listen 127.0.0.1:2424");
  const server = parseEndpoint(required(context, "server", "unix:/var/run/dovecot/lmtp"));
  const lines = new GatheredLines((text) => surroundings.terminal.say(text));
  const say = (line: string): void => lines.say(line);
  // All that may be wrong with what was typed, before the journal is touched.
  const options = {
    name: typed.text("name") ?? hostname(),
    allowPublic: typed.has("allow-public"),
    socketMode: socketMode(typed.text("socket-mode")),
    trusted: typed.texts("trust"),
    proxyProtocol: typed.has("proxy-protocol"),
    whenJournalFails: policyOf(typed.text("when-journal-fails")),
    limits: limitsOf(context),
    bounds: boundsOf(context),
    ...(await lmtpTls(context)),
  };
  const journal = await journalOf(context, say);
  await using _journal = journal;
  const stage = await startDeliveryStage({
    ...options,
    listen,
    server,
    openJournal: journal.open,
    clock: systemStageClock(surroundings.now),
    onDelivery: (delivery) => lines.add(deliveryLine(delivery)),
    onJournalFailure: (error) => say(`journal cannot be written: ${describeError(error)}`),
    onJournalRecovery: (events) => say(`journal can be written again; ${events} events were owed`),
  });
  const place = endpointText(server);
  say(`restante lmtp: listening on ${stage.addresses.join(", ")}, delivering to ${place}`);
  await untilTold(context, stage, say);
  await stage.stop();
  lines.flush();
  await journal.close();
  say(statusLine(stage.status));
  return exitCodes.done;
}

type OpenedJournal = AsyncDisposable & {
  readonly open: () => Promise<Journal>;
  readonly close: () => Promise<void>;
};

async function journalOf(
  context: CommandContext,
  say: (line: string) => void,
): Promise<OpenedJournal> {
  const { arguments: typed, surroundings, passwords } = context;
  const { now, workingFolder } = surroundings;
  const folder = resolve(workingFolder, required(context, "journal", "/srv/journal/mail"));
  const password = await passwords.password(folder);
  const group = typed.text("group") ?? basename(folder);
  let current: Journal | undefined;
  let isFirst = true;
  return {
    open: async () => {
      // One writer: the lock of the one that failed is given back first.
      await current?.[Symbol.asyncDispose]();
      current = undefined;
      current = await openJournal({ folder, secret: { password }, group, clock: now });
      if (!isFirst) return current;
      isFirst = false;
      for (const { message } of current.problems) say(`journal: ${message}`);
      await sayUncleanStop(current, now);
      return current;
    },
    close: async () => await current?.close(),
    [Symbol.asyncDispose]: async () => await current?.[Symbol.asyncDispose](),
  };
}

/** What was remembered in memory of mail that passed by the journal went with the process. */
async function sayUncleanStop(journal: Journal, now: () => bigint): Promise<void> {
  const unclean = journal.problems.find(({ code }) => code === "unclean-stop");
  if (unclean?.after === undefined) return;
  const toNs = now();
  const { atNs } = unclean.after;
  const fromNs = atNs < toNs ? atNs : toNs;
  const message = "the delivery stage ended without closing the journal";
  await journal.append({ type: "gap", fromNs, toNs, why: "not-running", message }, toNs).durable;
}

/** Says the counters now and then. */
async function untilTold(
  { arguments: typed, surroundings }: CommandContext,
  stage: DeliveryStage,
  say: (line: string) => void,
): Promise<void> {
  const every = parseDuration(typed.text("status-every") ?? "1h");
  const timer = setInterval(() => say(statusLine(stage.status)), every);
  try {
    await new Promise<void>((resolvePromise) => {
      if (surroundings.signal.aborted) resolvePromise();
      surroundings.signal.addEventListener("abort", () => resolvePromise(), { once: true });
    });
  } finally {
    clearInterval(timer);
  }
}

function statusLine(status: StageStatus): string {
  const { sessions, serverConnections, messages, recipients, receivedBytes } = status;
  return [
    `status: sessions=${sessions.now} of ${sessions.total} refused=${sessions.refused}`,
    `server-connections=${serverConnections.open}`,
    `messages=${messages.total} aborted=${messages.aborted} passed-through=${messages.passedThrough}`,
    `delivered=${recipients.delivered} refused=${recipients.refused} unanswered=${recipients.unanswered}`,
    `received=${formatBytes(receivedBytes).replace(" ", "")} journal=${status.isJournalWorking ? "ok" : "failing"}`,
  ].join(" ");
}

function limitsOf({ arguments: typed }: CommandContext): Partial<StageLimits> {
  const limits: { -readonly [Key in keyof StageLimits]?: number } = {};
  for (const [option, limit] of limitOptions) {
    const text = typed.text(option);
    if (text !== undefined) limits[limit] = parseDuration(text);
  }
  return limits;
}

function boundsOf({ arguments: typed }: CommandContext): StageBounds {
  const bounds: { -readonly [Key in keyof StageBounds]: number } = { ...defaultBounds };
  for (const [option, bound] of boundOptions)
    bounds[bound] = typed.number(option, { least: 1, most: 100_000 }) ?? bounds[bound];
  const size = typed.text("max-size");
  if (size !== undefined) bounds.maxMessageBytes = parseBytes(size);
  return bounds;
}

function policyOf(text: string | undefined): JournalPolicy {
  const found = journalPolicies.find((policy) => policy === (text ?? "tempfail"));
  if (found !== undefined) return found;
  throw new CliError(
    "cli.usage",
    `Cannot do "${safeText(text ?? "")}" when the journal fails: it is no policy`,
    { hint: `Choose of ${journalPolicies.join(", ")}.` },
  );
}

function socketMode(text: string | undefined): number {
  if (text === undefined) return 0o660;
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new CliError(
    "cli.usage",
    `Cannot read --socket-mode "${safeText(text)}": not three octal digits`,
    { hint: "For example 0660." },
  );
}

function required({ arguments: typed }: CommandContext, name: string, example: string): string {
  const value = typed.text(name);
  if (value === undefined) throw missing(`--${name}`, `--${name} ${example}`);
  return value;
}

function missing(option: string, example: string): CliError {
  return new CliError("cli.usage", `Cannot start the delivery stage: ${option} was not given`, {
    hint: `For example ${example}; see \`restante help lmtp\`.`,
  });
}
