/** Who is at the other end: as the socket says, or as somebody who may say so told us. */
export type Peer = {
  /** IP address; undefined of a Unix socket, or where it is not known. */
  readonly address?: string;
  readonly port?: number;
  /** The client's name as it was looked up by the MTA. */
  readonly name?: string;
  /** What it called itself towards the MTA. */
  readonly greeting?: string;
};

/** How a peer is called in a line of the log. */
export function peerText({ address, port, name }: Peer): string {
  if (address === undefined) return name ?? "local";
  const place = address.includes(":") ? `[${address}]` : address;
  const whole = port === undefined ? place : `${place}:${port}`;
  return name === undefined ? whole : `${name} (${whole})`;
}
