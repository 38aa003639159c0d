import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openStatement, readPublicKey, type Statement } from '@bulkhead/api/statement';
import { Problem, VerifyKeys } from '@bulkhead/model';

/** Whose statements are believed, and for which roles. */
export class Verifier {
  readonly #keys: { name: string; key: KeyObject; roles: ReadonlySet<string> }[];

  constructor(keys: VerifyKeys) {
    this.#keys = keys.map(({ name, publicKeyPem, roles }) => {
      const key = readPublicKey(publicKeyPem);
      if (key.asymmetricKeyType !== 'ed25519') throw new Problem('invalid', `the key ${name} is ${key.asymmetricKeyType}, not ed25519`);
      return { name, key, roles: new Set<string>(roles) };
    });
  }

  /** @throws Problem 'invalid', naming the file */
  static fromFile(path: string): Verifier {
    try {
      return new Verifier(VerifyKeys.parse(JSON.parse(readFileSync(path, 'utf8'))));
    } catch (failure) {
      throw new Problem('invalid', `${path} is no list of keys`, { remedy: '`./bulkhead up` writes it anew', cause: failure });
    }
  }

  /** Checks signature, form, and that the key may speak for the role. @throws Problem 'unauthenticated' */
  open(text: string): Statement {
    for (const { name, key, roles } of this.#keys) {
      let statement: Statement;
      try {
        statement = openStatement(text, key);
      } catch {
        continue;
      }
      if (!roles.has(statement.role)) throw new Problem('unauthenticated', `the key ${name} does not speak for the role ${statement.role}`);
      return statement;
    }
    throw new Problem('unauthenticated', "the statement is malformed, or not signed by this host's control plane");
  }
}
