/**
 * Writes one set: data files, then the index, over as many tapes as it takes. A member that the end of a tape cuts off
 * goes whole onto the next one.
 */
import { createHash } from "node:crypto";
import { displayPath, isImageError } from "#image";
import { type Barcode, type TapeDrive, volumeSerialOf } from "../drive/index.ts";
import {
  encodeArchiveComment,
  encodeMemberHeaders,
  encodeSetFacts,
  endOfArchive,
  fileIdentifierOf,
  type MemberPlace,
  paddingOf,
  type SetFacts,
  type SetPart,
  type TarMember,
} from "../format/index.ts";
import { tapeError } from "../tape-error.ts";
import { TapeFileWriter } from "./tape-file-writer.ts";
import { TapeSession } from "./tape-session.ts";

/** A tape that is loaded, checked, and stands where the set's next file begins. */
export type TapeForWriting = {
  readonly barcode: Barcode;
  readonly drive: TapeDrive;
  readonly endFile: number;
  /** Nothing but the description of the medium stands before. */
  readonly isEmpty: boolean;
};

export type SetWriterOptions = {
  readonly facts: SetFacts;
  readonly blockBytes: number;
  /** A data file is closed before a member that would make it larger; one member alone may. */
  readonly dataFileBytes: number;
  readonly createdAtNs: bigint;
  readonly expiresAtNs: bigint;
  /** Called for the first tape, and for each one after a tape that is full and verified. */
  readonly nextTape: (signal?: AbortSignal) => Promise<TapeForWriting>;
  /** Told when everything that was written to a tape was read back. */
  readonly onVerified?: (session: TapeSession) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
};

/** What came of a member's content: where it lies, and its digest; `void` where what was read is not the file. */
export type WrittenMember = {
  readonly place: MemberPlace;
  readonly sha256: string;
  readonly failure?: unknown;
  /** Where it was begun and cut off by the end of a tape. */
  readonly torn: readonly MemberPlace[];
};

export type Content = () => AsyncIterable<Uint8Array>;

type MutablePart = { -readonly [Key in keyof SetPart]: SetPart[Key] };

export class SetWriter {
  readonly #options: SetWriterOptions;
  readonly #parts: MutablePart[] = [];
  #session: TapeSession | undefined;
  #file: TapeFileWriter | undefined;
  /** Nothing of the set stands on this tape yet, and nothing of others. */
  #isFresh = false;
  #section = 1;
  #fileKind: "data" | "index" = "data";
  /** Of the header that says what the archive is a part of. */
  #commentBytes = 0;
  #number = 0;
  #dataFiles = 0;
  #writtenBytes = 0;

  constructor(options: SetWriterOptions) {
    this.#options = options;
  }

  /** The tapes so far; the last one is open until `finish`. */
  get parts(): readonly SetPart[] {
    return this.#parts;
  }

  /** How many data files there are so far. */
  get dataFiles(): number {
    return this.#dataFiles;
  }

  /** Bytes on tape, labels left out. */
  get writtenBytes(): number {
    return this.#writtenBytes + (this.#file?.writtenBytes ?? 0);
  }

  async writeMember(member: TarMember, content?: Content): Promise<WrittenMember> {
    const headers = encodeMemberHeaders(member);
    const torn: MemberPlace[] = [];
    const whole = headers.length + member.sizeBytes + paddingOf(member.sizeBytes);
    for (;;) {
      const file = await this.#fileFor(whole);
      const offset = file.sizeBytes;
      const wasFresh = this.#isFresh;
      const place = {
        part: this.#parts.length - 1,
        file: file.file,
        offset,
        dataOffset: offset + headers.length,
      };
      const result = await this.#writeParts(file, { member, headers, content });
      if (result !== undefined) {
        this.#isFresh = false;
        return { place, torn, ...result };
      }
      if (wasFresh) throw this.#tooLarge(member);
      const tornAt = offset < file.writtenBytes ? offset : undefined;
      if (tornAt !== undefined) torn.push(place);
      else file.cutTo(offset);
      await this.#goOnOnNextTape(tornAt);
    }
  }

