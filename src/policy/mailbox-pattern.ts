/**
 * Mailbox patterns of lines of business and targets: "*" is any number of characters, "?" one; upper and
 * lower case are alike, as in domains and in the local parts that mail servers use. Linear in practice
 * and never exponential, whatever the pattern.
 */
export function matchesMailbox(pattern: string, mailbox: string): boolean {
  const wanted = pattern.toLowerCase();
  const name = mailbox.toLowerCase();
  let at = 0;
  let position = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (position < name.length) {
    const character = wanted[at];
    if (character === "*") {
      starAt = at;
      resumeAt = position;
      at += 1;
    } else if (character !== undefined && (character === "?" || character === name[position])) {
      at += 1;
      position += 1;
    } else if (starAt >= 0) {
      // The last star takes one character more; earlier stars need no second thought.
      at = starAt + 1;
      resumeAt += 1;
      position = resumeAt;
    } else {
      return false;
    }
  }
  while (wanted[at] === "*") at += 1;
  return at === wanted.length;
}

const longestPattern = 320;

/** Why this cannot be a mailbox pattern; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern === "") return "is empty";
  if (pattern.length > longestPattern) return `is longer than ${longestPattern} characters`;
  if (/[\s\p{C},/]/u.test(pattern))
    return "contains a space, a comma, a slash or a control character";
  if (pattern.startsWith("@")) return 'lacks a "*" before the "@"';
  if (pattern.indexOf("@") !== pattern.lastIndexOf("@") || pattern.endsWith("@"))
    return "is not like name@domain";
  return undefined;
}
