/** A sealed segment of format 1 as it was written when the format was made, and what is in it. */
import { gunzipSync } from "node:zlib";
import type { RawPath } from "#image";
import type { FileState, JournalEvent } from "../journal-event.ts";

const state: FileState = {
  type: "file",
  mode: 0o640,
  uid: 5000,
  gid: 5001,
  mtimeNs: 1_700_000_000_123_456_789n,
  ctimeNs: -1n,
  inode: (1n << 64n) - 1n,
  links: 2,
  linkTarget: "../\u00e9" as RawPath,
  device: 2049n,
  extendedAttributes: [{ name: "user.a", value: new Uint8Array([0, 255]) }],
};
const folder: FileState = {
  type: "directory",
  mode: 0o2770,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  ctimeNs: 0n,
  inode: 1n,
  links: 1,
};
const path = "cur/1.M1.mx1:2,S\u00e4" as RawPath;
const file = { inode: 7n, sizeBytes: 2 ** 53 - 1, mtimeNs: 1n };
const content = [{ data: 2, offset: 9, lengthBytes: 5 }];
const data = Buffer.from("Subject: hello\r\n\r\nHow are you?\r\n");

/** One of each, after the mark of the start. */
export const goldenEvents: readonly JournalEvent[] = [
  { type: "data", bytes: data },
  { type: "put", path, state, sizeBytes: 5, content },
  { type: "write", path, offset: 1_000_000, content, sizeBytes: 1_000_005, state: folder },
  { type: "truncate", path, sizeBytes: 0, state: folder },
  { type: "link", path, to: "new/a" as RawPath, file },
  { type: "rename", path, to: "new/b" as RawPath, file },
  { type: "remove", path },
  { type: "mkdir", path: ".Drafts" as RawPath, state: folder },
  { type: "rmdir", path: ".Drafts" as RawPath },
  { type: "attributes", path, state },
  {
    type: "arrived",
    delivery: "d-1",
    sender: "",
    recipients: ["a@example.org", "ü@example.org"],
    sizeBytes: 32,
    content: [{ data: 2, offset: 0, lengthBytes: 32 }],
  },
  {
    type: "outcome",
    delivery: "d-1",
    recipient: "a@example.org",
    reply: { code: 250, lines: ["2.0.0 one", "two"] },
  },
  {
    type: "mark",
    name: "volumes",
    path: "" as RawPath,
    id: "copy 1",
    fromNs: 3n,
    volumes: [{ id: "uuid:1", role: "log", root: "index" as RawPath }],
    message: "Größe",
  },
  { type: "gap", fromNs: 1n, toNs: 2n, why: "overflow", path, message: "late" },
];