  /** Closes the data; the index comes in a file of its own. Returns the parts as they will be. */
  async finishData(): Promise<void> {
    if (this.#file === undefined) await this.#beginFile("data");
    await this.#endDataFile();
  }

  /**
   * Writes the index file: `pieces` is asked for its members with the tapes and the file it will be in. Where the tape
   * has no room for all of it, it begins anew on the next one.
   */
  async writeIndex(
    pieces: (indexFile: number) => AsyncIterable<{ readonly name: string; readonly bytes: Buffer }>,
  ): Promise<void> {
    for (;;) {
      const wasFresh = this.#isFresh;
      const file = await this.#beginFile("index");
      // The part's end is told in the index, so it is set before: labels of this file, and the mark behind them.
      this.#part().endFile = file.file + 2;
      let fits = true;
      for await (const { name, bytes } of pieces(file.file)) {
        fits = fits && (await this.#writeIndexMember(file, { name, bytes }));
        if (!fits) break;
      }
      if (fits) {
        await file.finish(endOfArchive);
        this.#writtenBytes += file.writtenBytes;
        await file.end("EOF");
        this.#file = undefined;
        return;
      }
      if (wasFresh) {
        throw tapeError(
          "methods.tape-member-too-large",
          `Cannot write the index of the set: it does not fit on tape ${this.#current().barcode}`,
          { hint: "Use tapes that hold more, or divide the store into groups." },
        );
      }
      file.cutTo(file.writtenBytes);
      await this.#goOnOnNextTape(0);
    }
  }

  /** Ends the last tape and reads everything on it back. */
  async finish(): Promise<void> {
    await this.#closeTape();
  }

  async #writeParts(
    file: TapeFileWriter,
    what: {
      readonly member: TarMember;
      readonly headers: Buffer;
      readonly content: Content | undefined;
    },
  ): Promise<Omit<WrittenMember, "place" | "torn"> | undefined> {
    const { member, headers, content } = what;
    const hash = createHash("sha256");
    if (!(await file.write(headers))) return undefined;
    let left = member.sizeBytes;
    let failure: unknown;
    try {
      for await (const piece of left > 0 && content !== undefined ? content() : []) {
        if (piece.length > left) {
          failure = new Error("it has more bytes than its folder's listing says");
          break;
        }
        if (!(await file.write(piece))) return undefined;
        hash.update(piece);
        left -= piece.length;
      }
    } catch (error) {
      if (!isOfContent(error)) throw error;
      failure = error;
    }
    if (left > 0) failure ??= new Error("it has fewer bytes than its folder's listing says");
    // What was promised in the header must follow, or tar would take the next header for content.
    const zeros = Buffer.alloc(Math.min(left, 1024 * 1024));
    while (left > 0) {
      const some = zeros.subarray(0, Math.min(left, zeros.length));
      if (!(await file.write(some))) return undefined;
      left -= some.length;
    }
    if (!(await file.write(Buffer.alloc(paddingOf(member.sizeBytes))))) return undefined;
    return { sha256: hash.digest("hex"), ...(failure === undefined ? {} : { failure }) };
  }

  async #writeIndexMember(
    file: TapeFileWriter,
    { name, bytes }: { readonly name: string; readonly bytes: Buffer },
  ): Promise<boolean> {
    const headers = encodeMemberHeaders({
      path: name as TarMember["path"],
      type: "file",
      mode: 0o600,
      uid: 0,
      gid: 0,
      sizeBytes: bytes.length,
      mtimeNs: this.#options.createdAtNs,
      attributes: [],
    });
    for (const part of [headers, bytes, Buffer.alloc(paddingOf(bytes.length))]) {
      if (!(await file.write(part))) return false;
    }
    return true;
  }

