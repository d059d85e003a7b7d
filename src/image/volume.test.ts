import assert from "node:assert/strict";
import { test } from "node:test";
import { rawPathFromText, type RawPath } from "./raw-path.ts";
import { describeVolume, findMount, parseMountInfo, sameDevice, volumeIdentity } from "./volume.ts";

const mountInfo = [
  "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard",
  "31 27 0:40 /@mail/live /var/mail rw,relatime shared:12 master:3 - btrfs /dev/sdb1 rw,subvol=/@mail/live",
  "32 27 0:41 / /srv/with\\040space rw - tmpfs none rw",
  "33 27 0:42 / /var/mail rw - xfs /dev/sdc rw",
  "damaged line",
  "",
].join("\n");

test("mount lines are understood with optional fields and octal escapes", () => {
  const mounts = parseMountInfo(mountInfo);
  assert.equal(mounts.length, 4);
  assert.deepEqual(mounts[1], {
    root: "/@mail/live",
    mountPoint: "/var/mail",
    filesystemType: "btrfs",
    source: "/dev/sdb1",
  });
  assert.equal(mounts[2]?.mountPoint, "/srv/with space");
});

test("the longest mount point wins, and of equals the one on top; a common prefix is no parent", () => {
  const mounts = parseMountInfo(mountInfo);
  const type = (path: string) => findMount(mounts, path as RawPath)?.filesystemType;
  assert.equal(type("/var/mail"), "xfs");
  assert.equal(type("/var/mail/u1"), "xfs");
  assert.equal(type("/var/mailbox"), "ext4");
  assert.equal(type("/srv/with space/x"), "tmpfs");
});

test("a volume is its UUID, on btrfs with its subvolume, and otherwise type, source and root", () => {
  const [plain, btrfs] = parseMountInfo(mountInfo);
  assert.ok(plain !== undefined && btrfs !== undefined);
  assert.equal(describeVolume(plain, "abc"), "uuid:abc");
  assert.equal(describeVolume(plain, undefined), "ext4:/dev/vda:/");
  assert.equal(describeVolume(btrfs, "abc"), "uuid:abc:/@mail/live");
});

test("this machine's folders have an identity, the same every time", async () => {
  const here = rawPathFromText(import.meta.dirname);
  const identity = await volumeIdentity(here);
  assert.ok(identity.length > 0);
  assert.equal(await volumeIdentity(here), identity);
  assert.equal(await sameDevice(here, rawPathFromText(import.meta.filename)), true);
});

test(
  "two filesystems are not one device",
  { skip: process.platform === "linux" ? false : "needs /proc" },
  async () => {
    assert.equal(await sameDevice("/proc" as RawPath, rawPathFromText(import.meta.dirname)), false);
  },
);
