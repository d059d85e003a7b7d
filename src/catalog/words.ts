/**
 * Writing without spaces between words (Chinese, Japanese; Korean's particles) gets them, between all
 * characters: then any part of a sentence is a phrase that can be searched for. Text and what is
 * searched for go through the same.
 */
const unspaced =
  /[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]/;
const eachUnspaced = new RegExp(unspaced, "g");

export function searchable(text: string): string {
  const whole = text.includes("\0") ? text.replaceAll("\0", " ") : text;
  return unspaced.test(whole) ? whole.replace(eachUnspaced, " $& ") : whole;
}