  /** The file that a member of this many bytes goes into. */
  async #fileFor(memberBytes: number): Promise<TapeFileWriter> {
    if (this.#session?.full === true) {
      if (this.#file === undefined) await this.#beginFile("data");
      await this.#goOnOnNextTape(undefined);
    }
    const file = this.#file;
    if (file !== undefined) {
      const isTooLarge = file.sizeBytes + memberBytes > this.#options.dataFileBytes;
      if (!isTooLarge || file.sizeBytes === this.#commentBytes) return file;
      await this.#endDataFile();
    }
    return this.#file ?? (await this.#beginFile("data"));
  }

  #comment(): Buffer {
    const { facts } = this.#options;
    return encodeArchiveComment(
      JSON.stringify({
        restante: encodeSetFacts(facts),
        tape: this.#parts.length,
        file: this.#number,
      }),
    );
  }

  async #beginFile(kind: "data" | "index"): Promise<TapeFileWriter> {
    const session = this.#session ?? (await this.#openTape());
    if (this.#section === 1) this.#number++;
    const { facts, blockBytes, createdAtNs, expiresAtNs, signal } = this.#options;
    const file = await TapeFileWriter.begin(session, {
      fileIdentifier: fileIdentifierOf(kind, { set: facts.set, number: this.#number }),
      fileSet: volumeSerialOf((this.#parts[0] as SetPart).barcode),
      section: this.#section,
      sequence: this.#number,
      createdAtNs,
      expiresAtNs,
      blockBytes,
      signal,
    });
    this.#section = 1;
    this.#fileKind = kind;
    this.#file = file;
    if (kind === "index") return file;
    this.#dataFiles++;
    const comment = this.#comment();
    await file.write(comment);
    this.#commentBytes = comment.length;
    return file;
  }

  async #endDataFile(): Promise<void> {
    const file = this.#file as TapeFileWriter;
    await file.finish(endOfArchive);
    const goesOn = this.#current().full;
    await this.#endFile({ goesOn });
    if (!goesOn) return;
    await this.#closeTape();
    await this.#openTape();
  }

  async #goOnOnNextTape(tornAt: number | undefined): Promise<void> {
    const file = this.#file as TapeFileWriter;
    // A torn member ends the archive where it is; whole members are followed by the archive's own end.
    await file.finish(tornAt === undefined ? endOfArchive : new Uint8Array());
    await this.#endFile({ goesOn: true, tornAt });
    await this.#closeTape();
    await this.#openTape();
    this.#section = 2;
  }

  async #endFile(how: {
    readonly goesOn: boolean;
    readonly tornAt?: number | undefined;
  }): Promise<void> {
    const file = this.#file as TapeFileWriter;
    if (this.#fileKind === "data")
      this.#part().data = [...this.#part().data, { file: file.file, blocks: file.blocks }];
    this.#writtenBytes += file.writtenBytes;
    await file.end(how.goesOn ? "EOV" : "EOF", how.tornAt);
    this.#file = undefined;
    this.#part().endFile = this.#current().file;
  }

  async #openTape(): Promise<TapeSession> {
    const { nextTape, signal } = this.#options;
    const { barcode, drive, endFile, isEmpty } = await nextTape(signal);
    this.#session = new TapeSession({ barcode, drive, firstFile: endFile });
    this.#parts.push({ barcode, firstFile: endFile, endFile, data: [] });
    this.#isFresh = isEmpty;
    return this.#session;
  }

  /** A second mark ends what is on the tape (ANSI X3.27); then everything is read back. */
  async #closeTape(): Promise<void> {
    const session = this.#current();
    await session.mark(this.#options.signal);
    await session.verify(this.#options.signal);
    await this.#options.onVerified?.(session);
    this.#session = undefined;
  }

  #current(): TapeSession {
    if (this.#session === undefined) throw new Error("no tape is open");
    return this.#session;
  }

  #part(): MutablePart {
    return this.#parts.at(-1) as MutablePart;
  }

  #tooLarge(member: TarMember): Error {
    return tapeError(
      "methods.tape-member-too-large",
      `Cannot write "${displayPath(member.path)}": its ${member.sizeBytes} bytes do not fit on a whole tape (${this.#current().barcode})`,
      { hint: "Use tapes that hold more, or leave this file to another method." },
    );
  }
}

/** Errors of the file that is read; an error of the tape, or the word to stop, is not one. */
function isOfContent(error: unknown): boolean {
  return isImageError(error) && error.code !== "image.closed";
}
