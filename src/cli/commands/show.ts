import { decodeHeaderText, type MessageHeaders } from "#mail";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { headersIn, pathJson } from "../message-summary.ts";
import {
  absoluteOf,
  type MomentView,
  openMoment,
  readingView,
  viewMomentJson,
} from "../moment-view.ts";
import { type NamedMessage, namedMessage } from "../named-message.ts";
import { safeText } from "../text.ts";

const headerLimitBytes = 256 * 1024;
/** JSON carries a message's bytes up to here; larger ones are read without --json. */
const jsonLimitBytes = 64 * 1024 * 1024;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [typed = ""] = context.arguments.positionals;
  await using view = await openMoment(typed, context);
  return await readingView(view, context, async () => await show(typed, { view, context }));
}

async function show(typed: string, { view, context }: Viewed): Promise<ExitCode> {
  const shown = { view, context, message: await namedMessage(typed, view) };
  if (context.output.json) await showJson(shown);
  else if (context.arguments.has("headers")) await showHeaders(shown);
  else await showBytes(shown);
  return exitCodes.done;
}

type Viewed = { readonly view: MomentView; readonly context: CommandContext };
type Shown = Viewed & { readonly message: NamedMessage };

async function headersOf({ message, context }: Shown): Promise<MessageHeaders> {
  return await headersIn(message.read(context.surroundings.signal), headerLimitBytes);
}

async function showHeaders(shown: Shown): Promise<void> {
  for (const { name, value } of (await headersOf(shown)).fields) {
    await shown.context.output.text(
      `${safeText(name)}: ${safeText(decodeHeaderText(value).replace(/[\r\n\t]+/g, " "))}\n`,
    );
  }
}

/** The original bytes; on a terminal with control characters escaped, since mail is hostile input. */
async function showBytes({ message, context }: Shown): Promise<void> {
  const { surroundings, output } = context;
  const bytes = message.read(surroundings.signal);
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

async function showJson(shown: Shown): Promise<void> {
  const { view, context, message } = shown;
  const { path, sizeBytes } = message;
  if (sizeBytes > jsonLimitBytes) {
    throw new CliError(
      "cli.usage",
      `Cannot show ${sizeBytes} bytes as JSON: that is too much for one document`,
      { hint: "Run it without --json." },
    );
  }
  const { fields, problems: _problems, ...known } = await headersOf(shown);
  const bytes = context.arguments.has("headers")
    ? undefined
    : Buffer.concat(await Array.fromAsync(message.read(context.surroundings.signal)));
  await context.output.document({
    type: "message",
    moment: viewMomentJson(view),
    ...pathJson(absoluteOf(view.root, path)),
    sizeBytes,
    ...known,
    headers: fields.map(({ name, value }) => ({ name, value: decodeHeaderText(value) })),
    ...(bytes === undefined ? {} : { bytesBase64: bytes.toString("base64") }),
  });
}
