/**
 * Modules of Debian's kernel that a guest loads at its start. In there nothing loads a module on demand: the guest's root
 * is this machine's, which has other modules or none.
 */
export const wantedModules = [
  // The machine that qemu makes: its bus, its disks, its random numbers.
  'virtio_pci',
  'virtio_blk',
  'virtio_rng',
  // The host's files, read-only, with memory over them; a disk for what needs a real file system.
  '9pnet_virtio',
  '9p',
  'overlay',
  'crc32c_generic',
  'ext4',
  // What containers and their networks are made of.
  'veth',
  'bridge',
  'dummy',
  'tun',
  'fuse',
  'nf_tables',
  'nf_conntrack',
  'nft_ct',
  'nft_chain_nat',
  'nft_nat',
  'nft_masq',
  'nft_redir',
  'nft_reject_inet',
  'nft_limit',
  'nft_log',
  // Sockets as ss sees them.
  'unix_diag',
  'inet_diag',
  'tcp_diag',
  'udp_diag',
] as const;

/** Names of a module are written with `-` in file names and `_` in the kernel. */
export const moduleName = (fileName: string): string => fileName.replace(/\.ko(?:\.\w+)?$/, '').replaceAll('-', '_');

/** Names that a module's own .modinfo says it needs first (`depends=jbd2,mbcache`). */
export function parseModuleDepends(module: Buffer): string[] {
  const key = Buffer.from('\0depends=');
  const at = module.indexOf(key);
  if (at < 0) return [];
  const begin = at + key.length;
  const text = module.toString('latin1', begin, module.indexOf(0, begin));
  return text.split(',').filter(Boolean).map(moduleName);
}

/**
 * All modules that must be loaded, each after those it depends on.
 *
 * @param dependsOn what a module depends on; undefined where there is no such module (it is part of the kernel)
 */
export function orderModules(wanted: readonly string[], dependsOn: (name: string) => readonly string[] | undefined): string[] {
  const ordered = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (ordered.has(name)) return;
    if (path.includes(name)) throw new Error(`modules depend on each other: ${[...path, name].join(' -> ')}`);
    const depends = dependsOn(name);
    if (depends === undefined) return;
    for (const each of depends) visit(each, [...path, name]);
    ordered.add(name);
  };
  for (const name of wanted) visit(name, []);
  return [...ordered];
}
