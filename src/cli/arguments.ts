import { parseArgs } from "node:util";
import { CliError } from "./cli-error.ts";
import { closestWord } from "#errors";

export type OptionSpec = {
  /** Long name without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** What the value is called in the help text; without it the option takes none. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly about: string;
  /** What a shell completes the value with. Default: nothing. */
  readonly complete?: "file" | "folder" | readonly string[];
};

/** What was typed after the verb, checked against the verb's options. */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(positionals: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.positionals = positionals;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option; the last one where it was given several times. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The same options of something else. */
  of(positionals: readonly string[]): Arguments {
    return new Arguments(positionals, this.#values);
  }

  /** The same, with one more option, or another value of it. */
  with(name: string, value: string): Arguments {
    return new Arguments(this.positionals, new Map([...this.#values, [name, [value]]]));
  }

  /** A whole number from `least` to `most`. */
  number(
    name: string,
    { least, most }: { readonly least: number; readonly most: number },
  ): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new CliError(
      "cli.usage",
      `Cannot read --${name} "${text}": not a whole number from ${least} to ${most}`,
    );
  }
}

export type ParseOptions = {
  readonly options: readonly OptionSpec[];
  /** For the hint: "restante help capture". */
  readonly help: string;
};

export function parseArguments(
  argv: readonly string[],
  { options, help }: ParseOptions,
): Arguments {
  const specs = new Map(options.map((option) => [option.name, option]));
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      options.map((option) => [
        option.name,
        {
          type: option.value === undefined ? ("boolean" as const) : ("string" as const),
          ...(option.short === undefined ? {} : { short: option.short }),
        },
      ]),
    ),
    // Not strict: "--at -2h" is a value that begins with a dash, and the messages are ours.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const spec = specs.get(token.name);
    if (spec === undefined) throw unknownOption(token.rawName, { options, help });
    const value = valueOf(spec, token, help);
    const earlier = values.get(spec.name);
    if (earlier !== undefined && spec.value !== undefined && spec.multiple !== true) {
      throw new CliError(
        "cli.usage",
        `Cannot take --${spec.name} twice: "${earlier.at(-1)}" and "${value}"`,
        {
          hint: `Give it once; see \`${help}\`.`,
        },
      );
    }
    values.set(spec.name, [...(earlier ?? []), value]);
  }
  return new Arguments(positionals, values);
}

type OptionToken = {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function valueOf(spec: OptionSpec, token: OptionToken, help: string): string {
  const hint = `See \`${help}\`.`;
  if (spec.value === undefined) {
    if (token.value === undefined) return "";
    throw new CliError("cli.usage", `Cannot take a value for ${token.rawName}: it is a switch`, {
      hint,
    });
  }
  // A value that looks like a long option is a forgotten value, unless it was joined with "=".
  const { value = "", inlineValue } = token;
  if (value !== "" && (inlineValue === true || !value.startsWith("--"))) return value;
  throw new CliError("cli.usage", `Cannot take ${token.rawName} without its value ${spec.value}`, {
    hint,
  });
}

function unknownOption(rawName: string, { options, help }: ParseOptions): CliError {
  const near = rawName.startsWith("--")
    ? closestWord(
        rawName.slice(2),
        options.map((option) => option.name),
      )
    : undefined;
  return new CliError("cli.unknown-option", `Cannot take "${rawName}": no such option`, {
    hint: near === undefined ? `See \`${help}\`.` : `Did you mean --${near}? See \`${help}\`.`,
  });
}