/** Compressed, in base64. */
const golden: readonly string[] = [
  "H4sIAAAAAAACA+2ZaVBTWRqGk0YgEJBFlo6KYRGaVZZWQEWRJaB0GoVkAGWTXXABAsi+KBgDsgmoILuIGGSRTdoIBA",
  "QbsMPSQqNIMIIIyBaQHSKZuj3XGiuTqamZml8z9/lzvrr1nu99b91KzrnnWmNweAtrSywcBoPxw2Aw+Gs3vAkaGVq7",
  "t5a9KfvAFbgOwDn+HVXdrZw70pxXt78z4+8tCrTaVz+1MTCIxvfHeGHvy6oZhArQM5ltHsoBQX5+voRAGAQEBAQEBM",
  "R/Hx/Li9U9Z7a3900K5qtkhtnc62LX6i3LXjMXlIiLDLYftobWfwgICAgIiP+/9d/CTBv5zdoO/yfzuK3v+ysybTpp",
  "5kKXc9BwQZeRZ1OUKgk9f12YyhXqI2JkBtBaAAaDyYJtvwOncuoQS0V1sZfVomRd0GHL5fpuQOv05M7Gdu8gE1n6TG",
  "rcnIsBT+MDmez8hqeJ6xUn5R/t+vCKnLOpP252MehcyVHJmso5oxIfdmXrFaZtfp7LCGB8GjQDTHnAmrMPt3vCa3tZ",
  "0shNS4golBuqC8GvJNL31r3Sp1VU7izv549MJyHBGnHMgW1KK7vfYgxWE/Az2LtbngU7MZijliEOz3cJG/Yzguzf6J",
  "QjYjpJstfvI5WsEzZ/UWzUcxUIDqvP6rvbmJqYxWvXmMEUXw9JAIKaguZAyG1gzanjFvRJZurTvasBs64Sl6ZLqfhZ",
  "N+VTWu054pYMCwF8czYrKfYYP+X21rG8AKN4ocNqX2KDD2sGM7vtNTRM0yZe6+09lxguiWH15uDUaRGRp8U6LGuPxo",
  "2k05sIQKbDoA+QhxesOXXcMulUWDW2pesTxmXcs3jIkyRC4Kmy25P+qrNaW8UXGO1zvF0zXb6vr3t8qqloCU9v/eyY",
  "uKg+xS5cC+HXdCiEWejyM4rWsjT6dxkbnL4cNLAJRDkItgdi8IE1p45blHFh19X+BsdUu6ArW5TUVETefQKKRouSyi",
  "Qwu7/3eYRMolc9oYXkwl/aCJe4fjDbcQw2GuyMQvSS8rBqLUR/uRJKh4wU3t7lbJ4OueHbIHzgRhmAU8ctSP3MSdZP",
  "bBjcTrnI/aVCxFy05qDx8LxToBDO8UNG6eTh8O5FmPrMPI6Ohq9sjD4by4/1nkrYOVmF2+0zn1bmvIXuzs1bdZURn7",
  "a45PMJCLILbA6EQIA1p45bkEGvsHhzgSGGN/mD1ivVgMtnVuJaungWSHryWevLPsVrzc4SA7f3yl//Ob941R3+569X",
  "C5wO2AiANaeOm9U8ixJ575c8AjG5VnRmFlVUKDWzVH/GzzhZj1/ruvMrJEEtfnbjrD1cR8OtYrnt3JOMK++GpZtYLh",
  "LSPWZ/oKXGcpHizYC/GNgT8BYEa04dN//suY+Tz8MlA7MkJZttT/lh40qoT+v1A+880uSdUG6fO1B+vk0eBRjgwUlA",
  "86//gpw6bgYP5xlKSKIOzv3esn6STMPYQ0Nj+y9R3azHfUShXnXN+nEjHWusXZHnZI6KXzWRFl7hmREJN8bNaZtbtJ",
  "QGexc4+N2wax4dNn2zCB9RGXlcUqZy0zZ+/07hsRTDZlUBXae3b0IoIpkFPwAZtUFfIJ8QWHPquGUkhb9paHW3Pf2s",
  "lN9mRdJaXLki17as9QZp4DzzeK9htco0mraqr24tHaJogn1Ifho/Mrjn1yoxKzvMWITGUgqveLLGtkodIIA62BQwFw",
  "ZrTh23AAU8i6Offqd5qJZ6x5X1mUbrX3MjLt5EuqTBe9/elbBPSw9EOnj1pfds9OKLBh0jTe/H3Lt5RO2WkEJ29avd",
  "9SglwPtrY8B3O1hz6rh5SxxKCdNIarBXqFIOxegpC4sdb6bfephiRekwbNweImrzl/7llpOdhSbomLrvfrR9F4PP5u",
  "/QK481rbr04PuGvgmb96hChV77bxMA7iJgzanjluCPljr/mdrAatWuk5ZpIQitzJo6L1FVRyyzTd6Rx/tOnpw5sr2W",
  "UUjpGm4any6LCGiMrisuUalzPWC450yV4pfWlfxUVxn2t8sz4C4K1pw6bgn0bGPwVfkROQeYNLxKZeKC9/BvBVkeP7",
  "72jEhQv9HTEnOePRuINO9o61+9NtS1/lp8a5yKUYyV3+NKoh8zOSDflIDbJB99d7BukFHt1Mza7mvR/ozce9uAf7Tn",
  "Tb//3o9jYgOvDOMRQ51HEiaMxgpqMvOfuCkGhR6ao/b1pz0lpGpEX23dMZsiIrjTvPLEytSJ1mt+giYiDp7EIjxVE6",
  "f+PiV1B5lNXZ8UZa6dxxB/E7x6cWilv4/S+Z5x/iVFNeyZaChFp9BzyMMI74Q+KBeo2EYlV+62iNq3KgxrxyFieVrr",
  "Kvg+t/1kFVPNRzyhINaS1Hr9QSjRnefcF2mWKjbvah2loij7zoBReA22MURa0y2cJPOSFKhDTy4un4b5olgiaSX7RR",
  "epN7bVLjDXpl0TKvmkLpDdEnIuZB5i5x0xvkV1RDCyj7JO3fSjm0kq6PHt0z1O8FBQOlGw48Vhk2TMhY8k7Q6C6bh0",
  "jtyLDF/nOqaV8dJpJV/cCzw5LWDNpxRG/WyOLc1/SSycxnZfGM3lRXaXowyUy6TWZNW9luj7R2erx/f7LQyNTpDKZV",
  "mJZl4ZS3yZ7qGIFJWR3GL8Y51k7YwetqnZZtHivXA861G3j+Up9KXqCOPxef2aOJTMHCMN2txCQEBAQPzH/Hn+j7E0",
  "/fruvwGe5H8ds8H9ryy4+fh6PiD6D+f/fxs5dxlxPXKbKgECK8brMKcvkvBfqzZI0xYTC/5SU001682XlR6qlzv8YJ",
  "/e+J7h9aL7/kLi747SuvqVZCVnz3136ZSoeugJQUBAQEBA/PskrbHH39KmmT+btWq4XXpebYeN9jt+LCgluDhAM62r",
  "3Bj6/g8BAQEBAfG/x7/6/v9Xf9MpZQAwAAA=",
];

export const goldenName = "0000000000000001.journal";
export const goldenBytes = (): Buffer => gunzipSync(Buffer.from(golden.join(""), "base64"));
