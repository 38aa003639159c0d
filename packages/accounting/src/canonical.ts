/** SHA-256 of a text's UTF-8 bytes, lower-case hexadecimal. Passed in: Node has one, a browser has another. */
export type Sha256 = (text: string) => string;

/**
 * JSON text that is the same for equal values: keys in order of their code units, nothing between tokens, absent and
 * undefined alike. Numbers must be safe integers; whatever may have decimals is text. Throws TypeError otherwise.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError(`${value} is no safe integer`);
      return String(value);
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) throw new TypeError('only plain objects have a canonical text');
      const fields = Object.entries(value).filter(([, field]) => field !== undefined);
      fields.sort(([left], [right]) => (left < right ? -1 : 1));
      return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join()}}`;
    }
    default:
      throw new TypeError(`a ${typeof value} has no canonical text`);
  }
}
