import { displayPath } from "#image";
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
import { isMessage, messageAsText, partsJson, readMessage } from "../show-message.ts";
import { showPart } from "../show-part.ts";
import { safeDocument, safeText } from "../text.ts";
import { unpacked } from "../unpacked.ts";

const headerLimitBytes = 256 * 1024;
/** JSON carries a message's bytes up to here; larger ones are read without --json. */
const jsonLimitBytes = 64 * 1024 * 1024;
/** A larger message is not read into memory; its bytes are printed as they come. */
const readLimitBytes = 512 * 1024 * 1024;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [typed = ""] = context.arguments.positionals;
  const form = formOf(context);
  await using view = await openMoment(typed, context);
  return await readingView(view, context, async () => {
    await show({ view, context, message: await namedMessage(typed, view) }, form);
    return exitCodes.done;
  });
}

type Shown = {
  readonly view: MomentView;
  readonly context: CommandContext;
  readonly message: NamedMessage;
};
type Form = "headers" | "raw" | "text" | "part";

/** What was asked for; undefined leaves it to who reads: a person text, a pipe the bytes. */
function formOf({ arguments: typed }: CommandContext): Form | undefined {
  const chosen = (["headers", "raw", "text", "part"] as const).filter((form) => typed.has(form));
  if (chosen.length > 1) {
    throw new CliError(
      "cli.usage",
      `Cannot show ${chosen.map((form) => `--${form}`).join(" and ")} at once: they are different forms`,
      { hint: "Choose one." },
    );
  }
  if (typed.has("to") && !typed.has("part")) {
    throw new CliError("cli.usage", "Cannot take --to without --part: it says where a part goes", {
      hint: "For the whole message write `> FILE` behind the command.",
    });
  }
  return chosen[0];
}

async function show(shown: Shown, form: Form | undefined): Promise<void> {
  const { context } = shown;
  const { output } = context;
  const part = context.arguments.text("part");
  if (part !== undefined) await showPart(readMessage(await contentOf(shown)), part, context);
  else if (output.json) await showJson(shown, form);
  else if (form === "headers") await showHeaders(shown);
  else if (form === "text" || (form === undefined && isForPerson(shown))) await showText(shown);
  else await showBytes(shown);
}

function isForPerson({ context, message }: Shown): boolean {
  return context.surroundings.terminal.outputIsTerminal && message.sizeBytes <= readLimitBytes;
}

async function gather(
  bytes: AsyncIterable<Uint8Array>,
  { context, limitBytes }: { readonly context: CommandContext; readonly limitBytes: number },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of bytes) {
    sizeBytes += piece.length;
    if (sizeBytes > limitBytes) throw tooLarge(sizeBytes, context);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function contentOf(shown: Shown): Promise<Buffer> {
  return await gather(content(shown), { context: shown.context, limitBytes: readLimitBytes });
}

function tooLarge(sizeBytes: number, { output }: CommandContext): CliError {
  const form = output.json ? "JSON" : "text";
  return new CliError(
    "cli.usage",
    `Cannot show ${sizeBytes} bytes as ${form}: that is too much for one document`,
    { hint: output.json ? "Run it without --json." : "Take its bytes with --raw." },
  );
}

/** Of what is no message, the bytes: a list of UIDs is not to be read as mail. */
async function showText(shown: Shown): Promise<void> {
  const { context, view } = shown;
  const bytes = await contentOf(shown);
  const message = readMessage(bytes);
  await context.output.text(
    isMessage(message)
      ? messageAsText(message, { zone: view.site.zone })
      : safeDocument(bytes.toString()),
  );
}

async function headersOf(shown: Shown): Promise<MessageHeaders> {
  return await headersIn(content(shown), headerLimitBytes);
}

/** The message, also where its file was named and the server had compressed it. */
function content({ message, context }: Shown): AsyncIterable<Uint8Array> {
  return unpacked(message.read(context.surroundings.signal), displayPath(message.path));
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

async function showJson(shown: Shown, form: Form | undefined): Promise<void> {
  const { view, context, message } = shown;
  const { path, sizeBytes } = message;
  if (sizeBytes > jsonLimitBytes) throw tooLarge(sizeBytes, context);
  const { fields, problems: _problems, ...known } = await headersOf(shown);
  const stored =
    form === "headers"
      ? undefined
      : await gather(message.read(context.surroundings.signal), {
          context,
          limitBytes: jsonLimitBytes,
        });
  await context.output.document({
    type: "message",
    moment: viewMomentJson(view),
    ...pathJson(absoluteOf(view.root, path)),
    sizeBytes,
    ...known,
    headers: fields.map(({ name, value }) => ({ name, value: decodeHeaderText(value) })),
    ...(stored === undefined
      ? {}
      : { ...contentJson(await contentOf(shown)), bytesBase64: stored.toString("base64") }),
  });
}

/** What is in it. */
function contentJson(bytes: Buffer): object {
  const message = readMessage(bytes);
  const { from, sender, replyTo, to, cc, bcc, hasAttachment, bodyText, isBodyCut, problems } =
    message.known;
  return {
    addresses: { from, sender, replyTo, to, cc, bcc },
    parts: partsJson(message),
    hasAttachment,
    text: bodyText,
    isTextCut: isBodyCut,
    problems,
  };
}
