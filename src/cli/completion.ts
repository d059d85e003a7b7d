import type { OptionSpec } from "./arguments.ts";
import type { CommandSpec } from "./command.ts";
import { commonOptions } from "./command-options.ts";
import { commandNames, commands, optionsOf } from "./command-table.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The completion script of a shell, made from the table of verbs: it cannot lag behind it. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case "bash":
      return bashScript();
    case "zsh":
      return zshScript();
    case "fish":
      return fishScript();
  }
}

function bashScript(): string {
  const valueCases = commands.flatMap((command) =>
    optionsOf(command)
      .filter((option) => option.value !== undefined)
      .map(
        (option) =>
          `    ${patternOf(command, `--${option.name}`)}) ${bashValue(option)}; return ;;`,
      ),
  );
  const verbCases = commands.map((command) => {
    const options = optionsOf(command).flatMap(spellings).join(" ");
    const paths = takesTarget(command) ? "_restante_targets" : bashPaths("-f");
    const otherwise = command.words === undefined ? paths : bashWords(wordsOf(command));
    return `    ${namesOf(command).join("|")}) if [[ $current == -* ]]; then ${bashWords(options)}; else ${otherwise}; fi ;;`;
  });
  return `# bash completion of restante: source it, or put it into /etc/bash_completion.d/
_restante_targets() {
  # Bash ends words at @ and :, so that what was typed of a mailbox is more than the current word.
  local line="\${COMP_LINE:0:\${COMP_POINT:-0}}" found
  local typed="\${line##*[[:space:]]}"
  typed="\${typed:-$current}"
  ${bashPaths("-f")}
  while IFS= read -r found; do
    COMPREPLY+=("\${found#"\${typed%"$current"}"}")
  done < <(restante completion targets "$typed" 2>/dev/null)
}
_restante() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verb="" index
  COMPREPLY=()
  for (( index = 1; index < COMP_CWORD; index++ )); do
    case "\${COMP_WORDS[index]}" in
      ${valueOptions(commonOptions).join("|")}) index=$(( index + 1 )) ;;
      -*) ;;
      *) verb="\${COMP_WORDS[index]}"; break ;;
    esac
  done
  case "$verb $previous" in
${valueCases.join("\n")}
  esac
  case "$verb" in
    "") ${bashWords([...commandNames(), ...commonOptions.flatMap(spellings), "--version"].join(" "))} ;;
${verbCases.join("\n")}
  esac
}
complete -F _restante restante
`;
}

function bashWords(words: string): string {
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(words)} -- "$current")`;
}

function bashPaths(kind: "-f" | "-d"): string {
  return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen ${kind} -- "$current")`;
}

function bashValue({ complete }: OptionSpec): string {
  if (complete === undefined) return "true";
  if (complete === "file") return bashPaths("-f");
  return complete === "folder" ? bashPaths("-d") : bashWords(complete.join(" "));
}

function zshScript(): string {
  const cases = commands.map((command) => {
    const options = optionsOf(command).flatMap(zshOption);
    const paths = takesTarget(command) ? "_restante_targets" : "_files";
    const words = command.words === undefined ? paths : `(${wordsOf(command)})`;
    const target = command.positionals.most === 0 ? [] : [quoted(`:target:${words}`)];
    return `    (${namesOf(command).join("|")})\n      _arguments ${[...options, ...target].join(" \\\n        ")} ;;`;
  });
  const verbs = commands.flatMap((command) =>
    namesOf(command).map((name) => quoted(`${zshEscaped(name)}:${command.summary}`)),
  );
  return `#compdef restante
_restante_targets() {
  local -a found
  found=("\${(@f)$(restante completion targets "$PREFIX" 2>/dev/null)}")
  compadd -- \${found:#}
  _files
}
_restante() {
  local context state state_descr line
  typeset -A opt_args
  local -a verbs
  verbs=(
    ${verbs.join("\n    ")}
  )
  _arguments -C ${commonOptions.flatMap(zshOption).join(" ")} '--version[the version]' '1:verb:->verb' '*::argument:->argument'
  case "$state" in
  (verb) _describe 'verb' verbs ;;
  (argument)
    case "$line[1]" in
${cases.join("\n")}
    esac ;;
  esac
}
if [ "$funcstack[1]" = "_restante" ]; then _restante "$@"; else compdef _restante restante; fi
`;
}

