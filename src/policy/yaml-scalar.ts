/**
 * A text as YAML reads it back: plain where it cannot be taken for anything else; else in double quotes,
 * as JSON, which YAML 1.2 reads.
 */
export function yamlScalar(text: string): string {
  const isPlain =
    /^[A-Za-z/][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)?$/.test(text) &&
    !/^(?:true|false|null|yes|no|on|off|[yn])$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
