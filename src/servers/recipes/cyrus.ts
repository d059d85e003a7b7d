import type { ServerRecipe } from "./recipe.ts";

/** Cyrus with its own utilities as the validating program of a hot split. */
export const cyrusRecipe: ServerRecipe = {
  name: "cyrus",
  title: "Cyrus IMAP, validated by its own utilities",
  isTried: false,
  about:
    "Spool and databases of one instant are copied, and the server's utilities look at the copy by a configuration that names its folders. Our own reader (validate: reader) needs none of this.",
  configuration: `  cyrus:
    type: cyrus
    path: /srv/cyrus # a folder that has the partitions and the configuration folder
    data_source: hot split snapshot
    validate: [/usr/local/sbin/cyrus-check, "{path}"]
    validate_time_limit: 1 hour
    also_protect: [/etc/cyrus]
`,
  files: [
    {
      name: "cyrus-check",
      text: `#!/bin/sh -e
# As root: the utilities run as the server's user, on the copy alone.
copy=$1
chown -R cyrus:mail "$copy"
conf=$(mktemp)
trap 'rm -f "$conf"' EXIT
sed -e "s|^configdirectory:.*|configdirectory: $copy/conf|" \\\\
    -e "s|^partition-default:.*|partition-default: $copy/spool|" /etc/imapd.conf > "$conf"
chmod 644 "$conf"
su cyrus -s /bin/sh -c "/usr/lib/cyrus/bin/cyr_dbtool -C $conf $copy/conf/mailboxes.db twoskip consistent"
found=$(su cyrus -s /bin/sh -c "/usr/lib/cyrus/bin/reconstruct -C $conf -n -r user" 2>&1 | grep -v '^user') || true
test -z "$found" || { echo "$found" >&2; exit 1; }
`,
    },
  ],
  validation: [
    "cyr_dbtool /ABSOLUTE/PATH/mailboxes.db twoskip consistent",
    "reconstruct -n -r user      reports what it would mend, and writes nothing",
  ],
  putBack: ["reconstruct -r -f user/USER, then quota -f, as the server's user"],
  cautions: ["reconstruct exits with 0 also where it found something: what it prints decides."],
};
