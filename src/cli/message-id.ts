/**
 * What names a message wherever it lies: `m:` and the first digits of its identity, at least 6. `find`
 * prints 12, of which two messages of one copy hardly ever share all.
 */
const idPattern = /^m:([0-9a-f]{6,64})$/i;
const shownDigits = 12;

export function messageId(identity: string): string {
  return `m:${identity.slice(0, shownDigits)}`;
}

/** The digits of an ID, in lower case; undefined where the text is none. */
export function parseMessageId(text: string): string | undefined {
  return idPattern.exec(text)?.[1]?.toLowerCase();
}
