import { BlockList, isIP } from "node:net";
import { quoted } from "#errors";
import { LmtpError } from "../lmtp-error.ts";

/** Who may speak for others: addresses, networks (`192.0.2.0/24`), and `unix` for local sockets. */
export class TrustedPeers {
  readonly #list = new BlockList();
  #hasUnix = false;

  /** Throws LmtpError `lmtp.address`. */
  constructor(texts: readonly string[]) {
    for (const text of texts) this.#add(text);
  }

  /** An address as a socket has it; undefined of a Unix socket. */
  has(address: string | undefined): boolean {
    if (address === undefined) return this.#hasUnix;
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 6 ? "ipv6" : "ipv4");
  }

  #add(text: string): void {
    if (text === "unix") {
      this.#hasUnix = true;
      return;
    }
    const [, address = "", digits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const version = isIP(address);
    const most = version === 6 ? 128 : 32;
    const bits = Number(digits ?? most);
    if (version === 0 || bits > most)
      throw new LmtpError("lmtp.address", `Cannot trust ${quoted(text)}: it is no address`, {
        hint: "Give an address, a network such as 192.0.2.0/24, or unix.",
      });
    this.#list.addSubnet(address, bits, version === 6 ? "ipv6" : "ipv4");
  }
}
