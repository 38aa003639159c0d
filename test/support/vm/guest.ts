import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BootFiles } from './boot-files.ts';
import { cacheDirectory } from './cache.ts';

export interface GuestOptions {
  /** What its console is kept under, `.bootstrap/vm/NAME.console`, for whoever wants to see how it went. */
  name: string;
  boot: BootFiles;
  /** This machine's files, read-only under memory, or an image with a system of its own. */
  root: { kind: 'host' } | { kind: 'disk'; image: string };
  /** Files put at /run/vm in the guest; `main` is what a guest on the host's files runs as PID 1. */
  files: Readonly<Record<string, string>>;
  memoryMegabytes?: number;
  /** The guest is killed after this. */
  timeoutSeconds: number;
}

/** How a guest ended, and what it left at /run/vm. */
export interface GuestEnd {
  /** It ended by itself, in time. */
  isOver: boolean;
  console: string;
}

export interface Guest extends AsyncDisposable {
  /** What is /run/vm inside. */
  readonly directory: string;
  readonly ended: Promise<GuestEnd>;
}

/** The checkout is at the same path inside, with memory over it. */
const checkout = join(import.meta.dirname, '../../..');

const scratchBytes = 4 * 1024 ** 3;

/** An empty ext4 disk; the file is sparse. */
function makeScratchDisk(path: string): void {
  const descriptor = openSync(path, 'w');
  ftruncateSync(descriptor, scratchBytes);
  closeSync(descriptor);
  execFileSync('/sbin/mke2fs', ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=1,lazy_journal_init=1', path], { stdio: 'pipe' });
}

const nineP = (tag: string, path: string, options: string): string[] => [
  '-fsdev',
  `local,id=${tag},path=${path.replaceAll(',', ',,')},security_model=none,${options}`,
  '-device',
  `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
];
const disk = (id: string, file: string): string[] => [
  '-drive',
  `id=${id},file=${file},if=none,format=raw,cache=unsafe,discard=unmap`,
  '-device',
  `virtio-blk-pci,drive=${id}`,
];

function commandOf(options: GuestOptions, directory: string, disks: readonly string[]): string[] {
  const root = options.root.kind === 'host' ? 'host' : '/dev/vda';
  const words = [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    // Nothing of version 1 can be mounted: the tree is a pure v2 one.
    'cgroup_no_v1=all',
    // Protections of a processor that is emulated cost much and protect nothing.
    'mitigations=off',
    'random.trust_cpu=on',
    'audit=0',
    `bulkhead.root=${root}`,
  ];
  return [
    'qemu-system-x86_64',
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    ...['-display', 'none'],
    ...['-machine', 'q35'],
    // Never hardware virtualisation: what CI has differs, and nested it may hang.
    ...['-accel', 'tcg,thread=multi,tb-size=512'],
    // Five levels of page tables only make each walk longer.
    ...['-cpu', 'max,la57=off,pku=off'],
    // One each: two guests run at a time, and processors that wait for each other spin.
    ...['-smp', '1'],
    ...['-m', String(options.memoryMegabytes ?? 3072)],
    ...['-kernel', options.boot.kernel],
    ...['-initrd', options.boot.initramfs],
    ...['-append', words.join(' ')],
    ...['-serial', 'stdio'],
    ...['-device', 'virtio-rng-pci'],
    ...nineP('out', directory, 'multidevs=remap'),
    ...nineP('checkout', checkout, 'readonly=on,multidevs=remap'),
    ...(options.root.kind === 'host' ? nineP('host', '/', 'readonly=on,multidevs=remap') : []),
    ...disks.flatMap((file, index) => disk(`disk${index}`, file)),
  ];
}

/** Starts a guest under software emulation. It is killed by its pid when its time is over, or when it is disposed of. */
export function startGuest(options: GuestOptions): Guest {
  const work = mkdtempSync(join(tmpdir(), 'bulkhead-vm-'));
  const directory = join(work, 'out');
  mkdirSync(directory);
  for (const [name, text] of Object.entries({ ...options.files, checkout: `${checkout}\n` })) writeFileSync(join(directory, name), text);
  const scratch = join(work, 'scratch');
  if (options.root.kind === 'host') makeScratchDisk(scratch);
  else copyFileSync(options.root.image, scratch);

  // A test that is killed takes its guest with it.
  const child: ChildProcess = spawn('setpriv', ['--pdeathsig', 'KILL', ...commandOf(options, directory, [scratch])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let console = '';
  mkdirSync(cacheDirectory, { recursive: true });
  const consoleFile = openSync(join(cacheDirectory, `${options.name}.console`), 'w');
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      console = (console + text).slice(-4 * 1024 * 1024);
      writeSync(consoleFile, text);
    });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, options.timeoutSeconds * 1000);
  const ended = new Promise<GuestEnd>((resolve) => {
    child.once('error', (failure) => {
      console += `\n${failure.message}\n`;
      clearTimeout(timer);
      resolve({ isOver: false, console });
    });
    child.once('close', () => {
      clearTimeout(timer);
      closeSync(consoleFile);
      resolve({ isOver: !isLate, console });
    });
  });
  return {
    directory,
    ended,
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
      rmSync(work, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A file the guest left at /run/vm, or undefined. */
export function readLeft(guest: Guest, name: string): string | undefined {
  try {
    return readFileSync(join(guest.directory, name), 'utf8');
  } catch {
    return undefined;
  }
}
