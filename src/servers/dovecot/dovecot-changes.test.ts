import assert from "node:assert/strict";
import { test } from "node:test";
import { dovecotChanges } from "./dovecot-recipes.ts";
import { parseDoveconf } from "./settings-text.ts";

type Told = { readonly isOn: boolean; readonly log?: string; readonly lacks?: string };

function mailLog(text: string, systemLog?: string): Told {
  const [{ isOn, log, lacks } = assert.fail()] = dovecotChanges(parseDoveconf(text), systemLog);
  return {
    isOn,
    ...(log === undefined ? {} : { log }),
    ...(lacks === undefined ? {} : { lacks }),
  };
}

const plugins = "protocol imap {\n  mail_plugins = notify mail_log\n}\n";
const all =
  "plugin {\n  mail_log_events = expunge save copy mailbox_create mailbox_delete mailbox_rename flag_change\n}\n";

test("mail_log is said to be on with the file that it logs into", () => {
  assert.deepEqual(mailLog(`${plugins}${all}log_path = /var/log/dovecot.log\n`), {
    isOn: true,
    log: "/var/log/dovecot.log",
  });
  const info = `${plugins}${all}log_path = /var/log/d.log\ninfo_log_path = /var/log/d-info.log\n`;
  assert.equal(mailLog(info).log, "/var/log/d-info.log");
  assert.equal(mailLog(`${plugins}${all}`, "/var/log/mail.log").log, "/var/log/mail.log");
});

test("what mail_log does not log is named", () => {
  const { lacks } = mailLog(`${plugins}log_path = /var/log/dovecot.log\n`);
  assert.match(lacks ?? "", /no mailbox_create, flag_change:/);
  assert.match(mailLog(`${plugins}${all}`).lacks ?? "", /no file that is known/);
  assert.match(mailLog(`${plugins}${all}log_path = /dev/stderr\n`).lacks ?? "", /no file/);
});

test("events of 2.4 are a list in a section of its own", () => {
  const events = "mail_log_events {\n  expunge = yes\n  save = yes\n  copy = yes\n}\n";
  const { lacks } = mailLog(`${plugins}${events}log_path = /var/log/dovecot.log\n`);
  assert.match(lacks ?? "", /no mailbox_create, mailbox_delete, mailbox_rename, flag_change:/);
});

test("without the plugin it tells of nothing", () => {
  assert.deepEqual(mailLog("mail_plugins = notify\nlog_path = /var/log/d.log\n"), {
    isOn: false,
    log: "/var/log/d.log",
  });
});
