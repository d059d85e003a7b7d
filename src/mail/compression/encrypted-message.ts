import { MailError } from "../mail-error.ts";

/** How Dovecot's plugin mail_crypt begins what it writes. */
const encryptedMagic = Buffer.from("CRYPTED\x03\x07", "latin1");

/** Throws `mail.unsupported` where a message begins as mail_crypt writes it: what follows is no mail to anybody without its keys. */
export function refuseEncrypted(start: Uint8Array, subject: string): void {
  if (!encryptedMagic.equals(start.subarray(0, encryptedMagic.length))) return;
  throw new MailError(
    "mail.unsupported",
    `Cannot read ${subject}: its server encrypted it (mail_crypt)`,
    {
      hint: "Restore the store's files and its keys (also_protect: mail_crypt keys), and let the server read them.",
    },
  );
}
