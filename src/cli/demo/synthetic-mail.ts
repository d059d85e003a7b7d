import type { Random } from "./random.ts";

const NAMES = ["Ada", "Björn", "Chidi", "Dorothée", "Emre", "Fumiko", "Galina", "Hồng"];
const TOPICS = ["Invoice", "Minutes", "Order", "Holiday plan", "Server room", "Offer", "Contract"];
const WORDS =
  "please find the attached figures for our next meeting about delivery dates and prices which we " +
  "discussed last week with customers in Hamburg who asked when machines would arrive because their " +
  "own people wait for them and I would be glad to hear from you before Friday if that suits";
const LINE_WIDTH = 72;

/** One made-up message with LF line ends. Some are 8-bit, some carry an attachment, one in fifty has a broken date. */
export function writeSyntheticMessage(random: Random, index: number): Buffer {
  const name = random.pick(NAMES);
  const sender = `sender${random.integer(40)}@example.net`;
  const sentMs = Date.UTC(2026, random.integer(9), 1 + random.integer(28), random.integer(24));
  const date = index % 50 === 49 ? "yesterday, after lunch" : toMailDate(sentMs);
  const head =
    `Message-ID: <synthetic-${index}.${random.hex(12)}@example.net>\n` +
    `Date: ${date}\nFrom: =?UTF-8?B?${Buffer.from(name).toString("base64")}?= <${sender}>\n` +
    `To: undisclosed-recipients:;\nSubject: ${random.pick(TOPICS)} ${1000 + random.integer(9000)}\n` +
    "MIME-Version: 1.0\nX-Synthetic: made up for the demo, not real mail\n";
  const text = `${paragraphs(random, 1 + random.integer(8))}\n-- \n${name}\n`;
  if (random.fraction() < 0.15) return Buffer.from(head + withAttachment(random, text));
  return Buffer.from(
    `${head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${text}`,
  );
}

/** RFC 5322 §3.3, in UTC. */
export function toMailDate(timeMs: number): string {
  return new Date(timeMs).toUTCString().replace("GMT", "+0000");
}

function withAttachment(random: Random, text: string): string {
  const boundary = `=_${random.hex(24)}`;
  const lines = random.bytes(6000 + random.integer(30_000)).toString("base64");
  return (
    `Content-Type: multipart/mixed; boundary="${boundary}"\n\n--${boundary}\n` +
    `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${text}\n` +
    `--${boundary}\nContent-Type: application/octet-stream; name="figures.bin"\n` +
    "Content-Disposition: attachment; filename=figures.bin\nContent-Transfer-Encoding: base64\n\n" +
    `${lines.replace(/.{76}/g, "$&\n")}\n--${boundary}--\n`
  );
}

function paragraphs(random: Random, count: number): string {
  const words = WORDS.split(" ");
  const written: string[] = [];
  for (let paragraph = 0; paragraph < count; paragraph += 1) {
    let line = "";
    for (let word = 20 + random.integer(60); word > 0; word -= 1) {
      if (line.length > LINE_WIDTH) {
        written.push(line);
        line = "";
      }
      line += `${line === "" ? "" : " "}${random.pick(words)}`;
    }
    written.push(`${line}.`, "");
  }
  return written.join("\n");
}