function zshOption(option: OptionSpec): string[] {
  const about = `[${zshEscaped(option.about)}]`;
  const value = option.value === undefined ? "" : `:${option.value}:${zshValue(option)}`;
  const repeated = option.multiple === true ? "*" : "";
  return spellings(option).map((spelling) => quoted(`${repeated}${spelling}${about}${value}`));
}

function zshValue({ complete }: OptionSpec): string {
  if (complete === undefined) return " ";
  if (complete === "file") return "_files";
  return complete === "folder" ? "_files -/" : `(${complete.join(" ")})`;
}

function zshEscaped(text: string): string {
  return text.replace(/[\\[\]:]/g, (character) => `\\${character}`);
}

function fishScript(): string {
  const lines = ["# fish completion of restante", "complete -c restante -f"];
  const noVerb = `not __fish_seen_subcommand_from ${commandNames().join(" ")}`;
  for (const command of commands) {
    for (const name of namesOf(command))
      lines.push(
        `complete -c restante -n ${quoted(noVerb)} -a ${name} -d ${quoted(command.summary)}`,
      );
  }
  lines.push(`complete -c restante -n ${quoted(noVerb)} -l version -d ${quoted("the version")}`);
  for (const option of commonOptions) lines.push(`complete -c restante ${fishOption(option)}`);
  for (const command of commands) {
    const seen = quoted(`__fish_seen_subcommand_from ${namesOf(command).join(" ")}`);
    for (const option of command.options)
      lines.push(`complete -c restante -n ${seen} ${fishOption(option)}`);
    if (command.words !== undefined)
      lines.push(`complete -c restante -n ${seen} -a ${quoted(wordsOf(command))}`);
    else if (command.positionals.most > 0) lines.push(`complete -c restante -n ${seen} -F`);
    if (takesTarget(command))
      lines.push(
        `complete -c restante -n ${seen} -a '(command -q restante; and restante completion targets (commandline -ct) 2>/dev/null)'`,
      );
  }
  return `${lines.join("\n")}\n`;
}

function fishOption(option: OptionSpec): string {
  const { complete } = option;
  const parts = [`-l ${option.name}`];
  if (option.short !== undefined) parts.push(`-s ${option.short}`);
  const isPath = complete === "file" || complete === "folder";
  // -x: the value comes from the list alone, also where the target may be a file.
  if (option.value !== undefined) parts.push(isPath ? "-r -F" : "-x");
  if (complete !== undefined && !isPath) parts.push(`-a ${quoted(complete.join(" "))}`);
  parts.push(`-d ${quoted(option.about)}`);
  return parts.join(" ");
}

/** Whether a word of it may be a mailbox. */
function takesTarget({ usage, words }: CommandSpec): boolean {
  return words === undefined && usage.some((form) => /\bTARGET\b/.test(form));
}

function namesOf(command: CommandSpec): readonly string[] {
  return [command.name, ...(command.aliases ?? [])];
}

function wordsOf(command: CommandSpec): string {
  return (command.words ?? []).join(" ");
}

function patternOf(command: CommandSpec, option: string): string {
  return namesOf(command)
    .map((name) => `"${name} ${option}"`)
    .join("|");
}

function spellings({ name, short }: OptionSpec): string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

function valueOptions(options: readonly OptionSpec[]): string[] {
  return options.filter((option) => option.value !== undefined).map((option) => `--${option.name}`);
}

/** In single quotes, as every shell reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
