import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeEntities } from "./html-entities.ts";
import { htmlToText } from "./html-text.ts";

const cases: readonly (readonly [string, string, string])[] = [
  ["tags go, white space is one blank", "<b>a</b>  \n b<i>c</i>", "a bc"],
  ["blocks are lines", "<div>a</div><div>b</div>c<br>d", "a\nb\nc\nd"],
  ["paragraphs have a blank line between", "<p>a</p><p>b</p>", "a\n\nb"],
  ["cells are apart, rows are lines", "<tr><td>a</td><td>b</td></tr><tr><td>c</td></tr>", "a b\nc"],
  ["lists have marks", "<ul><li>a<li>b</ul>", "* a\n* b"],
  [
    "scripts, styles and titles are dropped",
    "<title>t</title><style>a<b</style>x<SCRIPT>'</p>'</sCript >y",
    "xy",
  ],
  ["a script that does not end hides the rest", "a<script>b", "a"],
  [
    "comments are dropped, also Outlook's",
    "a<!-- <p>x</p> --><!--[if mso]><b>x</b><![endif]-->b",
    "ab",
  ],
  ["a comment that does not end hides the rest", "a<!-- b", "a"],
  ["declarations are dropped", "<!DOCTYPE html><?xml?>a<![if !mso]>b", "ab"],
  ["quotes hide what ends a tag", `<a title="x>y" b='>'>z</a>`, "z"],
  ["a stray apostrophe hides nothing", `<p style=x'>a</p>b`, "a\n\nb"],
  ["a quote that is never closed hides nothing", `<a b="c>d</a>e`, "de"],
  ["less-than is text", "1 < 2 <3", "1 < 2 <3"],
  ["references are decoded, once", "&uuml;&#8364;&#x1F600;&amp;lt;&nbsp;x", "ü€😀&lt; x"],
  ["what looks like a reference and is none stays", "a&b &foo; &copy2 &", "a&b &foo; &copy2 &"],
  ["pictures are their text", `<img src=x alt="a &amp; b">`, "a & b"],
  ["preformatted text keeps its lines", "<pre>a\n  b</pre>c", "a\n  b\n\nc"],
  ["padding without width goes", "a&zwnj;&#8203;&shy;b", "ab"],
  ["tags may be divided by any line end", 'a<br\r\n/>b<img alt=\r\n"c"\r\n>', "a\nbc"],
  ["nothing", "", ""],
];
for (const [name, html, text] of cases) {
  test(`HTML as text: ${name}`, () => assert.equal(htmlToText(html), text));
}

test("where a link leads stands behind it where that is wanted, and nothing that is no address", () => {
  const links = (html: string): string => htmlToText(html, { links: true });
  assert.equal(links(`<a href="https://e.org/x">here</a>.`), "here <https://e.org/x>.");
  assert.equal(links(`<a href=https://e.org>https://e.org</a>`), "https://e.org");
  assert.equal(
    links(`<a href="https://evil.org">https://bank.org</a>`),
    "https://bank.org <https://evil.org>",
  );
  assert.equal(links(`<a href="https://e.org"><img></a>`), "<https://e.org>");
  assert.equal(links(`<a href="javascript:x">a</a><a href="#top">b</a>`), "ab");
  assert.equal(htmlToText(`<a href="https://e.org/x">here</a>`), "here");
});

test("text ends at the limit", () => {
  assert.equal(htmlToText("<p>abc</p>".repeat(100), { limit: 10 }).length, 10);
});

test("numbers of Windows-1252 and such as no character has are read as browsers do", () => {
  assert.equal(decodeEntities("&#128;&#150;&#0;&#55296;&#1114112;"), "€–\ufffd\ufffd\ufffd");
});

test("property: text that was escaped comes back, whatever stands around it", () => {
  const words = fc.array(fc.stringMatching(/^[!-~äöü€]{1,12}$/), { maxLength: 8 });
  fc.assert(
    fc.property(words, (texts) => {
      const escaped = texts.map((text) =>
        text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
      );
      const html = `<html><body style="a>b"><!-- x -->${escaped.join("<span> </span>")}</body>`;
      assert.equal(htmlToText(html), texts.join(" "));
    }),
  );
});

test("property: no markup makes it throw, or what is hidden be seen", () => {
  const piece = fc.constantFrom(
    ..."< > <a </ <!-- --> =\" ' <script> </script> &lt ; x <p> <pre> <img~alt= <! <? =".split(" "),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const html = pieces.join("").replaceAll("~", " ");
      htmlToText(html, { links: true });
      assert.doesNotMatch(htmlToText(`<style>hidden</style>${html}`), /hidden/);
    }),
  );
});
