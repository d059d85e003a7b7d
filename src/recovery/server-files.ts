/**
 * Files in a Maildir that the mail server keeps for itself. Written under a running server they
 * lead it to give a UID to two messages; it makes them again by itself. Subscriptions, ACLs,
 * keywords and Sieve scripts are not among them.
 */
const serverFiles =
  /^(?:dovecot-uidlist|dovecot-uidvalidity(?:\.[0-9a-f]+)?|dovecot\.(?:index|list\.index|map\.index|mailbox\.log).*|dovecot-acl-list|courierimapuiddb|courierimapuidlist|courierpop3dsizelist|maildirsize|.+\.lock)$/;
/** Of those, what may come along into a folder that is not there: it keeps UIDs, and nothing else can be wrong with it. */
const uidFiles = /^(?:dovecot-uidlist|courierimapuiddb)$/;

export function isServerFile(name: string): boolean {
  return serverFiles.test(name);
}

export function isUidFile(name: string): boolean {
  return uidFiles.test(name);
}
