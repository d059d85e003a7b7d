/** Configurations of Dovecot as sites have them; for tests. */

/** 2.3 with virtual users, as many guides have it, in files that include one another. */
export const virtualUsers23: Readonly<Record<string, string>> = {
  "/etc/dovecot/dovecot.conf": `
# 2.3
!include_try /usr/share/dovecot/protocols.d/*.protocol
protocols = imap lmtp sieve
!include conf.d/*.conf
!include_try local.conf
`,
  "/etc/dovecot/conf.d/10-auth.conf": `
auth_mechanisms = plain login
!include auth-passwdfile.conf.ext
`,
  "/etc/dovecot/conf.d/auth-passwdfile.conf.ext": `
passdb {
  driver = passwd-file
  args = scheme=CRYPT username_format=%u /etc/dovecot/users
}
userdb {
  driver = passwd-file
  args = username_format=%u /etc/dovecot/users
  default_fields = uid=vmail gid=vmail home=/var/vmail/%d/%n
}
`,
  "/etc/dovecot/conf.d/10-mail.conf": `
mail_home = /var/vmail/%d/%n
mail_location = maildir:~/Maildir:INDEX=/var/indexes/%d/%n:CONTROL=/var/control/%d/%n # apart
mail_plugins = $mail_plugins quota acl
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    special_use = \\Drafts
  }
}
namespace {
  type = public
  prefix = Public/
  location = maildir:/var/mail/public
}
namespace {
  type = shared
  prefix = shared/%%u/
  location = maildir:%%h/Maildir:INDEX=~/shared/%%u
}
mail_attribute_dict = file:%h/dovecot-attributes
mail_attachment_dir = /var/attachments
`,
  "/etc/dovecot/conf.d/15-lda.conf": `
postmaster_address = "post \\"master\\"@example.org"
protocol lda {
  mail_plugins = $mail_plugins sieve
}
`,
  "/etc/dovecot/conf.d/90-plugin.conf": `
plugin {
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_before = /var/lib/dovecot/sieve/before.d
}
plugin {
  acl = vfile:/etc/dovecot/global-acls:cache_secs=300
  acl_shared_dict = file:/var/lib/dovecot/shared-mailboxes
  quota = dict:User quota::file:%h/dovecot-quota
}
`,
  "/etc/dovecot/users": `# users
ann@example.org:{CRYPT}$2y$05$x:5000:5000::/var/vmail/example.org/ann::
bob@example.org:{CRYPT}$2y$05$x:5000:5000::::userdb_mail=mdbox:~/mdbox
`,
};

/** 2.4, from the example that it comes with, and its documentation. */
export const virtualUsers24: Readonly<Record<string, string>> = {
  "/etc/dovecot/dovecot.conf": `
dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
protocols {
  imap = yes
  lmtp = yes
}
mail_home = /srv/vmail/%{user | domain | lower}/%{user | username | lower}
mail_driver = sdbox
mail_path = ~/mail
mail_index_path = /var/indexes/%{user | lower}
mail_alt_path = /srv/archive/%{user}
mail_ext_attachment_path = /srv/attachments
mail_plugins {
  acl = yes
  notify = yes
  mail_log = yes
  fts = no
}
mail_attribute {
  dict file {
    path = %{home}/dovecot-attributes
  }
}
namespace inbox {
  inbox = yes
  separator = /
}
namespace public {
  type = public
  prefix = Public/
  mail_driver = maildir
  mail_path = /srv/public
}
passdb passwd-file {
  passwd_file_path = /etc/dovecot/users
}
userdb passwd-file {
  passwd_file_path = /etc/dovecot/users
}
protocol lmtp {
  mail_plugins {
    sieve = yes
  }
}
sieve_script personal {
  path = ~/sieve
  active_path = ~/.dovecot.sieve
}
sieve_script before {
  type = before
  path = /etc/dovecot/sieve-before
}
ssl_server {
  cert_file = /etc/dovecot/ssl-cert.pem
  key_file = /etc/dovecot/ssl-key.pem
}
`,
  "/etc/dovecot/users": "Ann@Example.org:{CRYPT}x::::::\nbob@example.org:{CRYPT}x::::::\n",
};

/** What `doveconf -n` of 2.3.19 prints on a Debian on which nothing was changed. */
export const debianDoveconf = `# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
# Pigeonhole version 0.5.19 (4eae2f79)
# OS: Linux 6.1.0 x86_64 Debian 12.11
# Hostname: mx1
mail_location = mbox:~/mail:INBOX=/var/mail/%u
mail_privileged_group = mail
namespace inbox {
  inbox = yes
  location =
  mailbox Drafts {
    special_use = \\Drafts
  }
  mailbox "Sent Messages" {
    special_use = \\Sent
  }
  prefix =
}
passdb {
  driver = pam
}
protocols = " imap lmtp"
ssl_cert = </etc/dovecot/private/dovecot.pem
ssl_client_ca_dir = /etc/ssl/certs
ssl_dh = # hidden, use -P to show it
ssl_key = # hidden, use -P to show it
userdb {
  driver = passwd
}
`;
