import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';
import { Problem } from '@bulkhead/model';
import type { ListenAddress } from './listen.ts';
import type { UserIds } from './users.ts';
import { writeFileAtomically } from './write-file.ts';

export interface TlsFiles {
  certificateFile: string;
  keyFile: string;
}

/** Names and addresses under which browsers may reach us. */
function subjectNames(listen: ListenAddress): { names: string[]; addresses: string[] } {
  const all = Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address));
  const isWildcard = listen.address === '0.0.0.0' || listen.address === '::';
  const addresses = [...new Set(['127.0.0.1', ...(isWildcard ? all.filter((address) => !address.includes('%')) : [listen.address])])];
  return { names: [...new Set([hostname(), 'localhost'])], addresses };
}

/** True where the stored certificate still serves: all names in it, and at least 30 days left. */
function isUsable(file: string, wanted: { names: string[]; addresses: string[] }): boolean {
  if (!existsSync(file)) return false;
  const certificate = new X509Certificate(readFileSync(file));
  return (
    Date.parse(certificate.validTo) - Date.now() > 30 * 86_400_000 &&
    wanted.names.every((name) => certificate.checkHost(name) !== undefined) &&
    wanted.addresses.every((address) => isIP(address) === 0 || certificate.checkIP(address) !== undefined)
  );
}

async function makeSelfSigned(wanted: { names: string[]; addresses: string[] }): Promise<{ certificatePem: string; keyPem: string }> {
  // The library's container of parts wants this polyfill before it is loaded.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { subtle } = globalThis.crypto;
  x509.cryptoProvider.set(globalThis.crypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${wanted.names[0] ?? 'bulkhead'}, O=Bulkhead`,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + 397 * 86_400_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...wanted.names.map((value) => ({ type: 'dns' as const, value })),
        ...wanted.addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = pkcs8.match(/.{1,64}/g)?.join('\n') ?? '';
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    keyPem: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  };
}

function readGiven(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    throw new Problem('invalid', `${option}: ${file} cannot be read (${(failure as NodeJS.ErrnoException).code})`, { cause: failure });
  }
}

/** Certificate and key for an address beyond loopback: those given, copied to where the dashboard may read them, or self-signed ones. */
export async function ensureTls(options: {
  listen: ListenAddress;
  given: { certificate?: string | undefined; key?: string | undefined };
  directory: string;
  owner: UserIds;
  workDirectory: string;
}): Promise<TlsFiles & { selfSigned: boolean; fingerprint: string }> {
  const { given, directory, owner, workDirectory } = options;
  const { uid, gid } = owner;
  const isGiven = given.certificate !== undefined || given.key !== undefined;
  const kind = isGiven ? 'given' : 'self-signed';
  const files: TlsFiles = { certificateFile: `${directory}/${kind}-certificate.pem`, keyFile: `${directory}/${kind}-key.pem` };
  if (isGiven) {
    if (given.certificate === undefined || given.key === undefined)
      throw new Problem('invalid', '--tls-cert and --tls-key go together: one of them is missing');
    const cert = readGiven('--tls-cert', given.certificate);
    const key = readGiven('--tls-key', given.key);
    try {
      createSecureContext({ cert, key });
    } catch (failure) {
      throw new Problem('invalid', `--tls-cert and --tls-key do not fit: ${(failure as Error).message}`, { cause: failure });
    }
    await writeFileAtomically(files.certificateFile, cert, { mode: 0o400, uid, gid, workDirectory });
    await writeFileAtomically(files.keyFile, key, { mode: 0o400, uid, gid, workDirectory });
  } else {
    const wanted = subjectNames(options.listen);
    if (!isUsable(files.certificateFile, wanted) || !existsSync(files.keyFile)) {
      const { certificatePem, keyPem } = await makeSelfSigned(wanted);
      await writeFileAtomically(files.keyFile, keyPem, { mode: 0o400, uid, gid, workDirectory });
      await writeFileAtomically(files.certificateFile, certificatePem, { mode: 0o400, uid, gid, workDirectory });
    }
  }
  const { fingerprint256 } = new X509Certificate(readFileSync(files.certificateFile));
  return { ...files, selfSigned: !isGiven, fingerprint: fingerprint256 };
}
