import type { AskOptions, Terminal } from "./terminal.ts";

export type ProcessStreams = {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly messages: NodeJS.WriteStream;
  readonly noColour: boolean;
};

/** The terminal of this process. Call it once: it listens for the streams' errors. */
export function processTerminal({ input, output, messages, noColour }: ProcessStreams): Terminal {
  const quietOutput = quietWhenClosed(output);
  const quietMessages = quietWhenClosed(messages);
  return {
    outputIsTerminal: output.isTTY === true,
    messagesIsTerminal: messages.isTTY === true,
    inputIsTerminal: input.isTTY === true && messages.isTTY === true,
    get columns() {
      return output.isTTY === true ? output.columns : undefined;
    },
    colour: output.isTTY === true && !noColour,
    write: (text) => quietOutput(text),
    say: (text) => void quietMessages(text),
    ask: (question, options) =>
      askOn(input, { ...options, show: (text) => void quietMessages(text), question }),
  };
}

/**
 * Writes until the reader goes away (`restante ls … | head` closes the pipe, a closed terminal gives EIO),
 * then drops: a capture must not die because nobody watches it.
 */
function quietWhenClosed(stream: NodeJS.WriteStream): (text: string | Uint8Array) => Promise<void> {
  const failures: Error[] = [];
  let closed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    closed = true;
    if (!goneReader.has(error.code ?? "")) failures.push(error);
  });
  const throwFailure = (): void => {
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  };
  return async (text) => {
    throwFailure();
    if (closed) return;
    await new Promise<void>((resolve) => {
      stream.write(text, () => resolve());
    });
    // A full disk under `> file` must not end as success.
    throwFailure();
  };
}

const goneReader: ReadonlySet<string> = new Set([
  "EPIPE",
  "EIO",
  "ECONNRESET",
  "ERR_STREAM_DESTROYED",
]);

type Question = AskOptions & { readonly question: string; readonly show: (text: string) => void };

/** Reads one line from a terminal in raw mode, so that a secret is never echoed, not even for a moment. */
async function askOn(
  input: NodeJS.ReadStream,
  { question, secret, signal, show }: Question,
): Promise<string> {
  signal?.throwIfAborted();
  // Before the question: who answers at once must not be echoed either.
  input.setRawMode(true);
  show(question);
  input.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      const line = new LineEditor({ echo: secret === true ? () => undefined : show });
      const stop = (): void => {
        input.off("data", take).off("end", end);
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        stop();
        reject(interrupted());
      };
      const end = (): void => {
        stop();
        resolve(line.text());
      };
      const take = (bytes: Buffer): void => {
        const state = line.type(bytes);
        if (state === "more") return;
        stop();
        if (state === "interrupted") reject(interrupted());
        else resolve(line.text());
      };
      input.on("data", take).on("end", end);
      signal?.addEventListener("abort", abort, { once: true });
    });
  } finally {
    input.setRawMode(false);
    input.pause();
    show("\n");
  }
}

function interrupted(): DOMException {
  return new DOMException("Interrupted at a question", "AbortError");
}

/** Longest line that is taken at a question. */
const longestLineBytes = 4096;

/** The few keys that matter at a one-line question; bytes, because a password may be any. */
export class LineEditor {
  #bytes: number[] = [];
  readonly #echo: (text: string) => void;

  constructor({ echo }: { readonly echo: (text: string) => void }) {
    this.#echo = echo;
  }

  text(): string {
    return Buffer.from(this.#bytes).toString("utf8");
  }

  type(bytes: Uint8Array): "more" | "done" | "interrupted" {
    for (const byte of bytes) {
      if (byte === key.enter || byte === key.newline || byte === key.endOfInput) return "done";
      if (byte === key.interrupt) return "interrupted";
      if (byte === key.killLine) this.#erase(this.#bytes.length);
      else if (byte === key.backspace || byte === key.delete) this.#erase(1);
      else if (byte >= 0x20 && this.#bytes.length < longestLineBytes) {
        this.#bytes.push(byte);
        if (byte < 0x7f) this.#echo(String.fromCharCode(byte));
      }
    }
    return "more";
  }

  #erase(characters: number): void {
    for (let index = 0; index < characters && this.#bytes.length > 0; index++) {
      // One character of UTF-8: its continuation bytes and the byte that leads them.
      let byte = this.#bytes.pop();
      while (byte !== undefined && (byte & 0xc0) === 0x80) byte = this.#bytes.pop();
      this.#echo("\b \b");
    }
  }
}

const key = {
  interrupt: 0x03,
  endOfInput: 0x04,
  backspace: 0x08,
  newline: 0x0a,
  enter: 0x0d,
  killLine: 0x15,
  delete: 0x7f,
} as const;
