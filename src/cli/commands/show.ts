import { type RawPath, readAll } from "#image";
import { decodeHeaderText, type MessageHeaders } from "#mail";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { headersAt, pathJson } from "../message-summary.ts";
import {
  absoluteOf,
  type MomentView,
  openMoment,
  readingView,
  viewMomentJson,
} from "../moment-view.ts";
import { scopesOf } from "../scope.ts";
import { safeText } from "../text.ts";

const headerLimitBytes = 256 * 1024;
/** JSON carries a message's bytes up to here; larger ones are read without --json. */
const jsonLimitBytes = 64 * 1024 * 1024;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [typed = ""] = context.arguments.positionals;
  await using view = await openMoment(typed, context);
  return await readingView(view, context, async () => await show(typed, { view, context }));
}

async function show(typed: string, { view, context }: Shown): Promise<ExitCode> {
  const [scope, ...others] = await scopesOf(view, { withAccount: false });
  if (scope?.entry?.type !== "file" || others.length > 0) {
    throw new CliError(
      "cli.usage",
      `Cannot show "${safeText(typed)}": it is no single message or file`,
      { hint: "`restante ls` gives the path of each message in its last column." },
    );
  }
  const { path, entry } = scope;
  if (context.output.json) await showJson(path, entry.sizeBytes, { view, context });
  else if (context.arguments.has("headers")) await showHeaders(path, { view, context });
  else await showBytes(path, { view, context });
  return exitCodes.done;
}

type Shown = { readonly view: MomentView; readonly context: CommandContext };

async function headersOf(path: RawPath, { view, context }: Shown): Promise<MessageHeaders> {
  return await headersAt(view.image, path, {
    limitBytes: headerLimitBytes,
    signal: context.surroundings.signal,
  });
}

async function showHeaders(path: RawPath, shown: Shown): Promise<void> {
  for (const { name, value } of (await headersOf(path, shown)).fields) {
    await shown.context.output.text(
      `${safeText(name)}: ${safeText(decodeHeaderText(value).replace(/[\r\n\t]+/g, " "))}\n`,
    );
  }
}

/** The original bytes; on a terminal with control characters escaped, since mail is hostile input. */
async function showBytes(path: RawPath, { view, context }: Shown): Promise<void> {
  const { surroundings, output } = context;
  const bytes = view.image.read(path, { signal: surroundings.signal });
  if (!surroundings.terminal.outputIsTerminal) {
    for await (const chunk of bytes) await output.bytes(chunk);
    return;
  }
  const decoder = new TextDecoder();
  for await (const chunk of bytes)
    await output.text(safeDocument(decoder.decode(chunk, { stream: true })));
  await output.text(safeDocument(decoder.decode()));
}

/** Line breaks and tabs are a document's own. */
function safeDocument(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .split(/([\n\t])/)
    .map((piece) => (piece === "\n" || piece === "\t" ? piece : safeText(piece)))
    .join("");
}

async function showJson(path: RawPath, sizeBytes: number, shown: Shown): Promise<void> {
  const { view, context } = shown;
  if (sizeBytes > jsonLimitBytes) {
    throw new CliError(
      "cli.usage",
      `Cannot show ${sizeBytes} bytes as JSON: that is too much for one document`,
      { hint: "Run it without --json." },
    );
  }
  const { fields, problems: _problems, ...known } = await headersOf(path, shown);
  const bytes = context.arguments.has("headers")
    ? undefined
    : await readAll(view.image, path, {
        limitBytes: jsonLimitBytes,
        signal: context.surroundings.signal,
      });
  await context.output.document({
    type: "message",
    moment: viewMomentJson(view),
    ...pathJson(absoluteOf(view.root, path)),
    sizeBytes,
    ...known,
    headers: fields.map(({ name, value }) => ({ name, value: decodeHeaderText(value) })),
    ...(bytes === undefined ? {} : { bytesBase64: Buffer.from(bytes).toString("base64") }),
  });
}
